"""Several metrics at once, each with its protocol, from features of real and fake images."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import geans
from geans import values
from geans.metrics.class_coverage import coverage_per_class
from geans.metrics.feature_set import FeatureSet
from geans.metrics.frechet import frechet_distance_of
from geans.metrics.inception_score import inception_score
from geans.metrics.kernel import kernel_distance
from geans.metrics.measurement import Measurement
from geans.metrics.precision_recall import prdc

NEIGHBOURS = 5
SPLITS = 10
SHUFFLE = 2020  # As in torch-fidelity.

# A class of fewer real images is a classifier's error, more likely than a class of the data.
SMALLEST_CLASS = 0.01


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric that compares two `FeatureSet`s; `METRICS` lists them.

    Args:
        function: From real and fake `FeatureSet` to a dict from name to number or (mean, standard
            deviation), and a dict of the options to record.
        names: Names of its numbers.
        smaller_is_better: Whether it is a distance.
        least: Minimum number of images of each kind.
        needs_real: Whether it uses the real images.
        needs_rows: Whether it needs every row of the features, not only their statistics.
        needs_logits: Whether the feature network must be a classifier.
        by_default: Whether it is measured if no metrics are named.
    """

    function: Callable[[FeatureSet, FeatureSet], tuple[dict[str, Any], dict[str, Any]]]
    names: tuple[str, ...]
    smaller_is_better: bool = False
    least: int = 2
    needs_real: bool = True
    needs_rows: bool = True
    needs_logits: bool = False
    by_default: bool = False


def _frechet_distance(real, fake):
    return {"frechet_distance": frechet_distance_of(real.statistics, fake.statistics)}, {}


def _kernel_distance(real, fake):
    options = {"subsets": 100, "subset_size": min(1_000, real.count, fake.count)}
    found = kernel_distance(real.features, fake.features, seed=0, **options)
    return {"kernel_distance": (found.mean, found.stddev)}, options


def _prdc(real, fake):
    found = prdc(real.features, fake.features, k=NEIGHBOURS)
    return dataclasses.asdict(found), {"k": NEIGHBOURS}


def _class_coverage(real, fake):
    shown = np.argmax(real.logits, axis=1)
    shares = np.bincount(shown) / len(shown)
    found = coverage_per_class(real.features, shown, fake.features, k=NEIGHBOURS).coverage
    frequent = [label for label in found if shares[label] >= SMALLEST_CLASS]
    if not frequent:
        raise ValueError(
            f"class_coverage needs a class of at least {SMALLEST_CLASS:.0%} of the real images, "
            f"which {real.network.name} does not find in {real.origin}."
        )
    least = min(frequent, key=found.get)
    options = {"k": NEIGHBOURS, "class": least, "classes": len(frequent)}
    return {"least_class_coverage": found[least]}, options


def _inception_score(real, fake):
    # The rows of a `FeatureSet` are sorted by image, equal ones side by side.
    found = inception_score(fake.logits, splits=SPLITS, seed=SHUFFLE)
    options = {"splits": SPLITS, "shuffle": SHUFFLE}
    return {"inception_score": (found.mean, found.stddev)}, options


METRICS = {
    "frechet_distance": Metric(
        _frechet_distance,
        names=("frechet_distance",),
        smaller_is_better=True,
        needs_rows=False,
        by_default=True,
    ),
    "kernel_distance": Metric(
        _kernel_distance, names=("kernel_distance",), smaller_is_better=True, by_default=True
    ),
    "prdc": Metric(
        _prdc,
        names=("precision", "recall", "density", "coverage"),
        least=NEIGHBOURS + 1,
        by_default=True,
    ),
    "class_coverage": Metric(
        _class_coverage,
        names=("least_class_coverage",),
        least=NEIGHBOURS + 1,
        needs_logits=True,
    ),
    "inception_score": Metric(
        _inception_score,
        names=("inception_score",),
        least=SPLITS,
        needs_real=False,
        needs_logits=True,
    ),
}
"""The metrics that `measure` takes, by name."""

