"""From a preset to a trained model: data, networks, training, and a run directory that holds all.

A run directory holds

    preset.json       every option, as resolved
    versions.json     of Python, the packages and the machine
    history.csv       one row per epoch
    pictures/         fixed latents through the epochs, and training.gif
    samples.png       what the trained generator makes; of a translation rows of source, output and
                      target, or of a domain, the other one and back again
    samples.gif       of clips: the same, moving
    curves.png        losses and logits
    metrics.json      where modes are known: how many, reverse KL; of a translation: how near it
                      comes to images that it was not trained on; of clips: how they move, and how
                      real ones do; whether the samples diverged
    evaluation.json   of grey 28x28 images: distances from the data, with their protocol
    evaluations.jsonl with evaluate_every: the same at some epochs
    best.keras        with evaluate_every: the model of the epoch with the smallest distance
    coverage.csv      where modes are known: the same after every epoch
    coverage.npz      where modes are known: samples at some epochs
    cost.json         updates, samples, seconds, peak memory
    checkpoints/      from which an interrupted run goes on; of a finished one the last
    model.keras       the model with its optimizers, to load or to resume
    saved_model/      the generator for TensorFlow Serving
"""

import contextlib
import dataclasses
import logging
import pathlib
import shutil
import tempfile

from geans import callbacks, export, plotting, presets, report, strategies
from geans.experiment import evaluation, loading, making
from geans.experiment.sources import Source, sample_shape
from geans.experiment.sources.base import SAMPLES, finite

FREE = ("epochs", "picture_every", "evaluate_every")
"""What may change when a run is resumed."""

# The shape of images that a network knows which comes with the package.
FEATURES_AT_HAND = (28, 28, 1)

_log = logging.getLogger(__name__)


def run(
    preset,
    run_dir,
    *,
    resume=False,
    overwrite=False,
    data_dir=None,
    checkpoint_every=None,
    strategy=None,
    evaluation_samples=SAMPLES,
):
    """Trains what a preset describes and leaves a run directory.

    A run that ends early, by a signal or without warning, can `resume` from the newest of its
    checkpoints, to the result that it would have had (`callbacks.Checkpoint`).

    Args:
        preset: A `presets.Preset`.
        run_dir: Directory to make.
        resume: Whether to resume the run in `run_dir`.
        overwrite: Whether to replace the run in `run_dir`.
        data_dir: Where tensorflow-datasets finds its data.
        checkpoint_every: Steps between two checkpoints within an epoch, or `None` for none; those
            at the epochs' ends come always.
        strategy: `tf.distribute` strategy to train under, such as `strategies.of_devices(2)`. The
            preset's batch is shared out among its replicas. Of several workers all call `run`
            with the same arguments; the chief alone writes into `run_dir`.
        evaluation_samples: Number of generated, and at most of real, samples that are compared by
            their features, at the end and with the preset's `evaluate_every`.

    A training that meets a NaN stops there, with a warning, and leaves its results all the same.

    Returns:
        The trained model.

    Raises:
        ValueError: If the preset is invalid, if `run_dir` exists and is neither to be resumed
            nor to be overwritten, if it is not writable, or if none of its checkpoints is
            whole; before training.
    """
    run_dir = pathlib.Path(run_dir)
    chief = strategies.is_chief(strategy)
    if chief:
        report.check_run_dir(run_dir, resume=resume, overwrite=overwrite)
    source = Source.of(preset, data_dir)
    preset = making.with_classes(preset, data_dir)
    dataset = making.dataset_of(preset, source)
    model = _model(preset, dataset, run_dir, resume, strategy)
    observers = _observers(preset, source, model, dataset, run_dir, chief, evaluation_samples)
    checkpoint = callbacks.Checkpoint(run_dir, every_steps=checkpoint_every)
    if chief:
        _prepare(preset, run_dir, overwrite)
    diverged = _fit(model, dataset, preset.epochs, [*observers, checkpoint])
    _save(model, run_dir, chief)
    if chief:
        _write_results(model, source, run_dir, diverged, evaluation_samples)
        checkpoint.prune(1)
    return model


