"""From a preset to what it describes: data, and a compiled model."""

import dataclasses
import functools
import itertools
import math

import keras
import tensorflow as tf

from geans import data, optimizers, penalties, presets
from geans.experiment import families
from geans.experiment.options import call

KNOWN_MODES = {
    "mixture:ring": data.mixtures.ring,
    "mixture:grid": data.mixtures.grid,
    "stacked:mnist": functools.partial(data.stacked.Stacked, "mnist"),
    "stacked:digits": functools.partial(data.stacked.Stacked, "digits"),
}
POLYGONS = {"polygons:triangles": data.polygons.triangles}
DECAYS = ("constant", "linear")


def make_mixture(preset, data_dir=None):
    """The data of a preset whose modes are known, points or stacked digits; `None` for others.

    Returns:
        An object with `modes`, `sample`, `dataset`, `samples_to_measure` and `samples_to_watch`,
        that `metrics.mode_coverage` takes.
    """
    if not isinstance(preset, presets.Preset):
        raise ValueError(
            f"A run needs a geans.presets.Preset, such as presets.get(name). Received: {preset!r}."
        )
    prefix = preset.data.partition(":")[0]
    if prefix not in ("mixture", "stacked"):
        return None
    _check_known(preset.data, KNOWN_MODES)
    options = dict(preset.data_options)
    if prefix == "stacked":
        options["data_dir"] = data_dir
    return call(KNOWN_MODES[preset.data], (), options, "data_options")


def make_polygons(preset):
    """The polygons of a preset, a `data.polygons.Polygons`; `None` for other data."""
    if not preset.data.startswith("polygons:"):
        return None
    _check_known(preset.data, POLYGONS)
    return call(POLYGONS[preset.data], (), preset.data_options, "data_options")


def _check_known(name, known):
    if name not in known:
        raise ValueError(f"Unknown data {name!r}. Known: {', '.join(known)}.")


def make_data(preset, data_dir=None):
    """The dataset of a preset, batched and shuffled."""
    return dataset_of(preset, make_mixture(preset, data_dir), data_dir)


def dataset_of(preset, mixture, data_dir):
    """`make_data` for a mixture that is made already, or `None`."""
    drawn = make_polygons(preset) if mixture is None else mixture
    if drawn is not None:
        return drawn.dataset(preset.batch_size, size=preset.samples_per_epoch, seed=preset.seed)
    fields = {
        "image_size": preset.image_size,
        "data_dir": data_dir,
        "batch_size": preset.batch_size,
        "seed": preset.seed,
    }
    if preset.model in families.LABELLED:
        fields["labels"] = True
    taken = sorted(fields.keys() & preset.data_options.keys())
    if taken:
        raise ValueError(f"The preset's data_options do not fit: {taken} are fields or flags.")
    return call(loader(preset), (), {**fields, **preset.data_options}, "data_options")


def with_classes(preset, data_dir=None):
    """The preset with the number of classes that its data have, if it needs one and has none.

    Raises:
        ValueError: If the data have no labels.

    Example:

    >>> with_classes(presets.get("acgan")).model_options
    {'num_classes': 10}
    """
    if preset.model not in families.LABELLED or "num_classes" in preset.model_options:
        return preset
    names = data.images.class_names(preset.data, data_dir)
    options = preset.model_options | {"num_classes": len(names)}
    return dataclasses.replace(preset, model_options=options)


def loader(preset):
    """The function that loads a preset's images, pairs of them or clips; it takes the options."""
    if preset.model in families.TRANSLATIONS:
        return functools.partial(data.translation.load, preset.data)
    if preset.data.startswith("video:"):
        return functools.partial(data.video.load, preset.data, clips=preset.samples_per_epoch)
    return functools.partial(data.images.load, preset.data)


def sample_shape(dataset):
    """The shape of one sample of a dataset of batches, with or without labels.

    Of pairs of images it is both their shapes.

    Example:

    >>> sample_shape(data.images.embedded("fashion", labels=True))
    (28, 28, 1)
    """
    shapes = [tuple(each.shape[1:]) for each in keras.tree.flatten(dataset.element_spec)]
    # Labels are of no shape, or of the shape (classes,).
    return tuple(shapes) if len(shapes) > 1 and len(shapes[1]) == 3 else shapes[0]


def make_model(preset, dataset):
    """The compiled model of a preset, for samples such as those of `dataset`."""
    if preset.epochs < 1:
        raise ValueError(f"epochs must be 1 or more. Received: epochs={preset.epochs}.")
    model_class, players, options = families.make(preset, sample_shape(dataset))
    model = model_class(
        *players,
        update_every=update_every(preset, preset.epochs * len(dataset)),
        order=preset.order,
        discriminator_steps=preset.discriminator_steps,
        ema_half_life=preset.ema_half_life or None,
        seed=preset.seed,
        name=preset.name,
        **options,
    )
    windows = _windows_of_players(preset, len(dataset))
    model.compile(
        generator_optimizer=_optimizer(
            preset, preset.generator_learning_rate, windows["generator"]
        ),
        discriminator_optimizer=_optimizer(
            preset, preset.discriminator_learning_rate, windows["discriminator"]
        ),
        loss=preset.loss,
        penalty=_penalty(preset),
        augmentation=preset.augmentation or None,
        on_nan=preset.on_nan,
        steps_per_execution=preset.steps_per_execution,
    )
    return model


