"""Presets for your own images, chosen by looking at them and at the machine."""

import dataclasses
import math
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from geans import data, presets, values
from geans.data import folders, image_files
from geans.experiment import families, loading, making, precision
from geans.experiment.sources import Source, sample_shape
from geans.presets.projected import PROJECTED, STYLE
from geans.types import PathLike, Shape

SMALLEST, LARGEST, STEP = 16, 64, 8
"""Sides that are chosen, in pixels: from the smallest to the largest, in steps."""

SQUARE = 1.25
"""Largest ratio of the sides of images that are cropped to squares."""

FEW = 5_000
"""Number of images below which the discriminator sees them augmented."""

SMALLEST_CLASS, MOST_CLASSES = 50, 100
"""Least images in the smallest class, and most classes, of a class-conditional model."""

MOST_LABELS, LOOKED_AT_ONCE = 20_000, 500
"""Labels of a source other than a folder whose classes are counted, and how many at a time."""

SECONDS = 6.0
"""About how long the steps are whose time is measured."""

SHARE = 0.9
"""Share of the minutes for training; pictures and checkpoints take the rest."""

OF_IMAGES = (
    "name",
    "data",
    "data_options",
    "model_options",
    "epochs",
    "samples_per_epoch",
    "seed",
    "augmentation",
    "picture_every",
    "evaluate_every",
    "init_from",
)
"""Fields of a preset that images have for themselves; others are kept with `init_from`."""


@dataclasses.dataclass(frozen=True)
class Images:
    """What a recipe knows of the images.

    Args:
        count: Their number.
        shape: `(height, width, channels)`, as the networks see them.
        class_counts: Number of images in each class; empty without classes.
    """

    count: int
    shape: Shape
    class_counts: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Choice:
    """Fields of a preset and the reason for their values."""

    fields: dict[str, Any]
    reason: str


def recipe(
    source: str | tf.data.Dataset,
    minutes: float = 20,
    *,
    data_dir: PathLike | None = None,
    tell: Callable[[str], Any] | None = print,
    **fields: Any,
) -> presets.Preset:
    """Returns a preset for images, chosen by looking at them and at the machine.

    Says what was chosen, and why. How many steps the machine does in the `minutes` is measured for
    some seconds, unless `epochs` is given.

    Args:
        source: Source string, such as "folder:photos", or a batched `tf.data.Dataset` of images.
        minutes: About how long the training shall take.
        data_dir: Where arrays and tensorflow-datasets are found.
        tell: Function of a line of text; `None` for silence.
        **fields: Fields of the preset that are not to be chosen, such as `image_size=32`. With
            `init_from`, the networks and all settings of that model are not chosen either.

    Returns:
        A `presets.Preset`. Train it by `experiment.run(preset, run_dir)`, or that of a dataset by
        `from_preset(preset, dataset).fit(dataset, epochs=preset.epochs)`.

    Raises:
        ValueError: If the data cannot be read or are not images, or a field is invalid.

    Example:
        >>> from geans import data
        >>> dataset = data.images.embedded("fashion", batch_size=64, seed=0)
        >>> recipe(dataset, tell=None, epochs=3).network
        'projected'
    """
    if not values.is_number(minutes) or minutes <= 0:
        raise ValueError(f"minutes must be a number above 0. Received: minutes={minutes!r}.")
    choices: list[Choice] = []
    tell = tell or (lambda line: None)
    if fields.get("init_from"):
        kept = of_model(fields["init_from"], source)
        tell(f"  init_from={fields['init_from']}\n      {kept.reason}")
        fields = kept.fields | fields
    if isinstance(source, tf.data.Dataset):
        images, batch_size = _of_dataset(source)
        data_fields = {"name": "images", "data": "folder:images"}
        fields = {"batch_size": batch_size} | fields
    else:
        data_fields = {"name": _name(source), "data": source}
        images = _of_source(source, choices, data_fields | fields, data_dir)
    choices += [choose(images) for choose in CHOICES]
    preset = _with_given(_preset(choices, data_fields), fields)
    preset = precision.resolved(preset, tell=tell)
    if isinstance(source, str):
        preset = making.with_classes(preset, data_dir)
    if "epochs" not in fields:
        choices.append(epochs(preset, images, minutes))
        preset = dataclasses.replace(preset, **choices[-1].fields)
    _explain(images, choices, fields, tell)
    return preset


