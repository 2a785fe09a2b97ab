"""From a preset to a trained model: data, networks, training, and a run directory that holds all.

A run directory holds

    preset.json       every option, as resolved
    versions.json     of Python, the packages and the machine
    history.csv       one row per epoch
    pictures/         fixed latents through the epochs, and training.gif
    samples.png       what the trained generator makes
    curves.png        losses and logits
    metrics.json      for points: modes, good fraction, reverse KL; whether the samples diverged
    coverage.csv      for points: the same after every epoch; coverage.npz: points at some epochs
    cost.json         updates, samples, seconds, peak memory
    model.keras       the model with its optimizers, to load or to resume
    saved_model/      the generator for TensorFlow Serving
"""

import dataclasses
import inspect
import itertools
import math
import os
import pathlib
import shutil

import keras
import numpy as np

from geans import (
    callbacks,
    data,
    export,
    metrics,
    models,
    networks,
    penalties,
    plotting,
    presets,
    report,
)

RULES = {"gan": models.GAN, "gean": models.GEAN}
MIXTURES = {"ring": data.mixtures.ring, "grid": data.mixtures.grid}
DECAYS = ("constant", "linear")

# What 2,500 points say about a generator is what the literature compares (VEEGAN, PacGAN).
POINTS_TO_EVALUATE = 2_500
IMAGES_TO_SHOW = 64


