"""Data and compiled models from presets."""

import dataclasses
import inspect
import itertools
import math
from typing import Any

import keras
import tensorflow as tf

from geans import models, networks, optimizers, penalties, presets, rules
from geans.experiment import families, fine_tuning, precision
from geans.experiment.options import call
from geans.experiment.sources import Source, sample_shape
from geans.types import PathLike


def make_mixture(preset: presets.Preset, data_dir: PathLike | None = None) -> Any:
    """Returns a preset's data for `metrics.mode_coverage`; `None` if their modes are unknown."""
    return Source.of(preset, data_dir).mixture


def make_data(preset: presets.Preset, data_dir: PathLike | None = None) -> tf.data.Dataset:
    """Returns the shuffled batches of a preset."""
    return dataset_of(preset, Source.of(preset, data_dir))


def dataset_of(preset, source):
    """Returns the shuffled batches of a preset's `Source`."""
    return source.dataset(preset.batch_size, labels=preset.model in families.LABELLED)


def with_classes(preset: presets.Preset, data_dir: PathLike | None = None) -> presets.Preset:
    """Returns the preset with `num_classes` and `class_names` from its data, if it needs them."""
    if preset.model not in families.LABELLED or "num_classes" in preset.model_options:
        return preset
    names = Source.of(preset, data_dir).class_names()
    options = preset.model_options | {"num_classes": len(names), "class_names": names}
    return dataclasses.replace(preset, model_options=options)


def make_model(preset: presets.Preset, dataset: tf.data.Dataset) -> models.AdversarialModel:
    """Returns the compiled model of a preset, for samples such as those of `dataset`."""
    if preset.epochs < 1:
        raise ValueError(f"epochs must be 1 or more. Received: epochs={preset.epochs}.")
    preset = precision.resolved(preset)
    with precision.policy(preset.precision):
        model_class, players, options = families.make(preset, sample_shape(dataset))
    fine_tuning.start(players[0], players[1], preset)
    model = model_class(
        *players,
        rule=_rule(preset, preset.epochs * len(dataset)),
        ema_half_life=preset.ema_half_life or None,
        seed=preset.seed,
        name=preset.name,
        **options,
    )
    windows = _windows_of_players(preset, len(dataset))
    model.compile(
        generator_optimizer=_optimizer(preset, "generator", windows),
        discriminator_optimizer=_optimizer(preset, "discriminator", windows),
        loss=preset.loss,
        penalty=_penalty(preset),
        augmentation=preset.augmentation or None,
        on_nan=preset.on_nan,
        steps_per_execution=preset.steps_per_execution,
    )
    return model


def _rule(preset, steps):
    """Returns the update rule for a run of `steps` steps."""
    reuse_fakes = preset.reuse_fakes and _moves_at_every_step(preset)
    every, turns = update_every(preset, steps), (preset.order, preset.discriminator_steps)
    arguments = (preset.update, every, *turns, reuse_fakes)
    return call(rules.of_arguments, arguments, preset.update_options, "update_options")


def _moves_at_every_step(preset):
    return preset.rule == "gan" or preset.update != "accumulate"


def fitted(preset: presets.Preset, before: presets.Preset) -> presets.Preset:
    """Returns a changed preset without options of `before` that its new networks do not take.

    Prints which are left out. Options that the change itself sets are kept, and checked later.
    """
    if (preset.network, preset.model) == (before.network, before.model):
        return preset
    translates = preset.model in families.TRANSLATIONS
    family = networks.get(preset.network, networks.TRANSLATORS if translates else networks.NETWORKS)
    takers = {
        "model_options": inspect.signature(families.FAMILIES[preset.model]).bind_partial,
        "generator_options": family.generator,
        "discriminator_options": (networks.patchgan if translates else family).discriminator,
    }
    kept: dict[str, Any] = {}
    for field, take in takers.items():
        options = getattr(preset, field)
        left = [name for name in options if not _takes(take, {name: options[name]})]
        if left and options == getattr(before, field):
            owner = preset.model if field == "model_options" else preset.network
            print(f"Without {', '.join(left)} of the {field}, which {owner} does not take.")
            kept[field] = {name: options[name] for name in options if name not in left}
    return dataclasses.replace(preset, **kept)


def _takes(function, option):
    try:
        function(**option)
    except (TypeError, ValueError):
        return False
    return True


