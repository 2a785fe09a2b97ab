"""Advice when a training goes wrong: what is conspicuous in a run on images, and what to try."""

import dataclasses
import itertools
import json
import math

import numpy as np

from geans import files, metrics, presets, report, values
from geans.experiment import checks, families, loading, making
from geans.experiment.sources.base import Source, finite, first, sample_shape
from geans.types import PathLike

SAMPLES = 500
"""Default number of samples, and of training images, to look at."""

MOST_SAMPLES = 5_000
"""Most samples to look at, as all pairs are compared."""

LEAST_SAMPLES, MOST_VALUES = 64, 2**22
"""At the end of a run: fewer than `SAMPLES`, but not fewer than 64, if they have more values.

340 RGB images of 64x64 pixels, so that it takes seconds.
"""

CAUSES = ("divergence", "updates", "data range")
"""Names of findings that do not follow from too few updates."""


def diagnose(
    run_dir: PathLike,
    *,
    data: str | None = None,
    data_dir: PathLike | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> list[checks.Finding]:
    """Looks for what went wrong in a run on images.

    Args:
        run_dir: Directory of a run.
        data: As in `evaluate`.
        data_dir: Where tensorflow-datasets finds its data.
        samples: Number of samples, and at most of training images, to look at.
        seed: Integer that fixes the latents.

    Returns:
        A list of `checks.Finding`s; empty if nothing is conspicuous.

    Raises:
        ValueError: If the run or its data are not found, damaged or not images, or an argument does
            not fit.
    """
    found = examine(run_dir, data=data, data_dir=data_dir, samples=samples, seed=seed)
    return [finding for finding in found if finding.conspicuous]


def examine(run_dir, *, data=None, data_dir=None, samples=SAMPLES, seed=0):
    """Returns the findings of all checks, conspicuous or not; the rest as in `diagnose`."""
    values.check_count("samples", samples, least=2, most=MOST_SAMPLES)
    report.check_trained(run_dir)
    preset = presets.read(files.path_of(run_dir) / "preset.json")
    source = Source.of(presets.moved(preset, data, data_dir), data_dir)
    dataset = None if source.translates else making.dataset_of(preset, source)
    if not is_of_images(source, dataset):
        raise ValueError(
            "Only runs on images are looked at, not those on points, clips or translations. "
            f"Received: a run on {preset.data}."
        )
    return examine_run(run_dir, source, dataset, samples=samples, seed=seed)


def is_of_images(source, dataset):
    """Returns whether a run on such data can be examined."""
    return not source.translates and len(sample_shape(dataset)) == 3


def at_the_end(run_dir, source, dataset, model):
    """Examines a run that has just ended, in seconds; prints and writes what was found.

    Arguments as in `examine_run`.
    """
    if not is_of_images(source, dataset):
        return
    fit = MOST_VALUES // math.prod(sample_shape(dataset))
    samples = min(SAMPLES, max(LEAST_SAMPLES, fit))
    found = examine_run(run_dir, source, dataset, samples=samples, model=model)
    report.write_json([dataclasses.asdict(each) for each in found], run_dir / "advice.json")
    print(*lines(found), sep="\n")


def examine_run(run_dir, source, dataset, *, samples=SAMPLES, seed=0, model=None):
    """Returns the findings of all checks, a list of `checks.Finding`s.

    Args:
        run_dir: Directory of a run.
        source: Its `Source`.
        dataset: The batches it was trained on.
        samples, seed: As in `diagnose`.
        model: As in `evaluate`; judging moves its statistics of batch normalization.
    """
    run_dir = files.path_of(run_dir)
    model = model or loading.load(run_dir)
    real, labels = first(dataset.as_numpy_iterator(), samples)
    fake, raw = (_sample(model, len(real), labels, seed, ema) for ema in (True, False))
    judged = None
    if finite(fake) and finite(raw):
        held_out = source.held_out(samples, labels=labels is not None)
        batch_size = presets.read(run_dir / "preset.json").batch_size
        judged = _overfitting(model, batch_size, (real, labels), (raw, labels), held_out)
    diverged = _has_diverged(run_dir) or judged is None
    history = report.read_history(run_dir / "history.csv")
    evidence = checks.Evidence(model, diverged, history, real, fake, judged)
    chosen = checks.CHECKS if judged else checks.WITHOUT_SAMPLES
    return [finding for check in chosen for finding in check(evidence)]


def lines(found):
    """Returns the lines that tell a person what was found."""
    conspicuous = [each for each in found if each.conspicuous]
    late = []
    if "updates" in {each.name for each in conspicuous}:
        late = [each for each in conspicuous if each.name not in CAUSES]
        conspicuous = [each for each in conspicuous if each.name in CAUSES]
    told = [
        " ".join([*(each.text for each in group), advice])
        for advice, group in itertools.groupby(conspicuous, lambda each: each.advice)
    ]
    if late:
        names = ", ".join(each.name for each in late)
        told.append(f"Conspicuous as well, but perhaps only because it is early: {names}.")
    looked = ", ".join(f"{each.name} {_number(each.value)}" for each in found)
    return [*(told or ["Nothing conspicuous."]), f"Looked at: {looked}."]


def _number(value):
    value = round(float(value), 2)
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"


def _sample(model, count, labels, seed, ema):
    _, conditions = families.balanced_conditions(model, count)
    if labels is not None:  # In the proportions of the training images.
        conditions = {"labels": labels}
    return model.sample(count, seed, ema, **conditions)


def _overfitting(model, batch_size, real, fake, held_out):
    neutral = checks.neutral_logit(model.loss) or 0.0
    sets = (real, fake) if held_out is None else (real, fake, held_out)
    logits = [_logits(model, *each, batch_size) for each in sets]
    return metrics.overfitting(*logits, neutral=neutral) if all(map(finite, logits)) else None


def _logits(model, images, labels, batch_size):
    """Returns the logits of images as in training: augmented, in batches of one kind."""
    labelled = isinstance(model.discriminator.input_shape, list)
    found = []
    # Without a last, smaller batch, unless it is the only one.
    for start in range(0, max(1, len(images) - batch_size + 1), batch_size):
        part = slice(start, start + batch_size)
        conditions = [labels[part]] if labelled else []
        options = {"seed": (0, start), "training": True}
        found.append(np.ravel(model.logits(images[part], *conditions, **options)))
    return np.concatenate(found)


def _has_diverged(run_dir):
    path = run_dir / "metrics.json"
    if not path.is_file():
        return False
    try:
        return bool(json.loads(path.read_text()).get("diverged", False))
    except (AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error!r}). Repair or remove it.") from error
