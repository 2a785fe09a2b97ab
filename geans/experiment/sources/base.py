"""The base class of data sources."""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from geans import data, models, plotting, presets, values
from geans.experiment import families
from geans.experiment.options import call
from geans.metrics import evaluation
from geans.metrics.measurement import Origin
from geans.types import PathLike, Size

BATCH_SIZE = 256
"""Batch size without training."""

SAMPLES = 10_000
"""Default number of real and generated samples to compare."""

FIELDS = ("image_size", "data_dir", "batch_size", "seed", "labels")
"""Fields of a preset and flags that cannot be `data_options` at the same time."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Values that need no feature network.

    Args:
        numbers: Dict from names to numbers.
        features: Description of what they are computed from.
        real_count, fake_count: Numbers of real and of generated samples.
        split: Split of the real samples; may be empty.
    """

    numbers: dict[str, Any]
    features: str = ""
    real_count: int = 0
    fake_count: int = 0
    split: str = ""


class Source:
    """Base class of data sources.

    Subclasses must override `load`, and may override other public methods and these attributes:

    - `usage`: form of the source string, for error messages.
    - `samples_to_show`: number of samples in a picture.
    - `metrics`: names of the default metrics in `metrics.METRICS`.
    - `translates`: whether the data are pairs of images, for models that translate.
    - `mixture`: object for `metrics.mode_coverage`; `None` if modes are unknown.

    Args:
        spec: The whole source string, such as "folder:photos".
        options: Further arguments of `load`: the `data_options` of a preset.
        image_size: Side of the images in pixels; `None` keeps that of the data.
        size: Samples per epoch, for data that are drawn.
        seed: Integer that fixes the order of the data, and draws.
        data_dir: Where tensorflow-datasets finds its data.

    Example:
        >>> Source.parse("embedded:fashion", image_size=14).sample_shape()
        (14, 14, 1)
    """

    usage = ""
    samples_to_show = 64
    metrics = evaluation.DEFAULT
    translates = False
    mixture = None

    def __init__(
        self,
        spec: str,
        *,
        options: dict[str, Any] | None = None,
        image_size: Size | str | None = None,
        size: int = 100_000,
        seed: int = 0,
        data_dir: PathLike | None = None,
    ) -> None:
        self.spec = spec
        self.path = os.path.expanduser(spec.partition(":")[2])
        self.options = dict(options or {})
        self.image_size = image_size
        self.size = size
        self.seed = seed
        self.data_dir = data_dir

    @staticmethod
    def parse(spec: str, **fields: Any) -> "Source":
        """Returns the source of a source string; raises a `ValueError` if it is invalid."""
        from geans.experiment.sources import SOURCES  # Avoids a circular import.

        prefix, _, path = spec.partition(":") if isinstance(spec, str) else ("", "", "")
        if prefix not in SOURCES or not path:
            known = ", ".join(kind.usage for kind in SOURCES.values())
            near = values.did_you_mean(prefix, SOURCES)
            raise ValueError(f"Unknown data source. Known: {known}. Received: {spec!r}.{near}")
        return SOURCES[prefix](spec, **fields)

    @staticmethod
    def of(preset: presets.Preset, data_dir: PathLike | None = None) -> "Source":
        """Returns the source of a preset; raises a `ValueError` if it does not fit its model."""
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

    def load(self, **options: Any) -> tf.data.Dataset:
        """Loads batches; `options` are `batch_size`, `shuffle`, `labels` and the `data_options`."""
        raise NotImplementedError(f"{type(self).__name__} must override load(**options).")

    def dataset(self, batch_size: int = 64, *, labels: bool = False) -> tf.data.Dataset:
        """Returns shuffled batches; raises a `ValueError` if data or options are invalid."""
        taken = sorted(self.options.keys() & set(FIELDS))
        if taken:
            raise ValueError(f"The preset's data_options do not fit: {taken} are fields or flags.")
        fields = {"batch_size": batch_size} | ({"labels": True} if labels else {})
        return call(self.load, (), {**fields, **self.options}, "data_options")

    def sample_shape(self) -> tuple[Any, ...]:
        """Returns the shape of one sample; for pairs of images, both shapes."""
        return sample_shape(self.dataset())

    def class_names(self) -> Sequence[str]:
        """Returns the names of the labels in order; raises a `ValueError` without classes."""
        raise ValueError(f"{self.spec} has no classes.")

    def digits28_classes(self) -> Sequence[int] | None:
        """Returns the labels' indices among the classes of digits28, or `None`."""
        return None

    def reference(
        self, *, split: str | None = None, samples: int = SAMPLES, trained_on: bool = False
    ) -> tuple[Origin, Iterable[Any]]:
        """Returns an `Origin` and batches of real data in their own order, to compare with.

        All of the data are used even if a run trains on a part, so that memorisation shows.

        Args:
            split: Split of tensorflow-datasets; `None` for the training data.
            samples: Number of samples that will be used.
            trained_on: Whether to return only the samples that a run trains on, once each.

        Raises:
            ValueError: If the split does not exist.
        """
        self._refuse(split)
        return Origin(name=self.spec), self._in_order(self._options_to_compare(trained_on))

    def held_out(
        self, samples: int, *, labels: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None] | None:
        """Returns up to `samples` images that a run does not train on, and labels or `None`.

        Returns `None` if there are none, or if looking for them would take long.
        """
        return None

    def shown(self, model: models.AdversarialModel) -> dict[str, Any]:
        """Returns the keywords of `SampleGrid` for a model's samples."""
        classes, _ = families.balanced_conditions(model, 0)
        if classes is None:
            return {"count": self.samples_to_show}
        # Whole rows, with a column for each class.
        count = classes * max(1, round(self.samples_to_show / classes))
        _, conditions = families.balanced_conditions(model, count)
        return {"count": count, "columns": classes, "conditions": conditions}

    def sample(self, model: models.AdversarialModel) -> np.ndarray:
        """Returns an array of samples that a finished run shows and measures."""
        shown = self.shown(model)
        return model.sample(shown["count"], seed=0, **shown.get("conditions", {}))

    def picture(
        self, samples: np.ndarray, *, columns: int | None = None, title: str | None = None
    ) -> plotting.style.Figure:
        """Returns a figure of samples."""
        return plotting.image_grid(samples, columns, title=title)

    def write_pictures(
        self, model: models.AdversarialModel, samples: np.ndarray, run_dir: pathlib.Path
    ) -> None:
        """Writes pictures of the `samples` of a finished run."""
        shown = self.shown(model)
        figure = self.picture(samples[: shown.get("count")], columns=shown.get("columns"))
        plotting.save(figure, run_dir / "samples.png")

    def measure(
        self,
        model: models.AdversarialModel,
        samples: np.ndarray | None = None,
        *,
        seed: int = 0,
        ema: bool = True,
    ) -> Measured:
        """Returns a `Measured` of the model; raises a `ValueError` if samples are unsuitable.

        Args:
            model: The model.
            samples: Samples from `sample`; `None` draws them with `seed` and `ema`, as in
                `evaluate`.
        """
        return Measured({})

    def _refuse(self, split):
        if split is not None:
            raise ValueError(f"{self.spec} has no splits. Leave out split={split!r}.")

    def _options_to_compare(self, trained_on):
        left_out = {"balanced"} if trained_on else set(data.images.CHOOSING) - {"without"}
        left_out |= {"mirror"}
        return {key: value for key, value in self.options.items() if key not in left_out}

    def _in_order(self, options):
        return self.load(batch_size=BATCH_SIZE, shuffle=False, **options)


def sample_shape(dataset):
    """Returns the sample shape of a dataset of batches, with or without labels; of pairs, both."""
    shapes = [tuple(each.shape[1:]) for each in keras.tree.flatten(dataset.element_spec)]
    # Labels have the shape () or (classes,).
    return tuple(shapes) if len(shapes) > 1 and len(shapes[1]) == 3 else shapes[0]


def first(batches, count):
    """Returns up to `count` samples of batches in NumPy, and their labels or `None`."""
    found, seen = [], 0
    for batch in batches:
        found.append(batch if isinstance(batch, tuple) else (batch, None))
        seen += len(found[-1][0])
        if seen >= count:
            break
    samples, labels = zip(*found, strict=True)
    labels = None if labels[0] is None else np.concatenate(labels)[:count]
    return np.concatenate(samples)[:count], labels


def finite(samples):
    """Returns whether all samples are finite."""
    return bool(np.isfinite(samples).all())