def from_preset(
    name: str | presets.Preset,
    dataset: tf.data.Dataset | None = None,
    *,
    data_dir: PathLike | None = None,
    **fields: Any,
) -> models.AdversarialModel:
    """Returns the compiled model of a preset, for your own `model.fit(dataset)`.

    Args:
        name: Name of a preset, or a `presets.Preset`.
        dataset: Batched `tf.data.Dataset` to train on, which determines shapes and learning-rate
            decay; `None` for the preset's own data. If it has other than 10 classes, pass their
            number: `model_options={"num_classes": 4}`.
        data_dir: Where tensorflow-datasets finds its data.
        **fields: Fields of the preset to change, such as `epochs=5`, `rule="gean"`.

    Raises:
        ValueError: If the preset or a field is unknown, or something does not fit.

    Example:
        >>> from geans import data
        >>> dataset = data.images.embedded("fashion", batch_size=32, seed=0)
        >>> from_preset("gan_fashion", dataset, epochs=5).sample(2, seed=0).shape
        (2, 28, 28, 1)
    """
    preset = name if isinstance(name, presets.Preset) else presets.get(name)
    preset = fitted(presets.changed(preset, **fields), preset)
    if dataset is None:
        preset, dataset = with_classes(preset, data_dir), make_data(preset, data_dir)
    if not isinstance(dataset, tf.data.Dataset) or dataset.cardinality() < 1:
        raise ValueError(
            "from_preset needs a batched tf.data.Dataset of known length, such as those of "
            f"geans.data. Received: {dataset!r}."
        )
    return make_model(preset, dataset)


def update_every(preset, steps):
    """Returns the model's `update_every` for a run of `steps` steps."""
    if not str(preset.update_every).startswith("growing:"):
        return preset.update_every
    doublings = int(preset.update_every.partition(":")[2]).bit_length() - 1
    boundaries = [int(steps * (1 - 0.5**i)) - 1 for i in range(1, doublings + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(
        boundaries, [2**i for i in range(doublings + 1)]
    )


def count_updates(preset: presets.Preset, steps_per_epoch: int) -> dict[str, int]:
    """Returns a dict from player to its approximate number of updates in the whole run."""
    found = _windows_of_players(preset, steps_per_epoch)
    return {player: sum(updates for updates, _ in windows) for player, windows in found.items()}


def _windows_of_players(preset, steps_per_epoch):
    windows = _windows(preset, steps_per_epoch)
    if preset.order == "simultaneous":
        return {"discriminator": windows, "generator": windows}
    at_once = _moves_at_every_step(preset) or preset.update_every == 1
    cycle = 1 if at_once else preset.discriminator_steps + 1
    shares = {"discriminator": preset.discriminator_steps / cycle, "generator": 1 / cycle}
    return {
        player: [(math.ceil(number * share), size / share) for number, size in windows]
        for player, share in shares.items()
    }


def _windows(preset, steps_per_epoch):
    """Returns pairs of a number of windows and their size in steps, in order."""
    steps = preset.epochs * steps_per_epoch
    if _moves_at_every_step(preset):
        updates = _rule(preset, steps).updates_per_step
        return [(steps * updates, 1 / updates)]
    every = update_every(preset, steps)
    if every == "epoch":
        return [(preset.epochs, steps_per_epoch)]
    if not callable(every):
        return [(preset.epochs * math.ceil(steps_per_epoch / every), every)]
    ends = [0, *(boundary + 1 for boundary in every.boundaries), steps]
    lengths = [end - start for start, end in itertools.pairwise(ends)]
    return [(length // size, size) for length, size in zip(lengths, every.values, strict=True)]


def _optimizer(preset, player, windows):
    learning_rate = getattr(preset, f"{player}_learning_rate")
    if preset.learning_rate_decay == "linear":
        options = (windows[player], preset.window_exponent, preset.warmup)
        learning_rate = optimizers.LinearDecay(learning_rate, *options)
    options = {"learning_rate": learning_rate}
    if hasattr(optimizers.get(preset.optimizer, **options), "beta_2"):
        options |= {"beta_1": preset.beta_1, "beta_2": preset.beta_2}
    return optimizers.get(preset.optimizer, **options | preset.optimizer_options)


def _penalty(preset):
    strengths = (preset.r1, preset.r2, preset.gradient_penalty)
    kinds = (penalties.R1, penalties.R2, penalties.GradientPenalty)
    parts = zip(kinds, strengths, strict=True)
    interval = preset.penalty_interval
    chosen = [kind(strength, interval=interval) for kind, strength in parts if strength]
    return sum(chosen[1:], start=chosen[0]) if chosen else None
