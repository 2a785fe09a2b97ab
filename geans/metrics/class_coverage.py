"""Coverage and precision class by class: which of them a generator forgets, or spoils."""

import dataclasses

import numpy as np

from geans.metrics import feature_arrays, precision_recall


@dataclasses.dataclass(frozen=True)
class ClassCoverage:
    """What `coverage_per_class` found.

    Attributes:
        coverage: Share of the real samples of a class whose neighbourhood holds a fake sample, in
            [0, 1]: a dict from the class's label, in the order of the labels.
        precision: Share of the fake samples that show a class which are within the neighbourhood
            of some real sample, likewise; `None` without labels of the fakes.
    """

    coverage: dict
    precision: dict | None


def coverage_per_class(real_features, real_labels, fake_features, *, fake_labels=None, k=5):
    """The coverage of `prdc` within each class of the real samples.

    A generator that leaves a rare class out loses little of the coverage over all classes together,
    and all of this class's. Neighbourhoods are those of `prdc`, among the samples of all classes;
    so the mean of the classes' coverages, weighted by their sizes, is the coverage of `prdc`.

    Args:
        real_features: Shape (n, d), finite integers or floats, n > k.
        real_labels: Integers, shape (n,).
        fake_features: Shape (m, d), the same, m > k.
        fake_labels: Integers, shape (m,): the classes that the fakes show, as a classifier says,
            such as `features.digits28.classify`. For `precision`.
        k: Which nearest neighbour ends a neighbourhood.

    Returns:
        A `ClassCoverage`.

    Raises:
        ValueError: If labels are not integers or not one per row, features are too few for k, not
            finite, or of different dimensions.

    Example:
        >>> real, labels = [[0.0], [1.0], [7.0], [9.0]], [0, 0, 3, 3]
        >>> coverage_per_class(real, labels, [[0.5], [1.5]], k=1).coverage
        {0: 1.0, 3: 0.0}

    Reference:
        Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models",
        section 3, for coverage.
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
