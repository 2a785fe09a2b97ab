"""Numbers of what a run has learned, or of any two folders of images."""

import dataclasses
import itertools
import logging
import math
import pathlib
from collections.abc import Iterable

import numpy as np

import geans
from geans import data, metrics, presets, report
from geans.data import folders, image_files
from geans.experiment import families, loading, making, translating
from geans.metrics import evaluation, feature_set, features
from geans.metrics.measurement import Measurement, Origin

_log = logging.getLogger(__name__)

BATCH_SIZE = 256

CLASSES_OF_DIGITS28 = {
    "tfds:mnist": list(features.digits28.CLASSES["digits"]),
    "tfds:fashion_mnist": list(features.digits28.CLASSES["garments"]),
    "embedded:fashion": list(features.digits28.CLASSES["garments"]),
}
"""Where the labels of a dataset stand among the classes of digits28."""

SAMPLES = 10_000
CLIPS = 1_000


def evaluate(
    run_dir,
    *,
    metrics=None,
    features=None,
    split=None,
    samples=SAMPLES,
    ema=True,
    seed=0,
    data_dir=None,
    progress=None,
):
    """Compares what a trained run generates with its data.

    Where modes are known, they are counted as well. A translation is compared with the targets, or
    with what it started from, whatever the metrics. Of polygons, precision and recall are those of
    `metrics.polygon_precision_recall`; of clips, `metrics.motion` is compared.

    Args:
        run_dir: Directory of a run.
        metrics: Names in `metrics.METRICS`; `None` for all that need no logits, but of stacked
            digits, polygons and clips for none, since no feature network knows them.
        features: What `metrics.features.get` takes; `None` for the network that fits the images.
        split: Of tensorflow-datasets, what to compare with; `None` for what the run trained on.
        samples: Number of generated, and at most of real, samples.
        ema: Whether the EMA generator is judged, where there is one, or the raw one.
        seed: Integer that fixes the latents.
        data_dir: Where tensorflow-datasets finds its data.
        progress: Function from a label and a total to a function that gets the number done.

    Returns:
        A list of `metrics.Measurement`s.

    Raises:
        ValueError: If there is no such run, its data are not found, or an argument does not fit.
    """
    if metrics is not None:
        evaluation.check_names(metrics)
    model = loading.load(run_dir)
    if not (pathlib.Path(run_dir) / "model.keras").is_file():
        _log.warning("%s is not finished: this is the model of its newest checkpoint.", run_dir)
    preset = presets.read(pathlib.Path(run_dir) / "preset.json")
    mixture = making.make_mixture(preset, data_dir)
    ema = ema and model.ema_generator is not None
    fake = Origin(name=preset.name, generator="EMA" if ema else "raw", seed=seed)
    if translating.is_translation(model):
        return _translated(model, preset, data_dir, fake, ema)
    found = [] if mixture is None else _modes(model, mixture, preset.data, fake, ema)
    polygons = making.make_polygons(preset)
    if polygons is not None:
        found += _polygons(model, polygons, preset.data, fake, ema)
    if preset.data.startswith("video:"):
        found += _motion(model, preset, fake, ema, data_dir)
    if metrics is None:
        metrics = () if _without_features(preset) and features is None else evaluation.DEFAULT
    if metrics:
        network = _network(features, model.generator.output_shape[1:])
        drawn = model.sample_batches(samples, seed, ema)  # Refuses too many.
        real = real_data(preset, mixture, data_dir, split=split, samples=samples)
        found += _compare(real, (fake, drawn), network, metrics, samples, progress)
        found += _steering(model, network, preset.data, fake, ema, samples)
    return found


def reference(preset, mixture, data_dir, shape):
    """The features of a preset's real data, for `callbacks.Evaluate`.

    Args:
        preset: A `presets.Preset`.
        mixture: What `make_mixture` made of it.
        data_dir: As in `evaluate`.
        shape: Of one sample.

    Returns:
        A `metrics.FeatureSet`.
    """
    origin, batches = real_data(preset, mixture, data_dir)
    return feature_set.extract_cached(batches, _network(None, shape), origin, count=SAMPLES)


def real_data(preset, mixture, data_dir, *, split=None, samples=SAMPLES, trained_on=False):
    """What generated samples of a preset are compared with: its data in their own order.

    All of them, even if the preset trains on some only: who has learnt a few by heart is to show
    it. Classes that it does `without` are no part of them. With `trained_on` those that the preset
    trains on, once each.

    Returns:
        An `Origin`, and an iterable of batches.
    """
    if split is not None and not preset.data.startswith("tfds:"):
        raise ValueError(f"{preset.data} has no splits. Leave out split={split!r}.")
    known = making.make_polygons(preset) if mixture is None else mixture
    if known is not None:
        drawn = known.sample(samples, seed=0)
        return Origin(name=preset.data, split="drawn anew"), np.array_split(drawn, min(10, samples))
    left_out = {"balanced"} if trained_on else set(data.images.CHOOSING) - {"without"}
    options = {key: preset.data_options[key] for key in preset.data_options.keys() - left_out}
    options |= {"shuffle": False, "batch_size": BATCH_SIZE, "seed": preset.seed}
    options |= {"split": split} if split else {}
    dataset = making.loader(preset)(image_size=preset.image_size, data_dir=data_dir, **options)
    used = options.get("split", "train") if preset.data.startswith("tfds:") else ""
    source, _, path = preset.data.partition(":")
    if source == "folder":
        choice = {key: options[key] for key in options.keys() & set(data.images.CHOOSING)}
        choice.pop("balanced", None)
        files, _ = folders.files_of(path, **choice)
        dataset = _EvenlySpaced(dataset, samples, len(files))
    return Origin(name=preset.data, split=used), dataset


