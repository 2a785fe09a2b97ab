"""Several numbers at once, each with its protocol, from the features of real and fake images."""

import dataclasses

import geans
from geans.metrics.frechet import frechet_distance_of
from geans.metrics.inception_score import inception_score
from geans.metrics.kernel import kernel_distance
from geans.metrics.measurement import Measurement
from geans.metrics.precision_recall import prdc

SUBSETS, SUBSET_SIZE = 100, 1_000
NEIGHBOURS = 5
SPLITS = 10


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


def _inception_score(real, fake):
    found = inception_score(fake.logits, splits=SPLITS)
    values = {"inception_score": (found.mean, found.stddev)}
    return _Found(values, {"splits": SPLITS}, needs_real=False)


METRICS = {
    "frechet_distance": _frechet_distance,
    "kernel_distance": _kernel_distance,
    "prdc": _prdc,
    "inception_score": _inception_score,
}
"""Names that `measure` takes."""

# The k-th nearest neighbour is another one; a split holds an image.
_LEAST = {
    "frechet_distance": 2,
    "kernel_distance": 2,
    "prdc": NEIGHBOURS + 1,
    "inception_score": SPLITS,
}

_NAMES = {"prdc": ("precision", "recall", "density", "coverage")}

SMALLER_IS_BETTER = ("frechet_distance", "kernel_distance")
"""Of all other numbers the larger one is better."""

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


def check_enough(names, count, network_answer):
    """Refuses metrics that need more images, or logits where there are none.

    Args:
        names: Names in `METRICS`.
        count: The smaller number of images.
        network_answer: What the feature network makes of some images, or a `FeatureSet`'s rows: a
            dict with "logits" or without.

    Raises:
        ValueError: If a metric cannot be computed so.
    """
    for name in names:
        if count < _LEAST[name]:
            raise ValueError(
                f"{name} needs at least {_LEAST[name]} images of each kind. Received: {count}."
            )
    if "inception_score" in names and network_answer.get("logits") is None:
        raise ValueError(
            "inception_score needs features that classify, such as digits28. The features received "
            "have no logits."
        )


def needs_rows(names):
    """Whether any of these metrics needs every row of features, not their statistics alone.

    Example:
        >>> needs_rows(["frechet_distance"])
        False
    """
    return set(names) != {"frechet_distance"}


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
    check_enough(metrics, min(real.count, fake.count), {"logits": fake.logits})
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
