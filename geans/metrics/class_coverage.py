"""Coverage and precision per class, which show the classes that a generator misses."""

import dataclasses

import numpy as np
import numpy.typing as npt

from geans.metrics import feature_arrays, precision_recall


@dataclasses.dataclass(frozen=True)
class ClassCoverage:
    """Result of `coverage_per_class`: dicts from class label, in ascending order, to share.

    Attributes:
        coverage: Share of a class's real samples whose neighbourhood holds a fake, in [0, 1].
        precision: Share of a class's fakes in a real sample's neighbourhood; `None` without labels.
    """

    coverage: dict[int, float]
    precision: dict[int, float] | None


def coverage_per_class(
    real_features: npt.ArrayLike,
    real_labels: npt.ArrayLike,
    fake_features: npt.ArrayLike,
    *,
    fake_labels: npt.ArrayLike | None = None,
    k: int = 5,
) -> ClassCoverage:
    """Computes the coverage of `prdc` within each class of the real samples, a `ClassCoverage`.

    Neighbourhoods are among the samples of all classes, so the mean of the classes' coverages,
    weighted by their sizes, is the coverage of `prdc`.

    Args:
        real_features: Shape (n, d), finite integers or floats, n > k.
        real_labels: Integers, shape (n,).
        fake_features: Shape (m, d), as `real_features`, m > k.
        fake_labels: Integers (m,), such as from `features.digits28.classify`, or `None`.
        k: The k-th nearest neighbour bounds a neighbourhood.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Naeem et al. 2020 (arXiv 2002.09797), section 3.

    Example:
        >>> real, labels = [[0.0], [1.0], [7.0], [9.0]], [0, 0, 3, 3]
        >>> coverage_per_class(real, labels, [[0.5], [1.5]], k=1).coverage
        {0: 1.0, 3: 0.0}
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features)
    real_labels = feature_arrays.checked_labels("real_labels", real_labels, len(real))
    if fake_labels is not None:
        fake_labels = feature_arrays.checked_labels("fake_labels", fake_labels, len(fake))
    found = precision_recall.neighbourhoods(real, fake, k=k)
    return ClassCoverage(
        _means(found.covered, real_labels),
        None if fake_labels is None else _means(found.precise, fake_labels),
    )


def _means(flags, labels):
    classes = np.unique(labels).tolist()
    return {label: float(np.mean(flags[labels == label])) for label in classes}
