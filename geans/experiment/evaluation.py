"""Evaluation of trained runs and of folders of images."""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import geans
from geans import data, metrics, models, presets, report
from geans.experiment import families, loading
from geans.experiment.sources.base import BATCH_SIZE, SAMPLES, Source
from geans.metrics import evaluation, feature_set, features
from geans.metrics.measurement import Measurement, Origin
from geans.types import PathLike

_log = logging.getLogger(__name__)


def evaluate(
    run_dir: PathLike,
    *,
    data: str | None = None,
    metrics: Sequence[str] | None = None,
    features: Any = None,
    split: str | None = None,
    samples: int | None = None,
    ema: bool = True,
    seed: int = 0,
    data_dir: PathLike | None = None,
    progress: Callable[[str, int], Callable[[int], Any]] | None = None,
    model: models.AdversarialModel | None = None,
) -> list[Measurement]:
    """Returns `metrics.Measurement`s that compare samples of a trained run with its data.

    Known modes are counted as well; clips are compared by `metrics.motion`, translations with their
    targets or, after a cycle, with their sources.

    Args:
        run_dir: Directory of a run, or name of a pretrained model.
        data: Source string with the new path of data that have moved, such as "folder:/mnt/photos".
        metrics: Names in `metrics.METRICS`; `None` for the default of the data's `Source`.
        features: As in `metrics.features.get`; `None` for the network that fits the images.
        split: Split of tensorflow-datasets to compare with; `None` for the training data.
        samples: Number of generated, and at most of real, samples; `None` for 10,000, or 2,000 if
            the features are those of "imagenet", which take a hundred times as long.
        ema: Whether to evaluate the EMA generator, if there is one, instead of the raw generator.
        seed: Integer that fixes the latents.
        data_dir: Where tensorflow-datasets finds its data.
        progress: Function from a label and a total to a function that gets the number done.
        model: What `load(run_dir)` returned, if it was called before.

    Raises:
        ValueError: If the run or its data are not found, or an argument does not fit.
    """
    if metrics is not None:
        evaluation.check_names(metrics)
    model = model or loading.trained(run_dir)
    preset = presets.moved(loading.preset_of(run_dir), data, data_dir)
    source = Source.of(preset, data_dir)
    ema = ema and model.ema_generator is not None
    fake = Origin(name=preset.name, generator="EMA" if ema else "raw", seed=seed)
    found = _measured(source, model, fake, ema)
    if source.translates:
        return found
    if metrics is None:
        metrics = source.metrics if features is None else evaluation.DEFAULT
    if metrics:
        network = _network(features, model.generator.output_shape[1:])
        samples = samples or default_samples(network)
        drawn = model.sample_batches(samples, seed, ema)  # Raises if they are too many.
        real = source.reference(split=split, samples=samples)
        found += _compare(real, (fake, drawn), network, metrics, samples, progress)
        found += _label_agreement(source, model, network, fake, ema, samples)
    return found


def reference(source, shape, samples=None):
    """Returns the `metrics.FeatureSet` of a source's real data, of samples of a `shape`."""
    if source.translates:
        source.reference()  # Raises: there are no samples to compare.
    network = _network(None, shape)
    samples = samples or default_samples(network)
    origin, batches = source.reference(samples=samples)
    return feature_set.extract_cached(batches, network, origin, count=samples)


def default_samples(network):
    """Returns the number of images of each kind that `evaluate` takes by default."""
    return 2_000 if network.name == "imagenet" else SAMPLES