def from_preset(name, dataset=None, *, data_dir=None, **fields):
    """The compiled model of a preset, for your own `model.fit(dataset)`.

    Args:
        name: Name of a preset, or a `presets.Preset`.
        dataset: Batched `tf.data.Dataset` that it will be fitted to, whose shapes and number of
            batches the networks and the decay of the rates follow; `None` for the preset's own
            data, which `experiment.make_data` gives. If yours have other than 10 classes, pass
            their number: `model_options={"num_classes": 4}`.
        data_dir: Where tensorflow-datasets finds its data.
        **fields: Fields of the preset to change, such as `epochs=5`, `rule="gean"`.

    Returns:
        A compiled `AdversarialModel`.

    Raises:
        ValueError: If there is no such preset or field, or something does not fit.

    Example:

    >>> dataset = data.images.embedded("fashion", batch_size=32, seed=0)
    >>> model = from_preset("gan_fashion", dataset, epochs=5)
    >>> model.sample(2, seed=0).shape
    (2, 28, 28, 1)
    """
    preset = name if isinstance(name, presets.Preset) else presets.get(name)
    preset = presets.from_dict(dataclasses.asdict(preset) | fields)
    if dataset is None:
        preset, dataset = with_classes(preset, data_dir), make_data(preset, data_dir)
    if not isinstance(dataset, tf.data.Dataset) or dataset.cardinality() < 1:
        raise ValueError(
            "from_preset needs a batched tf.data.Dataset of known length, such as those of "
            f"geans.data. Received: {dataset!r}."
        )
    return make_model(preset, dataset)


def update_every(preset, steps):
    """What the model takes as `update_every`, for a run of `steps` steps."""
    if not str(preset.update_every).startswith("growing:"):
        return preset.update_every
    doublings = int(preset.update_every.partition(":")[2]).bit_length() - 1
    boundaries = [int(steps * (1 - 0.5**i)) - 1 for i in range(1, doublings + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(
        boundaries, [2**i for i in range(doublings + 1)]
    )


def count_updates(preset, steps_per_epoch):
    """How often each player moves in the whole run, about: a dict from player to number."""
    found = _windows_of_players(preset, steps_per_epoch)
    return {player: sum(updates for updates, _ in windows) for player, windows in found.items()}


def _windows_of_players(preset, steps_per_epoch):
    """Of each player, pairs of a number of updates and the steps between them, in order."""
    windows = _windows(preset, steps_per_epoch)
    if preset.order == "simultaneous":
        return {"discriminator": windows, "generator": windows}
    if preset.update_every == 1:
        shares = {"discriminator": preset.discriminator_steps, "generator": 1}
    else:
        cycle = preset.discriminator_steps + 1
        shares = {"discriminator": preset.discriminator_steps / cycle, "generator": 1 / cycle}
    return {
        player: [(math.ceil(number * share), size / share) for number, size in windows]
        for player, share in shares.items()
    }


def _windows(preset, steps_per_epoch):
    """Pairs of a number of windows and their size in steps, in order."""
    steps = preset.epochs * steps_per_epoch
    every = update_every(preset, steps)
    if every == "epoch":
        return [(preset.epochs, steps_per_epoch)]
    if not callable(every):
        return [(preset.epochs * math.ceil(steps_per_epoch / every), every)]
    ends = [0, *(boundary + 1 for boundary in every.boundaries), steps]
    lengths = [end - start for start, end in itertools.pairwise(ends)]
    return [(length // size, size) for length, size in zip(lengths, every.values, strict=True)]


def _optimizer(preset, learning_rate, windows):
    if preset.learning_rate_decay not in DECAYS:
        raise ValueError(
            f"learning_rate_decay must be one of {', '.join(DECAYS)}. "
            f"Received: {preset.learning_rate_decay!r}."
        )
    if preset.learning_rate_decay == "linear":
        learning_rate = optimizers.LinearDecay(
            learning_rate, windows, preset.window_exponent, preset.warmup
        )
    options = {"learning_rate": learning_rate}
    if hasattr(optimizers.get(preset.optimizer, **options), "beta_2"):
        options |= {"beta_1": preset.beta_1, "beta_2": preset.beta_2}
    return optimizers.get(preset.optimizer, **options | preset.optimizer_options)


def _penalty(preset):
    interval = preset.penalty_interval
    parts = [
        (penalties.R1, preset.r1),
        (penalties.R2, preset.r2),
        (penalties.GradientPenalty, preset.gradient_penalty),
    ]
    chosen = [make(strength, interval=interval) for make, strength in parts if strength]
    return sum(chosen[1:], start=chosen[0]) if chosen else None
