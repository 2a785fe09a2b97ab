"""From a preset to a trained model: data, networks, training, and a run directory that holds all.

A run directory holds

    preset.json       every option, as resolved
    versions.json     of Python, the packages and the machine
    history.csv       one row per epoch
    pictures/         fixed latents through the epochs, and training.gif
    samples.png       what the trained generator makes
    curves.png        losses and logits
    metrics.json      where modes are known: how many, reverse KL; whether the samples diverged
    coverage.csv      where modes are known: the same after every epoch
    coverage.npz      where modes are known: samples at some epochs
    cost.json         updates, samples, seconds, peak memory
    checkpoints/      from which an interrupted run goes on; of a finished one the last
    model.keras       the model with its optimizers, to load or to resume
    saved_model/      the generator for TensorFlow Serving
"""

import contextlib
import dataclasses
import functools
import itertools
import logging
import math
import pathlib
import shutil
import tempfile

import keras
import numpy as np

from geans import (
    callbacks,
    data,
    export,
    metrics,
    models,
    networks,
    optimizers,
    penalties,
    plotting,
    presets,
    report,
    strategies,
)
from geans.experiment import loading

RULES = {"gan": models.GAN, "gean": models.GEAN}
KNOWN_MODES = {
    "mixture:ring": data.mixtures.ring,
    "mixture:grid": data.mixtures.grid,
    "stacked:mnist": functools.partial(data.stacked.Stacked, "mnist"),
    "stacked:digits": functools.partial(data.stacked.Stacked, "digits"),
}
DECAYS = ("constant", "linear")

POINTS_TO_SHOW = 2_500
IMAGES_TO_SHOW = 64


def run(
    preset,
    run_dir,
    *,
    resume=False,
    overwrite=False,
    data_dir=None,
    checkpoint_every=None,
    strategy=None,
):
    """Trains what a preset describes and leaves a run directory.

    However it ends before it is finished, by a signal or without warning, `resume` goes on from
    the newest of its checkpoints, to the result that it would have had (`callbacks.Checkpoint`).

    Args:
        preset: A `presets.Preset`.
        run_dir: Directory to make.
        resume: Whether to go on with the run in `run_dir`.
        overwrite: Whether to replace the run in `run_dir`.
        data_dir: Where tensorflow-datasets finds its data.
        checkpoint_every: Steps between two checkpoints within an epoch, or `None` for none; those
            at the epochs' ends come always.
        strategy: `tf.distribute` strategy to train under, such as `strategies.of_devices(2)`. The
            preset's batch is shared out among its replicas. Of several workers all call `run`
            with the same arguments; the chief alone writes into `run_dir`.

    A training that meets a NaN stops there, with a warning, and leaves its results all the same.

    Returns:
        The trained model.

    Raises:
        ValueError: If the preset makes no sense, if `run_dir` exists and is neither to be resumed
            nor to be overwritten, if it cannot be written into, or if none of its checkpoints is
            whole; before training.
    """
    run_dir = pathlib.Path(run_dir)
    chief = strategies.is_chief(strategy)
    if chief:
        report.check_run_dir(run_dir, resume=resume, overwrite=overwrite)
    mixture = make_mixture(preset, data_dir)
    dataset = _make_data(preset, mixture, data_dir)
    if resume:
        _check_resume(preset, run_dir)
    # As it was made, with the windows that it had: more epochs would mean others.
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = _model_to_resume(run_dir) if resume else None
        model = model or make_model(_one_step_at_once(preset, strategy), dataset)
    observers = _observers(preset, mixture, run_dir, shown=_to_show(dataset))
    checkpoint = callbacks.Checkpoint(run_dir, every_steps=checkpoint_every)
    if chief:
        if overwrite:
            report.clear(run_dir)
        report.check_writable(run_dir)
        report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
        report.write_json(report.versions(), run_dir / "versions.json")
    else:
        # To count the samples takes all workers.
        counting = (callbacks.Cost, callbacks.Coverage)
        observers = [each for each in observers if isinstance(each, counting)]
    if model.is_multi_worker:
        model.of_all_workers([0])  # The others wait until the chief is ready.
    diverged = False
    try:
        model.fit(dataset, epochs=preset.epochs, callbacks=[*observers, checkpoint], verbose=0)
    except FloatingPointError as error:
        diverged = True
        logging.getLogger(__name__).warning("Training stopped before its end. %s", error)
    finally:
        if not model.is_multi_worker:  # The others may have ended.
            observers[0].write()
    with contextlib.ExitStack() as stack:
        folder = run_dir if chief else stack.enter_context(tempfile.TemporaryDirectory())
        report.save_model(model, pathlib.Path(folder) / "model.keras")
    if not chief:
        return model
    _write_results(model, mixture, run_dir, diverged, shown=_to_show(dataset))
    checkpoint.prune(1)
    return model


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
    if preset.data not in KNOWN_MODES:
        raise ValueError(f"Unknown data {preset.data!r}. Known: {', '.join(KNOWN_MODES)}.")
    options = dict(preset.data_options)
    if prefix == "stacked":
        options["data_dir"] = data_dir
    return _call(KNOWN_MODES[preset.data], (), options, "data_options")


