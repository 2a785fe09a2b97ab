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

import numpy as np

from geans import (
    callbacks,
    export,
    metrics,
    plotting,
    presets,
    report,
    strategies,
)
from geans.experiment import evaluation, families, loading, making, translating

FREE = ("epochs", "picture_every", "evaluate_every")
"""What may change when a run is resumed."""

SAMPLES_TO_SHOW = {2: 2_500, 4: 64, 5: 8}
"""By the rank of a batch: points, images, clips frame by frame."""

CLIPS_TO_MOVE = 36

# The shape of images that a network knows which comes with the package.
FEATURES_AT_HAND = (28, 28, 1)


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
    mixture = making.make_mixture(preset, data_dir)
    preset = making.with_classes(preset, data_dir)
    dataset = making.dataset_of(preset, mixture, data_dir)
    if resume:
        _check_resume(preset, run_dir)
    # As it was made, with the windows that it had: more epochs would mean others.
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = _model_to_resume(run_dir) if resume else None
        model = model or making.make_model(_one_step_at_once(preset, strategy), dataset)
    examples = None
    if translating.is_translation(model):
        examples = translating.examples(preset, data_dir)
    shown = _to_show(model, examples)
    observers = _observers(preset, mixture, run_dir, dataset, data_dir, shown)
    checkpoint = callbacks.Checkpoint(run_dir, every_steps=checkpoint_every)
    if chief:
        if overwrite:
            report.clear(run_dir)
        report.check_writable(run_dir)
        report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
        report.write_json(report.versions(), run_dir / "versions.json")
    else:
        # To count the samples takes all workers.
        counting = (callbacks.Cost, callbacks.Coverage, callbacks.Evaluate)
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
    diverged = _write_results(model, mixture, run_dir, diverged, shown, examples)
    if model.generator.output_shape[1:] == FEATURES_AT_HAND and not diverged:
        _write_evaluation(run_dir, data_dir)
    if preset.data.startswith("video:") and not diverged:
        _write_motion(model, preset, run_dir, data_dir)
    checkpoint.prune(1)
    return model


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


def _to_show(model, examples):
    """How many samples a picture has, in how many columns, and how they are drawn."""
    if examples is not None:
        return {"columns": translating.COLUMNS, "draw": examples.draw}
    count = SAMPLES_TO_SHOW[len(model.generator.output_shape)]
    classes, _ = families.codes_in_turn(model, 0)
    if classes is None:
        return {"count": count}
    # Whole rows, a column for each class.
    count = classes * max(1, round(count / classes))
    _, codes = families.codes_in_turn(model, count)
    return {"count": count, "columns": classes, "conditions": codes}


def _observers(preset, mixture, run_dir, dataset, data_dir, shown):
    pictures = callbacks.SampleGrid(
        run_dir / "pictures", preset.picture_every, mixture=mixture, **shown
    )
    history = callbacks.HistoryFile(run_dir / "history.csv")
    observers = [pictures, history, callbacks.Progress()]
    if mixture is not None:
        observers.insert(0, callbacks.Coverage(run_dir, mixture))
    if preset.evaluate_every:
        shape = making.sample_shape(dataset)
        reference = evaluation.reference(preset, mixture, data_dir, shape)
        observers.insert(0, _evaluate(preset, reference, run_dir))
    # First, so that it does not count what the others take.
    return [callbacks.Cost(run_dir / "cost.json"), *observers]


def _evaluate(preset, reference, run_dir):
    return callbacks.Evaluate(
        reference,
        every=preset.evaluate_every,
        directory=run_dir,
        keep_best="frechet_distance",
        verbose=0,
    )


def _write_results(model, mixture, run_dir, diverged, shown, examples):
    history = report.read_history(run_dir / "history.csv")
    history.pop("epoch", None)
    if history:
        plotting.save(plotting.training_curves(history), run_dir / "curves.png")
    if examples is not None:
        samples, to_show = examples.draw(model), None
    else:
        to_show = shown["count"]
        count = to_show if mixture is None else mixture.samples_to_measure
        samples = model.sample(count, seed=0, **shown.get("conditions", {}))
    figure = picture(samples[:to_show], mixture, columns=shown.get("columns"))
    plotting.save(figure, run_dir / "samples.png")
    diverged = diverged or not np.isfinite(samples).all()
    found = _measure(samples, mixture, diverged)
    if examples is not None and not diverged:
        found |= {"split": examples.split, **examples.measure(model)}
    if found:
        report.write_json(found, run_dir / "metrics.json")
    shutil.rmtree(run_dir / "saved_model", ignore_errors=True)
    export.saved_model(model, run_dir / "saved_model")
    return diverged


def _write_evaluation(run_dir, data_dir):
    try:
        found = evaluation.evaluate(run_dir, data_dir=data_dir)
        evaluation.write(found, run_dir / "evaluation.json")
        print(*found, sep="\n")
    # The run itself is finished, whatever stands in the way: six images are too few.
    except (FloatingPointError, OSError, ValueError) as error:
        logging.getLogger(__name__).warning("The run is not evaluated. %s", error)


def _write_motion(model, preset, run_dir, data_dir):
    clips = model.sample(evaluation.CLIPS, seed=0)
    plotting.clip_animation(clips[:CLIPS_TO_MOVE], run_dir / "samples.gif")
    try:
        found = evaluation.motion(evaluation.real_clips(preset, data_dir), clips)
        report.write_json(found, run_dir / "metrics.json")
    except ValueError as error:  # One clip is too few, and those of a collapsed generator alike.
        logging.getLogger(__name__).warning("The motion is not measured. %s", error)


def _measure(samples, mixture, diverged):
    mark = {"diverged": True} if diverged else {}
    if mixture is None:
        return mark
    return dataclasses.asdict(metrics.mode_coverage_or_nothing(samples, mixture)) | mark


def picture(samples, mixture=None, columns=None):
    """Samples as a figure: images, clips frame by frame, or points over the modes of `mixture`."""
    if np.ndim(samples) == 4:
        return plotting.image_grid(samples, columns)
    if np.ndim(samples) == 5:
        return plotting.clip_rows(samples)
    real = mixture.sample(len(samples))
    coverage = metrics.mode_coverage(samples, mixture) if np.isfinite(samples).all() else None
    return plotting.scatter(real, samples, mixture, coverage=coverage)