def of_model(init_from, source):
    """Keeps what a trained model had, so that training may begin with its weights."""
    before, model = loading.preset_of(init_from), loading.trained(init_from)
    if len(model.generator.output_shape) != 4 or before.model in families.TRANSLATIONS:
        raise ValueError(f"{init_from} does not make images from latents. Pass another init_from.")
    height, width, channels = model.generator.output_shape[1:]
    names = {field.name for field in dataclasses.fields(before)} - set(OF_IMAGES)
    fields = {name: getattr(before, name) for name in names} | {"image_size": f"{width}x{height}"}
    if str(source).startswith("folder:"):
        fields["data_options"] = {"channels": channels}
    found = f"its networks for {width}x{height} pixels of {channels} channels and its settings"
    return Choice(fields, f"{found} are kept")


def image_size(files):
    """Chooses the size for the files of a folder."""
    sizes = image_files.survey(folders.looked_at(files), on_error="skip").sizes
    height, width = (statistics.median(side) for side in zip(*sizes.elements(), strict=True))
    (tallest, widest), (lowest, narrowest) = (
        [pick(side) for side in zip(*sizes, strict=True)] for pick in (max, min)
    )
    found = f"{narrowest}x{lowest}" + (f" to {widest}x{tallest}" if len(sizes) > 1 else "")
    if len(sizes) == 1 and max(height, width) <= LARGEST and not (height % 4 or width % 4):
        return Choice({"image_size": None}, f"all files are {found}")
    if max(height, width) <= SQUARE * min(height, width):
        side = _rounded(min(height, width))
        return Choice({"image_size": side}, f"the files are {found}, nearly square")
    scale = min(LARGEST / max(height, width), 1)
    height, width = (_rounded(side * scale) for side in (height, width))
    return Choice({"image_size": f"{width}x{height}"}, f"the files are {found}")


def _rounded(side):
    return min(LARGEST, max(SMALLEST, STEP * round(side / STEP)))


def network(images):
    """Chooses the networks and their widths by the size of the images."""
    fields, side = _fields(images), max(images.shape[:2])
    width = 8 * max(1, min(8, round(fields["generator_options"]["width"] * 8 / side)))
    fields["generator_options"] = {"width": width}
    del fields["r1"]
    reason = f"a small StyleGAN2 of a width for {side} pixels"
    if fields["network"] == "projected":
        return Choice(fields, f"{reason}, judged by features of ImageNet")
    return Choice(fields, f"{reason}; ImageNet has no images of {images.shape[-1]} channels")


def _fields(images):
    return dict(PROJECTED if images.shape[-1] in (1, 3) else STYLE)


def model(images):
    """Chooses a class-conditional model if every class has enough images."""
    counts = images.class_counts
    if not counts:
        reason = "no classes: no labels, no subfolders, or images beside them"
        return Choice({"model": "plain"}, reason)
    if len(counts) > MOST_CLASSES or min(counts) < SMALLEST_CLASS:
        found = f"{len(counts)} classes, the smallest of {min(counts)} images"
        return Choice({"model": "plain"}, f"{found}: too many, or too few images")
    found = f"{len(counts)} classes of {min(counts):,} to {max(counts):,} images"
    return Choice({"model": "conditional"}, found)


def augmentation(images):
    """Chooses an augmentation for few images."""
    if images.count >= FEW:
        return Choice({"augmentation": ""}, f"{images.count:,} images need none")
    reason = f"a discriminator soon knows {images.count:,} images by heart"
    return Choice({"augmentation": "diff_augment"}, reason)


def penalty(images):
    """Chooses the gamma of R1 by the number of values of an image."""
    height, width, _ = images.shape
    pixels = max(height * width, 64**2)  # Features see smaller images enlarged.
    gamma = float(f"{_fields(images)['r1'] * pixels / 64**2:.1g}")
    return Choice({"r1": gamma}, f"in proportion to {width}x{height} pixels")