def run(preset, run_dir, *, resume=False, overwrite=False, data_dir=None):
    """Trains what a preset describes and leaves a run directory.

    When interrupted (Ctrl-C), the model is saved as it is, with the gradients of an unfinished
    window, before `KeyboardInterrupt` goes on.

    Args:
        preset: A `presets.Preset`.
        run_dir: Directory to make.
        resume: Whether to go on with the run in `run_dir`.
        overwrite: Whether to replace the run in `run_dir`.
        data_dir: Where tensorflow-datasets finds its data.

    Returns:
        The trained model.

    Raises:
        ValueError: If the preset makes no sense, or if `run_dir` exists and is neither to be
            resumed nor to be overwritten; before training.
    """
    run_dir = pathlib.Path(run_dir)
    report.check_run_dir(run_dir, resume=resume, overwrite=overwrite)
    dataset, mixture = make_data(preset, data_dir), make_mixture(preset)
    epochs_done = 0
    if resume:
        model = load(run_dir)
        epochs_done = _epochs_done(model, dataset, run_dir)
        _check_resume(preset, run_dir, epochs_done)
    else:
        model = make_model(preset, dataset)
    observers = _observers(preset, mixture, run_dir)
    if overwrite:
        report.clear(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    report.write_json(report.versions(), run_dir / "versions.json")
    try:
        model.fit(
            dataset,
            epochs=preset.epochs,
            initial_epoch=epochs_done,
            callbacks=observers,
            verbose=0,
        )
    finally:
        save_model(model, run_dir / "model.keras")
        observers[0].write()
    _write_results(model, mixture, run_dir)
    return model


def make_mixture(preset):
    """The mixture of a preset on points; `None` if it is one on images."""
    prefix, _, name = preset.data.partition(":")
    if prefix != "mixture":
        return None
    if name not in MIXTURES:
        raise ValueError(f"Unknown mixture {name!r}. Known: {', '.join(MIXTURES)}.")
    return _call(MIXTURES[name], (), preset.data_options, "data_options")


def make_data(preset, data_dir=None):
    """The dataset of a preset, batched and shuffled."""
    mixture = make_mixture(preset)
    if mixture is not None:
        return mixture.dataset(preset.batch_size, size=preset.samples_per_epoch, seed=preset.seed)
    return data.images.load(
        preset.data,
        image_size=preset.image_size,
        data_dir=data_dir,
        batch_size=preset.batch_size,
        seed=preset.seed,
        **preset.data_options,
    )


def make_model(preset, dataset):
    """The compiled model of a preset, for samples such as those of `dataset`."""
    if preset.rule not in RULES:
        raise ValueError(f"Unknown rule {preset.rule!r}. Known: {', '.join(RULES)}.")
    shape = tuple(dataset.element_spec.shape[1:])
    if preset.epochs < 1:
        raise ValueError(f"epochs must be 1 or more. Received: epochs={preset.epochs}.")
    family = networks.get(preset.network)
    model = RULES[preset.rule](
        _call(
            family.generator,
            (preset.latent_dim, shape),
            {"seed": preset.seed, **preset.generator_options},
            "generator_options",
        ),
        _call(
            family.discriminator,
            (shape,),
            {"seed": preset.seed, **preset.discriminator_options},
            "discriminator_options",
        ),
        update_every=update_every(preset, preset.epochs * len(dataset)),
        order=preset.order,
        discriminator_steps=preset.discriminator_steps,
        averaging_half_life=preset.averaging_half_life or None,
        seed=preset.seed,
        name=preset.name,
    )
    updates = count_updates(preset, len(dataset))
    model.compile(
        generator_optimizer=_optimizer(
            preset, preset.generator_learning_rate, updates["generator"]
        ),
        discriminator_optimizer=_optimizer(
            preset, preset.discriminator_learning_rate, updates["discriminator"]
        ),
        loss=preset.loss,
        penalty=_penalty(preset),
        steps_per_execution=preset.steps_per_execution,
    )
    return model


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
    every = update_every(preset, preset.epochs * steps_per_epoch)
    if every == 1:
        steps = preset.epochs * steps_per_epoch
        alternating = preset.order == "alternating"
        per_step = preset.discriminator_steps if alternating else 1
        return {"discriminator": per_step * steps, "generator": steps}
    windows = _count_windows(every, preset.epochs, steps_per_epoch)
    if preset.order == "simultaneous":
        return {"discriminator": windows, "generator": windows}
    cycle = preset.discriminator_steps + 1
    return {
        "discriminator": math.ceil(windows * preset.discriminator_steps / cycle),
        "generator": math.ceil(windows / cycle),
    }


def _count_windows(every, epochs, steps_per_epoch):
    if every == "epoch":
        return epochs
    if not callable(every):
        return epochs * math.ceil(steps_per_epoch / every)
    ends = [0, *(boundary + 1 for boundary in every.boundaries), epochs * steps_per_epoch]
    lengths = [end - start for start, end in itertools.pairwise(ends)]
    return sum(length // size for length, size in zip(lengths, every.values, strict=True))


def load(run_dir):
    """The model of a run directory, with its optimizers and averaged generator.

    Raises:
        ValueError: If there is none.
    """
    path = pathlib.Path(run_dir) / "model.keras"
    if not path.is_file():
        raise ValueError(
            f"{run_dir} holds no trained model (no {path.name}). Pass the run_dir of `geans train`."
        )
    return keras.saving.load_model(path)


def save_model(model, path):
    """Saves to a `.keras` file, whole or not at all."""
    temporary = path.with_name(f"part.{path.name}")
    model.save(temporary)
    os.replace(temporary, path)


def _epochs_done(model, dataset, run_dir):
    # A run that was killed after it was resumed has a history that is ahead of its model.
    written = len(report.read_history(run_dir / "history.csv").get("epoch", ()))
    return min(written, int(model.steps.numpy()) // len(dataset))


def _check_resume(preset, run_dir, epochs_done):
    before = presets.read(run_dir / "preset.json")
    free = {"epochs": before.epochs, "picture_every": before.picture_every}
    if dataclasses.replace(preset, **free) != before:
        changed = [
            field.name
            for field in dataclasses.fields(preset)
            if field.name not in free and getattr(preset, field.name) != getattr(before, field.name)
        ]
        raise ValueError(
            f"A resumed run keeps its options, but these differ: {', '.join(changed)}. "
            "Only epochs and picture_every may change."
        )
    if preset.epochs > before.epochs and preset.learning_rate_decay != "constant":
        raise ValueError(
            f"The learning rate reaches 0 at epoch {before.epochs}, so that epochs up to "
            f"{preset.epochs} would change nothing. Start a new run with --epochs={preset.epochs}."
        )


def _optimizer(preset, learning_rate, updates):
    if preset.learning_rate_decay not in DECAYS:
        raise ValueError(
            f"learning_rate_decay must be one of {', '.join(DECAYS)}. "
            f"Received: {preset.learning_rate_decay!r}."
        )
    if preset.learning_rate_decay == "linear":
        learning_rate = keras.optimizers.schedules.PolynomialDecay(
            learning_rate, updates, end_learning_rate=0.0
        )
    config = {
        "learning_rate": learning_rate,
        "beta_1": preset.beta_1,
        "beta_2": preset.beta_2,
    }
    return keras.optimizers.get({"class_name": preset.optimizer, "config": config})


def _penalty(preset):
    interval = preset.penalty_interval
    parts = [
        (penalties.R1, preset.r1),
        (penalties.R2, preset.r2),
        (penalties.GradientPenalty, preset.gradient_penalty),
    ]
    chosen = [make(strength, interval=interval) for make, strength in parts if strength]
    return sum(chosen[1:], start=chosen[0]) if chosen else None


def _observers(preset, mixture, run_dir):
    count = IMAGES_TO_SHOW if mixture is None else POINTS_TO_EVALUATE
    pictures = callbacks.SampleGrid(
        run_dir / "pictures", preset.picture_every, count=count, mixture=mixture
    )
    history = callbacks.HistoryFile(run_dir / "history.csv")
    observers = [pictures, history, callbacks.Progress()]
    if mixture is not None:
        observers.insert(0, callbacks.Coverage(run_dir, mixture, count=POINTS_TO_EVALUATE))
    # First, so that it does not count what the others take.
    return [callbacks.Cost(run_dir / "cost.json"), *observers]


def _call(function, arguments, options, field):
    """`function(*arguments, **options)`, where the options come from a field of a preset."""
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        raise ValueError(
            f"The preset's {field} do not fit: {error}. Received: {options}."
        ) from None
    return function(*arguments, **options)


def _write_results(model, mixture, run_dir):
    history = report.read_history(run_dir / "history.csv")
    history.pop("epoch", None)
    if history:
        plotting.save(plotting.training_curves(history), run_dir / "curves.png")
    count = IMAGES_TO_SHOW if mixture is None else POINTS_TO_EVALUATE
    samples = model.sample(count, seed=0)
    plotting.save(picture(samples, mixture), run_dir / "samples.png")
    found = _measure(samples, mixture)
    if found:
        report.write_json(found, run_dir / "metrics.json")
    shutil.rmtree(run_dir / "saved_model", ignore_errors=True)
    export.saved_model(model, run_dir / "saved_model")


def _measure(samples, mixture):
    diverged = not np.isfinite(samples).all()
    mark = {"diverged": True} if diverged else {}
    if mixture is None:
        return mark
    coverage = metrics.NOTHING if diverged else metrics.mode_coverage(samples, mixture)
    return dataclasses.asdict(coverage) | mark


def picture(samples, mixture=None):
    """Samples as a figure: a grid of images, or points over the modes of `mixture`."""
    if mixture is None:
        return plotting.image_grid(samples)
    real = mixture.sample(len(samples))
    coverage = metrics.mode_coverage(samples, mixture) if np.isfinite(samples).all() else None
    return plotting.scatter(real, samples, mixture, coverage=coverage)
