"""Sources of clips: moving digits, and animations in a folder."""

import dataclasses
import itertools
import math

import numpy as np

from geans import data, metrics, plotting
from geans.experiment.sources.base import BATCH_SIZE, Measured, Source, finite

CLIPS = 1_000
"""Number of real and generated clips whose motion is compared."""

CLIPS_TO_MOVE = 36
IMAGE_SIZE = 32


class Clips(Source):
    """Moving digits, or the clips of a folder, without feature metrics."""

    usage = "video:moving_digits or video:PATH"
    samples_to_show = 8
    metrics = ()

    def load(self, **options):
        """Calls `data.video.moving_digits` or `data.video.from_folder` (8 frames by default)."""
        size, frames = self.image_size or IMAGE_SIZE, options.pop("frames", 8)
        if self.path != "moving_digits":
            return data.video.from_folder(self.path, frames, size, seed=self.seed, **options)
        options = {"clips": self.size, "data_dir": self.data_dir, "seed": self.seed} | options
        return data.video.moving_digits(frames=frames, image_size=size, **options)

    def picture(self, samples, *, columns=None, title=None):
        """Returns a figure with a row of frames per clip."""
        return plotting.clip_rows(samples, title=title)

    def sample(self, model):
        """Returns as many clips as are measured."""
        return model.sample(CLIPS, seed=0)

    def write_pictures(self, model, samples, run_dir):
        """Also writes an animation."""
        super().write_pictures(model, samples, run_dir)
        if finite(samples):
            plotting.clip_animation(samples[:CLIPS_TO_MOVE], run_dir / "samples.gif")

    def real_clips(self):
        """Returns up to `CLIPS` real clips to compare with."""
        _, batches = self.reference()
        parts = itertools.islice(batches, math.ceil(CLIPS / BATCH_SIZE))
        return np.concatenate(list(parts))[:CLIPS]

    def measure(self, model, samples=None, *, seed=0, ema=True):
        """Computes the motion of generated clips and, with the prefix `real_`, of real ones."""
        real = self.real_clips()
        fake = model.sample(CLIPS, seed, ema) if samples is None else samples
        known = dataclasses.asdict(metrics.motion(real))
        numbers = dataclasses.asdict(metrics.motion(fake))
        numbers |= {f"real_{name}": value for name, value in known.items()}
        return Measured(numbers, "differences of frames", len(real), len(fake))