def _model(preset, dataset, run_dir, resume, strategy):
    """The model to train: a new one, or that of the newest checkpoint."""
    if resume:
        _check_resume(preset, run_dir)
    with strategy.scope() if strategy else contextlib.nullcontext():
        # As it was made, with the windows that it had: more epochs would mean others.
        model = _model_to_resume(run_dir) if resume else None
        return model or making.make_model(_one_step_at_once(preset, strategy), dataset)


def _prepare(preset, run_dir, overwrite):
    """Makes the run directory, with what is known before training."""
    if overwrite:
        report.clear(run_dir)
    report.check_writable(run_dir)
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    report.write_json(report.versions(), run_dir / "versions.json")


def _fit(model, dataset, epochs, observers):
    """Trains; returns whether it met a NaN and stopped."""
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
    # Saving takes all workers; what the others write is thrown away.
    with contextlib.ExitStack() as stack:
        folder = run_dir if chief else stack.enter_context(tempfile.TemporaryDirectory())
        report.save_model(model, pathlib.Path(folder) / "model.keras")


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
    free = {name: getattr(before, name) for name in FREE}
    if dataclasses.replace(preset, **free) != before:
        changed = [
            field.name
            for field in dataclasses.fields(preset)
            if field.name not in free and getattr(preset, field.name) != getattr(before, field.name)
        ]
        raise ValueError(
            f"A resumed run keeps its options, but these differ: {', '.join(changed)}. "
            f"Only {', '.join(FREE)} may change."
        )
    if preset.epochs > before.epochs and preset.learning_rate_decay != "constant":
        raise ValueError(
            f"The learning rate reaches 0 at epoch {before.epochs}, so that epochs up to "
            f"{preset.epochs} would change nothing. Start a new run with --epochs={preset.epochs}."
        )


def _observers(preset, source, model, dataset, run_dir, chief, samples):
    """Callbacks in their order: first the one that must not count what the others take."""
    observers = [callbacks.Cost(run_dir / "cost.json")]
    if preset.evaluate_every:
        reference = evaluation.reference(source, sample_shape(dataset), samples)
        observers.append(_evaluate(preset, reference, run_dir, samples))
    if source.mixture is not None:
        observers.append(callbacks.Coverage(run_dir, source.mixture))
    pictures = callbacks.SampleGrid(
        run_dir / "pictures", preset.picture_every, picture=source.picture, **source.shown(model)
    )
    if not chief:  # To count and to evaluate the samples takes all workers.
        return observers
    return [
        *observers,
        pictures,
        callbacks.HistoryFile(run_dir / "history.csv"),
        callbacks.Progress(),
    ]


def _evaluate(preset, reference, run_dir, samples):
    return callbacks.Evaluate(
        reference,
        every=preset.evaluate_every,
        samples=samples,
        directory=run_dir,
        keep_best="frechet_distance",
        verbose=0,
    )


def _write_results(model, source, run_dir, diverged, evaluation_samples):
    """Pictures, numbers and the SavedModel of a finished run."""
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
    if model.generator.output_shape[1:] == FEATURES_AT_HAND and not diverged:
        _write_evaluation(run_dir, source.data_dir, evaluation_samples)


def _measure(model, source, samples, diverged):
    """What `metrics.json` holds."""
    found = {"diverged": True} if diverged else {}
    if diverged and source.mixture is None:
        return found
    try:
        measured = source.measure(model, samples)
    except ValueError as error:  # One clip is too few, and those of a collapsed generator alike.
        _log.warning("The samples are not measured. %s", error)
        return found
    return ({"split": measured.split} if measured.split else {}) | measured.numbers | found


def _write_evaluation(run_dir, data_dir, samples):
    try:
        found = evaluation.evaluate(run_dir, data_dir=data_dir, samples=samples)
        evaluation.write(found, run_dir / "evaluation.json")
        print(*found, sep="\n")
    # The run itself is finished, whatever stands in the way: six images are too few.
    except (FloatingPointError, OSError, ValueError) as error:
        _log.warning("The run is not evaluated. %s", error)