def make_data(preset, data_dir=None):
    """The dataset of a preset, batched and shuffled."""
    return _make_data(preset, make_mixture(preset, data_dir), data_dir)


def _make_data(preset, mixture, data_dir):
    if mixture is not None:
        return mixture.dataset(preset.batch_size, size=preset.samples_per_epoch, seed=preset.seed)
    fields = {
        "image_size": preset.image_size,
        "data_dir": data_dir,
        "batch_size": preset.batch_size,
        "seed": preset.seed,
    }
    load_images = functools.partial(data.images.load, preset.data)
    taken = sorted(fields.keys() & preset.data_options.keys())
    if taken:
        raise ValueError(f"The preset's data_options do not fit: {taken} are fields or flags.")
    return _call(load_images, (), {**fields, **preset.data_options}, "data_options")


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
        step_length=preset.step_length,
        on_nan=preset.on_nan,
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


def _one_step_at_once(preset, strategy):
    replicas = strategy.num_replicas_in_sync if strategy else 1
    if replicas == 1 or preset.steps_per_execution == 1:
        return preset
    print(f"On {replicas} replicas every step is a call of its own: steps_per_execution is 1.")
    return dataclasses.replace(preset, steps_per_execution=1)


def _model_to_resume(run_dir):
    model = loading.newest_model(run_dir)
    if model is None and (run_dir / "model.keras").is_file():
        raise ValueError(
            f"{run_dir} holds a finished run without its checkpoints, which cannot go on. Pass "
            "--overwrite to train it again."
        )
    if model is None:
        print(f"{run_dir} holds no checkpoint yet: training begins at the beginning.")
    return model


def _check_resume(preset, run_dir):
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


def _to_show(dataset):
    return POINTS_TO_SHOW if len(dataset.element_spec.shape) == 2 else IMAGES_TO_SHOW


def _observers(preset, mixture, run_dir, shown):
    pictures = callbacks.SampleGrid(
        run_dir / "pictures", preset.picture_every, count=shown, mixture=mixture
    )
    history = callbacks.HistoryFile(run_dir / "history.csv")
    observers = [pictures, history, callbacks.Progress()]
    if mixture is not None:
        observers.insert(0, callbacks.Coverage(run_dir, mixture))
    # First, so that it does not count what the others take.
    return [callbacks.Cost(run_dir / "cost.json"), *observers]


def _call(function, arguments, options, field):
    """`function(*arguments, **options)`, where the options come from a field of a preset."""
    try:
        return function(*arguments, **options)
    except TypeError as error:
        raise ValueError(
            f"The preset's {field} do not fit: {error}. Received: {options}."
        ) from error


def _write_results(model, mixture, run_dir, diverged, shown):
    history = report.read_history(run_dir / "history.csv")
    history.pop("epoch", None)
    if history:
        plotting.save(plotting.training_curves(history), run_dir / "curves.png")
    samples = model.sample(shown if mixture is None else mixture.samples_to_measure, seed=0)
    plotting.save(picture(samples[:shown], mixture), run_dir / "samples.png")
    found = _measure(samples, mixture, diverged or not np.isfinite(samples).all())
    if found:
        report.write_json(found, run_dir / "metrics.json")
    shutil.rmtree(run_dir / "saved_model", ignore_errors=True)
    export.saved_model(model, run_dir / "saved_model")


def _measure(samples, mixture, diverged):
    mark = {"diverged": True} if diverged else {}
    if mixture is None:
        return mark
    return dataclasses.asdict(metrics.mode_coverage_or_nothing(samples, mixture)) | mark


def picture(samples, mixture=None):
    """Samples as a figure: a grid of images, or points over the modes of `mixture`."""
    if np.ndim(samples) == 4:
        return plotting.image_grid(samples)
    real = mixture.sample(len(samples))
    coverage = metrics.mode_coverage(samples, mixture) if np.isfinite(samples).all() else None
    return plotting.scatter(real, samples, mixture, coverage=coverage)
