"""Sources with known modes: mixtures of Gaussians, and stacked digits."""

import dataclasses
import functools
from typing import Any

import numpy as np

from geans import data, metrics, plotting, values
from geans.experiment import families
from geans.experiment.options import call
from geans.experiment.sources.base import Measured, Source, finite
from geans.metrics.measurement import Origin


class KnownModes(Source):
    """Samples drawn from mixtures; `kinds` maps names to functions from options to a `mixture`."""

    kinds: dict[str, Any] = {}

    @functools.cached_property
    def mixture(self):
        """Returns the object that draws samples and knows their modes."""
        prefix = self.spec.partition(":")[0]
        values.check_name("data", self.spec, [f"{prefix}:{name}" for name in self.kinds])
        return call(self.kinds[self.path], (), self.mixture_options(), "data_options")

    def mixture_options(self):
        """Returns the arguments of the mixture."""
        return self.options

    def dataset(self, batch_size=64, *, labels=False):
        """Returns batches with `size` samples per epoch."""
        if labels:
            self.class_names()
        return self.mixture.dataset(batch_size, size=self.size, seed=self.seed)

    def reference(self, *, split=None, samples=10_000, trained_on=False):
        """Returns `samples` newly drawn samples."""
        if split is not None:
            super().reference(split=split)
        drawn = self.mixture.sample(samples, seed=0)
        return Origin(name=self.spec, split="drawn anew"), np.array_split(drawn, min(10, samples))

    def sample(self, model):
        """Returns as many samples as the literature compares."""
        count = self.mixture.samples_to_measure
        _, conditions = families.balanced_conditions(model, count)
        return model.sample(count, seed=0, **conditions)

    def measure(self, model, samples=None, *, seed=0, ema=True):
        """Computes the mode coverage of samples; diverged samples cover nothing."""
        if samples is None:
            samples = model.sample(self.mixture.samples_to_measure, seed, ema)
        found = metrics.mode_coverage_or_nothing(samples, self.mixture)
        return Measured(dataclasses.asdict(found), "modes", fake_count=len(samples))


class Mixture(KnownModes):
    """Points of a mixture of Gaussians."""

    usage = "mixture:ring or mixture:grid"
    kinds = {"ring": data.mixtures.ring, "grid": data.mixtures.grid}
    samples_to_show = 2_500

    def picture(self, samples, *, columns=None, title=None):
        """Returns a scatter over the modes, with their coverage unless a title is given."""
        real, coverage = self.mixture.sample(len(samples)), None
        if title is None and finite(samples):
            coverage = metrics.mode_coverage(samples, self.mixture)
        return plotting.scatter(real, samples, self.mixture, coverage=coverage, title=title)


class Stacked(KnownModes):
    """Images whose channels are digits, without feature metrics."""

    usage = "stacked:mnist or stacked:digits"
    kinds = {name: functools.partial(data.stacked.Stacked, name) for name in data.stacked.DIGITS}
    metrics = ()

    def mixture_options(self):
        """Returns the options and, for MNIST, its directory."""
        return {**self.options, "data_dir": self.data_dir}
