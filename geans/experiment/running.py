"""Training of presets into run directories.

A run directory contains

    preset.json       every option, as resolved
    versions.json     of Python, the packages and the machine
    history.csv       one row per epoch
    pictures/         samples of fixed latents during training, and training.gif
    samples.png       final samples; for translations rows of source, output and target, or cycles
    samples.gif       for clips: the same, animated
    curves.png        losses and logits
    metrics.json      mode coverage, errors of translations, motion of clips, divergence
    evaluation.json   for images: distances from the data, with their protocol
    advice.json       for images: what is conspicuous, and what to try
    evaluations.jsonl with evaluate_every: the same during training
    best.keras        with evaluate_every: the model with the smallest distance
    coverage.csv      for known modes: coverage after every epoch
    coverage.npz      for known modes: samples at some epochs
    cost.json         updates, samples, seconds, peak memory
    checkpoints/      to resume an interrupted run; only the last of a finished one
    model.keras       the model with its optimizers, to load or to resume
    saved_model/      the generator for TensorFlow Serving
    tensorboard/      with tensorboard: logs of callbacks.TensorBoard
"""

import contextlib
import dataclasses
import logging
import pathlib
import shutil
import tempfile

import tensorflow as tf

from geans import callbacks, export, files, models, plotting, presets, report, strategies, values
from geans.experiment import diagnosis, evaluation, loading, making, precision
from geans.experiment.sources import Source, sample_shape
from geans.experiment.sources.base import finite
from geans.types import PathLike

_log = logging.getLogger(__name__)


def run(
    preset: presets.Preset,
    run_dir: PathLike,
    *,
    resume: bool = False,
    overwrite: bool = False,
    data_dir: PathLike | None = None,
    checkpoint_every: int | None = None,
    strategy: tf.distribute.Strategy | None = None,
    evaluation_samples: int | None = None,
    tensorboard: bool = False,
) -> models.AdversarialModel:
    """Trains a preset, writes a run directory, and returns the model.

    An interrupted run resumes from its newest checkpoint (see `callbacks.Checkpoint`); a finished
    one is only loaded. A training that meets a NaN stops with a warning, and still writes its
    results.

    Args:
        preset: A `presets.Preset`.
        run_dir: Directory to make.
        resume: Whether to resume the run in `run_dir`.
        overwrite: Whether to replace the run in `run_dir`.
        data_dir: Where tensorflow-datasets finds its data.
        checkpoint_every: Steps between two checkpoints within an epoch; `None` for epoch ends only.
        strategy: `tf.distribute` strategy, such as `strategies.of_devices(2)`; its replicas share
            each batch. All workers call `run` with the same arguments; only the chief writes.
        evaluation_samples: Number of generated, and at most of real, samples in evaluations; `None`
            as in `evaluate`.
        tensorboard: Whether to write logs for TensorBoard.

    Raises:
        ValueError: If the preset is invalid, `run_dir` exists or is unwritable, or a run cannot be
            resumed so.
    """
    if evaluation_samples is not None:
        values.check_count("evaluation_samples", evaluation_samples, least=2)
    run_dir = files.path_of(run_dir)
    chief = strategies.is_chief(strategy)
    if chief:
        report.check_run_dir(run_dir, resume=resume, overwrite=overwrite)
    source = Source.of(preset, data_dir)
    preset = making.with_classes(presets.located(preset, data_dir), data_dir)
    if resume:
        if preset.precision == "auto":  # Was measured when the run began.
            before = presets.read(run_dir / "preset.json").precision
            preset = dataclasses.replace(preset, precision=before)
        presets.check_resume(preset, run_dir)
        if text := presets.finished(preset, run_dir):
            print(text)
            return loading.load(run_dir)
    if preset.precision == "auto" and strategies.is_multi_worker(strategy):
        raise ValueError(
            "Each worker would measure by itself what is faster, and they must agree. Pass "
            "precision='float32' or 'bfloat16'. Received: precision='auto'."
        )
    preset = precision.resolved(preset)
    dataset = making.dataset_of(preset, source)
    model = _model(preset, dataset, run_dir, resume, strategy)
    observers = _observers(preset, source, model, dataset, run_dir, chief, evaluation_samples)
    if tensorboard and chief:
        observers.append(_tensorboard(preset, source, model, dataset, run_dir))
    checkpoint = callbacks.Checkpoint(run_dir, every_steps=checkpoint_every)
    if chief:
        _prepare(preset, run_dir, overwrite)
    diverged = _fit(model, dataset, preset.epochs, [*observers, checkpoint])
    _save(model, run_dir, chief)
    if chief:
        diverged = _write_results(model, source, run_dir, diverged)
        _judge(run_dir, source, dataset, diverged, evaluation_samples)
        checkpoint.prune(1)
    return model


