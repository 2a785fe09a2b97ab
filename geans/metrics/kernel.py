"""Kernel distance between sets of features: the KID, if they are Inception's."""

import dataclasses

import numpy as np
import numpy.typing as npt

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class KernelDistance:
    """Result of `kernel_distance`.

    Attributes:
        mean: Mean over subsets of the unbiased squared MMD, which can be negative.
        stddev: Standard deviation over subsets (ddof 0), not of their mean; 0 for one subset.
    """

    mean: float
    stddev: float


def kernel_distance(
    real_features: npt.ArrayLike,
    fake_features: npt.ArrayLike,
    *,
    subsets: int = 100,
    subset_size: int | None = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Computes the unbiased squared maximum mean discrepancy with the kernel (x . y / d + 1)^3.

    Returns a `KernelDistance`, whose expectation does not depend on the number of samples. Subsets
    are drawn as in torch-fidelity: without replacement, real and fake in turn, by `RandomState`.

    Args:
        real_features: Shape (n, d), finite integers or floats, n >= 2.
        fake_features: Shape (m, d), as `real_features`, m >= 2.
        subsets: Number of subsets; ignored if `subset_size` is `None`.
        subset_size: Samples per subset and side, from 2 to min(n, m); `None`: one estimate of all.
        seed: Integer from 0 to 2^32 - 1.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Binkowski et al. 2018 (arXiv 1801.01401), section 4; Gretton et al. 2012, equation 3.

    Example:
        >>> kernel_distance([[0.0], [1.0]], [[0.0], [-1.0]], subset_size=None)
        KernelDistance(mean=0.5, stddev=0.0)
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features, least=2)
    if subset_size is None:
        return KernelDistance(_squared_discrepancy(real, fake), 0.0)
    values.check_count("subsets", subsets)
    _check_subset_size(subset_size, min(len(real), len(fake)))
    values.check_seed(seed, bits=32)
    random = np.random.RandomState(seed)
    distances = [
        _squared_discrepancy(
            real[random.choice(len(real), subset_size, replace=False)],
            fake[random.choice(len(fake), subset_size, replace=False)],
        )
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(distances)), float(np.std(distances)))


def _check_subset_size(subset_size, most):
    if not values.is_count(subset_size) or not 2 <= subset_size <= most:
        raise ValueError(
            f"Subsets have at least 2 samples, and here at most {most}, the smaller number of real "
            f"and fake features. Received: subset_size={subset_size!r}. Draw more samples, pass "
            f"subset_size={most}, or None for one estimate from all samples."
        )


def _squared_discrepancy(real, fake):
    within = _mean_within(real) + _mean_within(fake)
    return float(within - 2 * _sum_of_kernel(real, fake) / (len(real) * len(fake)))


def _mean_within(features):
    """Mean of the kernel over pairs of different samples."""
    itself = sum(
        np.sum(_kernel(np.einsum("ij,ij->i", block, block), features.shape[1]))
        for _, block in feature_arrays.blocks(features)
    )
    pairs = len(features) * (len(features) - 1)
    return (_sum_of_kernel(features, features) - itself) / pairs


def _sum_of_kernel(left, right):
    return sum(
        np.sum(_kernel(rows @ columns.T, left.shape[1]))
        for _, rows in feature_arrays.blocks(left)
        for _, columns in feature_arrays.blocks(right)
    )


def _kernel(products, dimension):
    base = products / dimension + 1
    # NumPy's power of 3 calls pow, twenty times slower.
    return base * base * base
