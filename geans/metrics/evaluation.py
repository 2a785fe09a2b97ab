"""Several numbers at once, each with its protocol, from the features of real and fake images."""

import dataclasses

import numpy as np

import geans
from geans.metrics.class_coverage import coverage_per_class
from geans.metrics.frechet import frechet_distance_of
from geans.metrics.inception_score import inception_score
from geans.metrics.kernel import kernel_distance
from geans.metrics.measurement import Measurement
from geans.metrics.precision_recall import prdc

SUBSETS, SUBSET_SIZE = 100, 1_000
NEIGHBOURS = 5
SPLITS = 10

# A class of fewer real images is a classifier's error, more likely than a class of the data.
SMALLEST_CLASS = 0.01


@dataclasses.dataclass(frozen=True)
class _Found:
    """What a metric says of two `FeatureSet`s."""

    values: dict  # From name to a number, or a pair of mean and standard deviation.
    options: dict = dataclasses.field(default_factory=dict)
    needs_real: bool = True


def _frechet_distance(real, fake):
    return _Found({"frechet_distance": frechet_distance_of(real.statistics, fake.statistics)})


def _kernel_distance(real, fake):
    options = {"subsets": SUBSETS, "subset_size": min(SUBSET_SIZE, real.count, fake.count)}
    found = kernel_distance(real.features, fake.features, seed=0, **options)
    return _Found({"kernel_distance": (found.mean, found.stddev)}, options)


def _prdc(real, fake):
    found = prdc(real.features, fake.features, k=NEIGHBOURS)
    return _Found(dataclasses.asdict(found), {"k": NEIGHBOURS})


def _class_coverage(real, fake):
    shown = np.argmax(real.logits, axis=1)
    shares = np.bincount(shown) / len(shown)
    found = coverage_per_class(real.features, shown, fake.features, k=NEIGHBOURS)
    coverages = {
        label: coverage
        for label, coverage in found.coverage.items()
        if shares[label] >= SMALLEST_CLASS
    }
    least = min(coverages, key=coverages.get)
    values = {"least_class_coverage": coverages[least]}
    return _Found(values, {"k": NEIGHBOURS, "class": least, "classes": len(coverages)})


def _inception_score(real, fake):
    found = inception_score(fake.logits, splits=SPLITS)
    values = {"inception_score": (found.mean, found.stddev)}
    return _Found(values, {"splits": SPLITS}, needs_real=False)


METRICS = {
    "frechet_distance": _frechet_distance,
    "kernel_distance": _kernel_distance,
    "prdc": _prdc,
    "class_coverage": _class_coverage,
    "inception_score": _inception_score,
}
"""Names that `measure` takes."""

_NAMES = {
    "prdc": ("precision", "recall", "density", "coverage"),
    "class_coverage": ("least_class_coverage",),
}

SMALLER_IS_BETTER = ("frechet_distance", "kernel_distance")
"""Of all other numbers the larger one is better."""

# Of each kind, where more than two are needed.
_FEWEST = {"prdc": NEIGHBOURS + 1, "class_coverage": NEIGHBOURS + 1, "inception_score": SPLITS}

_CLASSIFYING = {"class_coverage", "inception_score"}

DEFAULT = ("frechet_distance", "kernel_distance", "prdc")


def check_names(names):
    """Refuses what is no sequence of names in `METRICS`.

    Raises:
        ValueError: If it is not.
    """
    listed = isinstance(names, (list, tuple)) and names
    unknown = [name for name in names if name not in METRICS] if listed else names
    if not listed or unknown:
        raise ValueError(
            f"metrics must be a list of names out of {', '.join(METRICS)}. Received: {unknown!r}."
        )


def names_of(metrics):
    """The names of the numbers that `measure` gives for some metrics.

    Example:
        >>> names_of(["frechet_distance", "prdc"])
        ('frechet_distance', 'precision', 'recall', 'density', 'coverage')
    """
    return tuple(name for metric in metrics for name in _NAMES.get(metric, (metric,)))


def needs_rows(names):
    """Whether any of these metrics needs every row of features, not their statistics alone.

    Example:
        >>> needs_rows(["frechet_distance"])
        False
    """
    return set(names) != {"frechet_distance"}


def check_possible(names, real, fake_count, classifies):
    """Refuses metrics that cannot be computed, before anything is generated or trained for them.

    Args:
        names: Names in `METRICS`.
        real: A `FeatureSet` of real images.
        fake_count: How many generated images there will be; `None` if nobody knows yet.
        classifies: Whether the feature network has logits.

    Raises:
        ValueError: If there are too few images for one of them, rows of `real` were not kept, or
            logits are missing.
    """
    for name in names:
        counts = {} if name == "inception_score" else {"real": real.count}
        counts |= {} if fake_count is None else {"generated": fake_count}
        least = _FEWEST.get(name, 2)
        if min(counts.values(), default=least) < least:
            received = " and ".join(f"{count} {kind}" for kind, count in counts.items())
            raise ValueError(
                f"{name} needs at least {least} images of each kind that it looks at. Received: "
                f"{received} ones. Take more, or choose metrics without {name}."
            )
    unclassified = [name for name in names if name in _CLASSIFYING and not classifies]
    if unclassified:
        raise ValueError(
            f"{unclassified[0]} needs features that classify, such as digits28. Received: "
            f"{real.network.name}, which has no logits."
        )
    if {"kernel_distance", "prdc", "class_coverage"} & set(names) and real.features is None:
        raise ValueError(
            "Metrics but the Fréchet distance need every row of features. Received: statistics "
            f"alone of {real.origin}. Extract them with keep=True."
        )


def measure(real, fake, metrics=DEFAULT):
    """Compares two sets of features.

    Args:
        real: A `FeatureSet` of real images.
        fake: One of generated images, by the same network.
        metrics: Names in `METRICS`.

    Returns:
        A list of `Measurement`s, in the order of the names.

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
        _measurement(name, value, found, real, fake)
        for found in (METRICS[name](real, fake) for name in metrics)
        for name, value in found.values.items()
    ]


def _measurement(name, value, found, real, fake):
    value, stddev = value if isinstance(value, tuple) else (value, None)
    return Measurement(
        metric=name,
        value=value,
        stddev=stddev,
        options=found.options,
        features=real.network.name,
        checksum=real.network.checksum,
        resize=real.network.resize,
        real=real.origin if found.needs_real else None,
        real_count=real.count,
        fake=fake.origin,
        fake_count=fake.count,
        version=geans.__version__,
    )