def epochs(preset, images, minutes):
    """Chooses as many epochs as the machine does in the minutes, measured with other images."""
    seconds = seconds_per_step(preset, images.shape)
    steps = math.ceil(images.count / preset.batch_size)
    number = max(1, round(SHARE * 60 * minutes / seconds / steps))
    reason = f"{1 / seconds:.1f} steps a second here, {steps:,} an epoch, in {minutes:g} minutes"
    fields = {"epochs": number, "picture_every": max(1, number // 20)}
    return Choice(fields, reason)


def seconds_per_step(preset, shape):
    """Measures the seconds of a training step on noise of the `shape` of the images."""
    noise = np.random.default_rng(0).integers(0, 256, (2 * preset.batch_size, *shape), "uint8")
    labels = np.arange(len(noise)) % preset.model_options.get("num_classes", 2)
    dataset = data.images.from_arrays(noise, labels, batch_size=preset.batch_size, seed=0)
    measured = making.make_model(dataclasses.replace(preset, epochs=1_000), dataset)
    dataset, steps = dataset.repeat(), 8
    measured.fit(dataset.take(steps), verbose=0)  # Compiles.
    seconds = _time(measured, dataset.take(steps))
    steps = max(steps, round(steps * SECONDS / seconds))
    return _time(measured, dataset.take(steps)) / steps


def _time(measured, dataset):
    start = time.perf_counter()
    measured.fit(dataset, verbose=0)
    return time.perf_counter() - start


CHOICES = (network, model, augmentation, penalty)
"""Functions of the `Images` that return a `Choice`, in the order of their explanation."""


def _preset(choices, fields):
    chosen = {}
    for choice in choices:
        chosen |= choice.fields
    return presets.from_dict(chosen | fields)


def _with_given(chosen, fields):
    """Returns the chosen preset with given fields, and given options added to those it has."""
    options = {name: value for name, value in fields.items() if isinstance(value, dict)}
    others = {name: value for name, value in fields.items() if name not in options}
    # Given networks may not take the options of those chosen.
    preset = making.fitted(presets.changed(chosen, **others), chosen)
    options = {name: getattr(preset, name, {}) | value for name, value in options.items()}
    return presets.changed(preset, **options)


def _of_dataset(dataset):
    batch = tf.nest.flatten(next(iter(dataset.take(1))))[0]
    if batch.shape.rank != 4 or dataset.cardinality() < 1:
        raise ValueError(
            "A recipe needs a finite, batched tf.data.Dataset of images (batch, height, width, "
            f"channels). Received: {dataset!r}."
        )
    return Images(len(batch) * int(dataset.cardinality()), tuple(batch.shape[1:])), len(batch)


def _of_source(source, choices, fields, data_dir):
    """Returns the `Images` of a source string; of a folder, first adds the choice of their size."""
    kind, _, path = source.partition(":")
    values.check_name("kind of images", kind, presets.IMAGES)
    if kind != "folder":
        found = Source.of(_preset(choices, fields), data_dir)
        dataset = found.dataset(batch_size=1)
        count = len(dataset)
        return Images(count, sample_shape(dataset), _counts_of_labels(found, count))
    files = image_files.find(path)
    if "image_size" not in fields:
        choices.append(image_size(files))
    preset = _preset(choices, fields)
    options = preset.data_options
    reading = {key: options[key] for key in ("channels", "on_error") if key in options}
    shape = folders.shape_of(path, files, preset.image_size, **reading)
    return Images(len(files), shape, _counts(path, files))


def _counts_of_labels(source, count):
    """Returns the number of images of each label, of many images as the first ones suggest."""
    try:
        classes = len(source.class_names())
    except ValueError:
        return ()
    batches = source.dataset(batch_size=LOOKED_AT_ONCE, labels=True)
    labels = batches.map(lambda images, labels: labels).take(MOST_LABELS // LOOKED_AT_ONCE)
    labels = np.concatenate(list(labels.as_numpy_iterator()))
    counts = np.bincount(labels, minlength=classes) * count / len(labels)
    return tuple(np.rint(counts).astype("int64").tolist())


def _name(source):
    """Returns the name of a source's data in letters that a preset may have."""
    name = re.sub(r"[^\w.-]+", "_", presets.name_of_data(source), flags=re.ASCII)
    return name.lstrip(".-")[:100] or "images"


def _counts(path, files):
    try:
        names, labels = image_files.classes(path, files)
    except ValueError:
        return ()
    return tuple(np.bincount(labels, minlength=len(names)).tolist())


def _explain(images, choices, fields, tell):
    height, width, channels = images.shape
    tell(f"{images.count:,} images of {width}x{height} pixels, {channels} channels. Chosen:")
    for choice in choices:
        chosen = {name: value for name, value in choice.fields.items() if name not in fields}
        shown = ", ".join(f"{name}={value}" for name, value in chosen.items())
        if shown:
            tell(f"  {shown}\n      {choice.reason}")
    tell("Every field can be given instead, such as --epochs=10.")