def real_clips(preset, data_dir):
    """Clips of a preset, up to `CLIPS` of them, with which generated ones are compared."""
    _, batches = real_data(preset, None, data_dir)
    return np.concatenate(list(itertools.islice(batches, math.ceil(CLIPS / BATCH_SIZE))))[:CLIPS]


def motion(real, fake):
    """`metrics.motion` of generated clips, and of real ones with the prefix `real_`: a dict.

    Raises:
        ValueError: If there are too few of either, or they are not finite or all alike.
    """
    known = dataclasses.asdict(metrics.motion(real))
    return dataclasses.asdict(metrics.motion(fake)) | {f"real_{key}": known[key] for key in known}


def evaluate_folders(
    real, fake, *, image_size=None, metrics=None, features=None, samples=None, progress=None
):
    """Compares two folders of PNG and JPEG files.

    Files are read as by `data.images.from_folder`. If any of them is in colour, all count as
    colour, grey ones with three equal channels; transparent pixels are shown over white.

    Args:
        real: Folder of real images.
        fake: Folder of generated images.
        image_size: Side to crop (centred square) and resize all to; `None` keeps their size, which
            must then be the same for all.
        metrics: As in `evaluate`.
        features: As in `evaluate`.
        samples: Number of images of each folder at most, evenly spaced in the order of their
            paths, which may be that of classes; `None` for all.
        progress: As in `evaluate`.

    Returns:
        A list of `metrics.Measurement`s.

    Raises:
        ValueError: If a folder or a file cannot be read, sizes differ, or an argument does not fit.
    """
    metrics = evaluation.DEFAULT if metrics is None else metrics
    evaluation.check_names(metrics)
    shapes = {folder: data.images.folder_shape(folder, image_size) for folder in (real, fake)}
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
        (Origin(name=str(folder)), _files(folder, image_size, shape[2], samples))
        for folder in (real, fake)
    ]
    return _compare(*pair, network, metrics, samples, progress)


def write(found, path):
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


def _without_features(preset):
    return preset.data.partition(":")[0] in ("stacked", "polygons", "video")


def _files(folder, image_size, channels, samples):
    options = {"channels": channels, "batch_size": BATCH_SIZE, "shuffle": False}
    dataset = data.images.from_folder(folder, image_size, **options)
    return _EvenlySpaced(dataset, samples, len(image_files.find(pathlib.Path(folder))))


@dataclasses.dataclass(frozen=True)
class _EvenlySpaced:
    """`count` of `total` images, spread over all batches: a folder may be sorted by classes."""

    batches: Iterable
    count: int | None
    total: int

    def __iter__(self):
        count, start = min(self.count or self.total, self.total), 0
        for images in self.batches:
            places = np.arange(start, start + len(images) + 1) * count // self.total
            start += len(images)
            chosen = np.flatnonzero(np.diff(places))
            if len(chosen):
                yield np.asarray(images)[chosen]


def _modes(model, mixture, name, fake, ema):
    samples = model.sample(mixture.samples_to_measure, fake.seed, ema)
    found = metrics.mode_coverage_or_nothing(samples, mixture)
    counts = {"real_count": 0, "fake_count": len(samples)}
    return _plain("modes", dataclasses.asdict(found), name, fake, **counts)


def _polygons(model, polygons, name, fake, ema):
    generator = (ema and model.ema_generator) or model.generator
    found = metrics.polygon_precision_recall(generator, polygons, seed=fake.seed)
    shares = {f"polygon_{key}": getattr(found, key) for key in ("precision", "recall", "f1")}
    counts = {"real_count": found.samples, "fake_count": found.samples}
    options = {"threshold": found.threshold}
    return _plain("distance to polygons", shares, name, fake, options=options, **counts)


def _translated(model, preset, data_dir, fake, ema):
    examples = translating.examples(preset, data_dir)
    name = f"{preset.data} ({examples.split})"
    counts = {"real_count": len(examples.second), "fake_count": len(examples.first)}
    return _plain("pixels", examples.measure(model, ema), name, fake, **counts)


def _steering(model, network, name, fake, ema, samples):
    """Of a model with labels or codes, whether its images show them; of others nothing."""
    classes, codes = families.codes_in_turn(model, samples)
    places = CLASSES_OF_DIGITS28.get(name)
    if classes is None or places is None or network.name != "digits28":
        return []
    logits = [
        network(batch)["logits"] for batch in model.sample_batches(samples, fake.seed, ema, **codes)
    ]
    recognised = np.concatenate(logits)[:, places].argmax(axis=1)
    (asked,) = codes.values()
    agreement = dataclasses.asdict(metrics.label_agreement(asked, recognised))
    if "category" in codes:
        del agreement["accuracy"]  # Nobody told the codes which is which.
    counts = {"real_count": 0, "fake_count": samples}
    return _plain(f"classes of {network.name}", agreement, name, fake, **counts)


def _motion(model, preset, origin, ema, data_dir):
    real, fake = real_clips(preset, data_dir), model.sample(CLIPS, origin.seed, ema)
    counts = {"real_count": len(real), "fake_count": len(fake)}
    return _plain("differences of frames", motion(real, fake), preset.data, origin, **counts)


def _plain(features, numbers, name, fake, **fields):
    """Measurements without a feature network."""
    return [
        Measurement(
            metric=metric,
            value=value,
            features=features,
            checksum="none",
            resize="none",
            real=Origin(name=name),
            fake=fake,
            version=geans.__version__,
            **fields,
        )
        for metric, value in numbers.items()
        if value is not None
    ]