DEFAULT = tuple(name for name, metric in METRICS.items() if metric.by_default)


def check_names(names):
    """Raises a `ValueError` unless `names` is a non-empty list or tuple of names in `METRICS`."""
    listed = isinstance(names, (list, tuple)) and names
    unknown = [name for name in names if name not in METRICS] if listed else names
    if not listed or unknown:
        raise ValueError(
            f"metrics must be a list of names out of {', '.join(METRICS)}. Received: {unknown!r}."
            f"{''.join(values.did_you_mean(name, METRICS) for name in unknown) if listed else ''}"
        )


def names_of(metrics):
    """Returns the names of the numbers that `measure` gives for some metrics."""
    return tuple(name for metric in metrics for name in METRICS[metric].names)


def smaller_is_better(name):
    """Returns whether a smaller value of the number of that name is better."""
    return any(name in each.names and each.smaller_is_better for each in METRICS.values())


def needs_rows(names):
    """Returns whether any of the metrics needs every row of features, not only their statistics."""
    return any(METRICS[name].needs_rows for name in names)


def check_possible(names, real, fake_count, classifies):
    """Raises a `ValueError` if a metric lacks images, rows or logits.

    Args:
        names: Names in `METRICS`.
        real: A `FeatureSet` of real images.
        fake_count: Number of generated images; `None` if unknown.
        classifies: Whether the feature network has logits.
    """
    for name in names:
        metric = METRICS[name]
        counts = {"real": real.count} if metric.needs_real else {}
        counts |= {} if fake_count is None else {"generated": fake_count}
        if min(counts.values(), default=metric.least) < metric.least:
            received = " and ".join(f"{count} {kind}" for kind, count in counts.items())
            raise ValueError(
                f"{name} needs at least {metric.least} images of each kind that it looks at. "
                f"Received: {received} ones. Take more, or choose metrics without {name}."
            )
        if metric.needs_logits and not classifies:
            raise ValueError(
                f"{name} needs features that classify, such as digits28. Received: "
                f"{real.network.name}, which has no logits."
            )
        if metric.needs_rows and metric.needs_real and real.features is None:
            raise ValueError(
                f"{name} needs every row of features. Received: statistics alone of {real.origin}. "
                "Extract them with keep=True."
            )


def measure(
    real: FeatureSet, fake: FeatureSet, metrics: Sequence[str] = DEFAULT
) -> list[Measurement]:
    """Compares the features of real and generated images; returns a list of `Measurement`s.

    Args:
        real: A `FeatureSet` of real images.
        fake: A `FeatureSet` of generated images, from the same network.
        metrics: Names in `METRICS`, which order the result.

    Raises:
        ValueError: If a name is unknown, the networks differ, or there are too few images.
    """
    check_names(metrics)
    if (real.network.name, real.network.checksum) != (fake.network.name, fake.network.checksum):
        raise ValueError(
            "Features of different networks cannot be compared. Received: "
            f"{real.network.name} {real.network.checksum} for the real images, "
            f"{fake.network.name} {fake.network.checksum} for the generated ones."
        )
    check_possible(metrics, real, fake.count, fake.logits is not None)
    return [
        _measurement(name, value, options, METRICS[metric].needs_real, real, fake)
        for metric in metrics
        for numbers, options in [METRICS[metric].function(real, fake)]
        for name, value in numbers.items()
    ]


def _measurement(name, value, options, needs_real, real, fake):
    value, stddev = value if isinstance(value, tuple) else (value, None)
    return Measurement(
        metric=name,
        value=value,
        stddev=stddev,
        options=options,
        features=real.network.name,
        checksum=real.network.checksum,
        resize=real.network.resize,
        real=real.origin if needs_real else None,
        real_count=real.count,
        fake=fake.origin,
        fake_count=fake.count,
        version=geans.__version__,
    )
