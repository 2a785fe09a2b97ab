"""The base class of data sources."""

import dataclasses

import keras
import numpy as np

from geans import data, plotting, presets
from geans.experiment import families
from geans.experiment.options import call
from geans.metrics import evaluation
from geans.metrics.measurement import Origin

BATCH_SIZE = 256
"""Samples per batch where nothing is trained."""

SAMPLES = 10_000
"""Real and generated samples that are compared, unless told otherwise."""

FIELDS = ("image_size", "data_dir", "batch_size", "seed", "labels")
"""Fields of a preset and flags, which cannot be `data_options` at the same time."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Numbers of a model that need no feature network.

    Args:
        numbers: A dict from names to numbers.
        features: What they are computed from, in words.
        real_count: Number of real samples.
        fake_count: Number of generated samples.
        split: Of which part of the data the real samples are; empty for no particular one.
    """

    numbers: dict
    features: str = ""
    real_count: int = 0
    fake_count: int = 0
    split: str = ""


class Source:
    """Data that a source string names, and all that a run asks of them.

    Subclasses must override `load`, and may override any other public method and these attributes:

    - `usage`: how the source string is written, for error messages.
    - `samples_to_show`: number of samples in a picture.
    - `metrics`: names in `metrics.METRICS` that are computed unless others are chosen.
    - `translates`: whether the data are pairs of images, for models that translate.
    - `mixture`: an object that `metrics.mode_coverage` takes, where modes are known; else `None`.

    A subclass is entered into `sources.SOURCES` under its prefix.

    Args:
        spec: The whole source string, such as "folder:photos".
        options: Further arguments of `load`: the `data_options` of a preset.
        image_size: Side of the images in pixels; `None` keeps that of the data.
        size: Samples per epoch, of data that are drawn.
        seed: Integer that fixes the order of the data, and which are drawn.
        data_dir: Where tensorflow-datasets finds its data.

    Example:

    >>> source = Source.parse("embedded:fashion", image_size=14)
    >>> source.sample_shape(), source.class_names()[8:]
    ((14, 14, 1), ['Bag', 'Ankle boot'])
    """

    usage = ""
    samples_to_show = 64
    metrics = evaluation.DEFAULT
    translates = False
    mixture = None

    def __init__(self, spec, *, options=None, image_size=None, size=100_000, seed=0, data_dir=None):
        self.spec = spec
        self.path = spec.partition(":")[2]
        self.options = dict(options or {})
        self.image_size = image_size
        self.size = size
        self.seed = seed
        self.data_dir = data_dir

    @staticmethod
    def parse(spec, **fields):
        """Returns the source that a source string names; `fields` are arguments of the class.

        Raises:
            ValueError: If the prefix is unknown or nothing follows it.
        """
        from geans.experiment.sources import SOURCES  # Its classes are built on this one.

        prefix, _, path = spec.partition(":") if isinstance(spec, str) else ("", "", "")
        if prefix not in SOURCES or not path:
            known = ", ".join(kind.usage for kind in SOURCES.values())
            raise ValueError(f"Unknown data source. Known: {known}. Received: {spec!r}.")
        return SOURCES[prefix](spec, **fields)

    @staticmethod
    def of(preset, data_dir=None):
        """Returns the source of a preset's data.

        Raises:
            ValueError: If its source string is unknown, or does not fit its model.
        """
        if not isinstance(preset, presets.Preset):
            raise ValueError(
                "A run needs a geans.presets.Preset, such as presets.get(name). "
                f"Received: {preset!r}."
            )
        source = Source.parse(
            preset.data,
            options=preset.data_options,
            image_size=preset.image_size,
            size=preset.samples_per_epoch,
            seed=preset.seed,
            data_dir=data_dir,
        )
        families.check_source(preset, source)
        return source

    def load(self, **options):
        """Loads the data: a `tf.data.Dataset` of batches.

        Args:
            **options: `batch_size`, `shuffle`, `labels` (given only where labels are needed), and
                the `data_options`. The rest is known to the source.
        """
        raise NotImplementedError(f"{type(self).__name__} must override load(**options).")

    def dataset(self, batch_size=64, *, labels=False):
        """Returns the shuffled batches to train on, with labels if they are needed.

        Raises:
            ValueError: If the data are not found, or an option does not fit.
        """
        taken = sorted(self.options.keys() & set(FIELDS))
        if taken:
            raise ValueError(f"The preset's data_options do not fit: {taken} are fields or flags.")
        fields = {"batch_size": batch_size} | ({"labels": True} if labels else {})
        return call(self.load, (), {**fields, **self.options}, "data_options")

    def sample_shape(self):
        """Returns the shape of one sample; of pairs of images, both their shapes."""
        return sample_shape(self.dataset())

    def class_names(self):
        """Returns what labels stand for: the name of label 0, of label 1, ...

        Raises:
            ValueError: If the data have no classes.
        """
        raise ValueError(f"{self.spec} has no classes.")

    def digits28_classes(self):
        """Returns where the labels stand among the classes of digits28, or `None`."""
        return None

    def reference(self, *, split=None, samples=SAMPLES, trained_on=False):
        """Returns what generated samples are compared with: the data in their own order.

        All of them, even if a run trains on some only, so that memorizing a few shows. Classes
        that it does `without` are left out.

        Args:
            split: Of tensorflow-datasets, which part; `None` for what a run trains on.
            samples: Number of samples that will be used.
            trained_on: Whether only those that a run trains on, once each.

        Returns:
            An `Origin`, and an iterable of batches.

        Raises:
            ValueError: If the data have no such split.
        """
        if split is not None:
            raise ValueError(f"{self.spec} has no splits. Leave out split={split!r}.")
        return Origin(name=self.spec), self._in_order(self._options_to_compare(trained_on))

    def shown(self, model):
        """Returns how a picture of a model's samples is drawn: keywords of `SampleGrid`."""
        classes, _ = families.balanced_conditions(model, 0)
        if classes is None:
            return {"count": self.samples_to_show}
        # Whole rows, a column for each class.
        count = classes * max(1, round(self.samples_to_show / classes))
        _, conditions = families.balanced_conditions(model, count)
        return {"count": count, "columns": classes, "conditions": conditions}

    def sample(self, model):
        """Draws what a finished run shows and measures: an array."""
        shown = self.shown(model)
        return model.sample(shown["count"], seed=0, **shown.get("conditions", {}))

    def picture(self, samples, *, columns=None, title=None):
        """Draws samples as a figure."""
        return plotting.image_grid(samples, columns, title=title)

    def write_pictures(self, model, samples, run_dir):
        """Writes pictures of the `samples` of a finished run."""
        shown = self.shown(model)
        figure = self.picture(samples[: shown.get("count")], columns=shown.get("columns"))
        plotting.save(figure, run_dir / "samples.png")

    def measure(self, model, samples=None, *, seed=0, ema=True):
        """Computes numbers of a model that need no feature network.

        Args:
            model: The model.
            samples: What `sample` has drawn; `None` draws anew with the two that follow.
            seed: Integer that fixes the latents.
            ema: Whether by the EMA generator, where there is one, or the raw one.

        Returns:
            A `Measured`.

        Raises:
            ValueError: If the samples are too few, or not finite.
        """
        return Measured({})

    def _options_to_compare(self, trained_on):
        left_out = {"balanced"} if trained_on else set(data.images.CHOOSING) - {"without"}
        return {key: value for key, value in self.options.items() if key not in left_out}

    def _in_order(self, options):
        return self.load(batch_size=BATCH_SIZE, shuffle=False, **options)


def sample_shape(dataset):
    """Returns the shape of one sample of a dataset of batches, with or without labels.

    Of pairs of images it is both their shapes.

    Example:

    >>> sample_shape(data.images.embedded("fashion", labels=True))
    (28, 28, 1)
    """
    shapes = [tuple(each.shape[1:]) for each in keras.tree.flatten(dataset.element_spec)]
    # Labels are of no shape, or of the shape (classes,).
    return tuple(shapes) if len(shapes) > 1 and len(shapes[1]) == 3 else shapes[0]


def finite(samples):
    """Whether all samples are finite."""
    return bool(np.isfinite(samples).all())