def evaluate_folders(
    real: PathLike,
    fake: PathLike,
    *,
    image_size: int | None = None,
    on_error: str = "raise",
    metrics: Sequence[str] | None = None,
    features: Any = None,
    samples: int | None = None,
    progress: Callable[[str, int], Callable[[int], Any]] | None = None,
) -> list[Measurement]:
    """Returns `metrics.Measurement`s that compare two folders of images.

    If any file is in colour, all count as coloured; transparent pixels are shown on white.

    Args:
        real: Folder of real images.
        fake: Folder of generated images.
        image_size: Side to crop (centred square) and resize to; `None` requires equal sizes.
        on_error: As in `data.images.from_folder`.
        metrics, features, progress: As in `evaluate`.
        samples: Maximum number of images per folder, evenly spaced by path; `None` for all.

    Raises:
        ValueError: If a folder or file cannot be read, sizes differ, or an argument does not fit.
    """
    metrics = evaluation.DEFAULT if metrics is None else metrics
    evaluation.check_names(metrics)
    reading: dict[str, Any] = {"image_size": image_size, "on_error": on_error}
    shapes = {folder: data.images.folder_shape(folder, **reading) for folder in (real, fake)}
    sizes = {folder: f"{shape[1]}x{shape[0]}" for folder, shape in shapes.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f"The images differ in size: {sizes[real]} in {str(real)!r}, {sizes[fake]} in "
            f"{str(fake)!r}. Pass image_size (--image_size on the command line), to which all are "
            "cropped and resized."
        )
    shape = (*shapes[real][:2], max(each[2] for each in shapes.values()))
    network = _network(features, shape)
    pair = [
        (Origin(name=str(folder)), _files(folder, samples, channels=shape[2], **reading))
        for folder in (real, fake)
    ]
    return _compare(pair[0], pair[1], network, metrics, samples, progress)


def measurements(numbers, features, real, fake, *, checksum="none", resize="none"):
    """Returns a `Measurement` for each known number; `real` and `fake` are (`Origin`, count)."""
    fields = {"real": real[0], "real_count": real[1], "fake": fake[0], "fake_count": fake[1]}
    fields |= {"features": features, "checksum": checksum, "resize": resize}
    return [
        Measurement(metric=metric, value=value, version=geans.__version__, **fields)
        for metric, value in numbers.items()
        if value is not None
    ]


def write(found: Iterable[Measurement], path: PathLike) -> None:
    """Writes measurements as JSON."""
    rows = [dataclasses.asdict(each) | {"warning": each.warning} for each in found]
    report.write_json(rows, path)


def _network(chosen, shape):
    return features.get(features.default_for(shape) if chosen is None else chosen)


def _compare(real, fake, network, metrics, samples, progress):
    options = {"count": samples, "keep": evaluation.needs_rows(metrics)}
    origin, batches = real
    told = progress and progress("real", samples)
    known = feature_set.extract_cached(batches, network, origin, progress=told, **options)
    evaluation.check_possible(metrics, known, samples, known.logits is not None)
    origin, batches = fake
    told = progress and progress("fake", samples)
    drawn = feature_set.extract(batches, network, origin, progress=told, **options)
    return evaluation.measure(known, drawn, metrics)


def _files(folder, samples, **reading):
    options = {"batch_size": BATCH_SIZE, "shuffle": False, "samples": samples}
    return data.images.from_folder(folder, **options, **reading)


def _measured(source, model, fake, ema):
    found = source.measure(model, seed=fake.seed, ema=ema)
    name = f"{source.spec} ({found.split})" if found.split else source.spec
    real = Origin(name=name), found.real_count
    return measurements(found.numbers, found.features, real, (fake, found.fake_count))


def _label_agreement(source, model, network, fake, ema, samples):
    classes, conditions = families.balanced_conditions(model, samples)
    places = source.digits28_classes()
    if classes is None or places is None or network.name != "digits28":
        return []
    batches = model.sample_batches(samples, fake.seed, ema, **conditions)
    logits = [network(batch)["logits"] for batch in batches]
    recognised = np.concatenate(logits)[:, places].argmax(axis=1)
    (given,) = conditions.values()
    agreement = dataclasses.asdict(metrics.label_agreement(given, recognised))
    if "category" in conditions:
        del agreement["accuracy"]  # Which category is which class is not known.
    real = Origin(name=source.spec), 0
    return measurements(agreement, f"classes of {network.name}", real, (fake, samples))