def _model(preset, dataset, run_dir, resume, strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        # Keeps the original windows, which more epochs would change.
        model = _model_to_resume(run_dir, dataset) if resume else None
        return model or making.make_model(_one_step_at_once(preset, strategy), dataset)


def _prepare(preset, run_dir, overwrite):
    if overwrite:
        report.clear(run_dir)
    report.check_writable(run_dir)
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    report.write_json(report.versions(), run_dir / "versions.json")


def _fit(model, dataset, epochs, observers):
    """Trains; returns whether training met a NaN and stopped."""
    if model.is_multi_worker:
        model.of_all_workers([0])  # The others wait until the chief is ready.
    try:
        model.fit(dataset, epochs=epochs, callbacks=observers, verbose=0)
    except FloatingPointError as error:
        _log.warning("Training stopped before its end. %s", error)
        return True
    finally:
        if not model.is_multi_worker:  # The others may have ended.
            observers[0].write()
    return False


def _save(model, run_dir, chief):
    # Saving takes all workers; only the chief's files are kept.
    with contextlib.ExitStack() as stack:
        folder = run_dir if chief else stack.enter_context(tempfile.TemporaryDirectory())
        report.save_model(model, pathlib.Path(folder) / "model.keras")


def _one_step_at_once(preset, strategy):
    replicas = strategy.num_replicas_in_sync if strategy else 1
    if replicas == 1 or preset.steps_per_execution in (None, 1):
        return preset
    print(f"On {replicas} replicas every step is a call of its own: steps_per_execution is 1.")
    return dataclasses.replace(preset, steps_per_execution=1)


def _model_to_resume(run_dir, dataset):
    model, record = loading.newest(run_dir)
    if model is None and (run_dir / "model.keras").is_file():
        raise ValueError(
            f"{run_dir} holds a finished run without its checkpoints, which cannot be resumed. "
            "Pass --overwrite to train it again."
        )
    if model is None:
        print(f"{run_dir} holds no checkpoint yet: training begins at the beginning.")
    else:
        _check_data(model, record, dataset)
    return model


def _check_data(model, record, dataset):
    model.check_batch(dataset.element_spec, "The data")  # Before any file changes.
    epochs, step, now = record["epoch"], record["step"], len(dataset)
    if step > now:
        raise ValueError(
            f"The run was interrupted after {step} steps of an epoch, but its data have only {now} "
            "now. Restore them, or start a new run."
        )
    before = (int(model.steps.numpy()) - step) / max(1, epochs)
    if epochs and before != now:
        print(f"The data have changed: an epoch has {now} steps now, and had {before:g}.")


def _observers(preset, source, model, dataset, run_dir, chief, samples):
    observers = [callbacks.Cost(run_dir / "cost.json")]
    if preset.evaluate_every:
        reference = evaluation.reference(source, sample_shape(dataset), samples)
        options = {"keep_best": "frechet_distance", "directory": run_dir, "verbose": 0}
        samples = samples or evaluation.default_samples(reference.network)
        options |= {"every": preset.evaluate_every, "samples": samples}
        observers.append(callbacks.Evaluate(reference, **options))
    if source.mixture is not None:
        observers.append(callbacks.Coverage(run_dir, source.mixture))
    pictures = callbacks.SampleGrid(
        run_dir / "pictures", preset.picture_every, picture=source.picture, **source.shown(model)
    )
    if not chief:  # Counting and evaluating samples takes all workers.
        return observers
    history = callbacks.HistoryFile(run_dir / "history.csv")
    return [*observers, pictures, history, callbacks.Progress()]


def _tensorboard(preset, source, model, dataset, run_dir):
    shown = source.shown(model)
    options = {name: shown[name] for name in ("count", "conditions", "draw") if name in shown}
    if not source.translates:
        options["real"] = next(dataset.as_numpy_iterator())
    fields = dataclasses.asdict(preset)
    return callbacks.TensorBoard(run_dir / "tensorboard", hyperparameters=fields, **options)


def _write_results(model, source, run_dir, diverged):
    """Writes pictures, numbers and exports; returns whether training diverged."""
    history = report.read_history(run_dir / "history.csv")
    history.pop("epoch", None)
    if history:
        plotting.save(plotting.training_curves(history), run_dir / "curves.png")
    samples = source.sample(model)
    source.write_pictures(model, samples, run_dir)
    diverged = diverged or not finite(samples)
    found = _measure(model, source, samples, diverged)
    if found:
        report.write_json(found, run_dir / "metrics.json")
    shutil.rmtree(run_dir / "saved_model", ignore_errors=True)
    export.saved_model(model, run_dir / "saved_model")
    return diverged


def _measure(model, source, samples, diverged):
    found = {"diverged": True} if diverged else {}
    if diverged and source.mixture is None:
        return found
    try:
        measured = source.measure(model, samples)
    except ValueError as error:  # Too few clips, or equal clips of a collapsed generator.
        _log.warning("The samples are not measured. %s", error)
        return found
    return ({"split": measured.split} if measured.split else {}) | measured.numbers | found


def _judge(run_dir, source, dataset, diverged, samples):
    """Compares samples with the data and looks for what went wrong, if these are not points."""
    comparable = source.metrics and source.mixture is None and not source.translates
    if not comparable and not diagnosis.is_of_images(source, dataset):
        return
    # Not the trained one, which replicas may share: judging moves its statistics of batch norm.
    model = loading.load(run_dir)
    if comparable and not diverged:
        with _warned_of("evaluated"):
            print("Comparing samples with the data ... (--evaluation_samples)", flush=True)
            options = {"data_dir": source.data_dir, "samples": samples, "model": model}
            found = evaluation.evaluate(run_dir, **options)
            evaluation.write(found, run_dir / "evaluation.json")
            print(*found, sep="\n")
    with _warned_of("diagnosed"):
        diagnosis.at_the_end(run_dir, source, dataset, model)


@contextlib.contextmanager
def _warned_of(what):
    """Turns errors into a warning: the run is finished without, as with six images."""
    try:
        yield
    except (FloatingPointError, OSError, ValueError) as error:
        _log.warning("The run is not %s. %s", what, error)
