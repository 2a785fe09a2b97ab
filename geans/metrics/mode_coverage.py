"""How many modes of known data a generator reaches, and how evenly."""

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from geans.metrics import feature_arrays, stacked_digits

GOOD_RADIUS = 3  # Standard deviations.


@dataclasses.dataclass(frozen=True)
class ModeCoverage:
    """Result of `mode_coverage`.

    Attributes:
        modes: Number of modes with at least one high-quality sample.
        high_quality_fraction: Share of high-quality samples, in [0, 1]; `None` for stacked digits.
        reverse_kl: KL(share of high-quality samples per mode || uniform) in nats, from 0 (even) to
            the logarithm of the number of modes; infinity without a high-quality sample.
        covered_modes: Number of modes with at least a tenth of their fair share of samples.
    """

    modes: int
    high_quality_fraction: float | None
    reverse_kl: float
    covered_modes: int


# What a generator of points has covered that has diverged: its samples are not finite.
NOTHING = ModeCoverage(modes=0, high_quality_fraction=0.0, reverse_kl=math.inf, covered_modes=0)


def mode_coverage(samples: npt.ArrayLike, real: Any) -> ModeCoverage:
    """Counts the modes of known data that generated points or stacked digits reach.

    A point is of high quality within 3 standard deviations of its nearest mode. Every image of
    stacked digits is: a classifier says which digit each channel shows. One high-quality sample
    reaches a mode; n / (10 M) of them cover it. The share of high-quality samples alone does not
    fall when the generator collapses onto one mode.

    The true distribution has, on average, a reverse KL of (M - 1) / 2n, and in two dimensions a
    high-quality share of 1 - exp(-4.5) = 98.9 %. The classes of stacked MNIST are not quite equal:
    26,000 real samples have a reverse KL of about 0.024.

    Args:
        samples: Finite points (n, d), or images (n, size, size, channels) in [-1, 1].
        real: For points, an object with `centers` (M, d) and one `stddev`, such as
            `data.mixtures.ring()`; for images one with `source` and `channels`, such as
            `data.stacked.mnist()`.

    Returns:
        A `ModeCoverage`.

    Raises:
        ValueError: If `samples` is empty, not finite, or not of the shape of the real data.

    Reference:
        Metz et al. 2017 (arXiv 1611.02163), stacked digits; Srivastava et al. 2017 (arXiv
        1705.07761), modes and high-quality samples; Lin et al. 2018 (arXiv 1712.04086), reverse
        KL. Covered modes are this library's own, stricter count.

    Example:
        >>> from types import SimpleNamespace
        >>> pair = SimpleNamespace(centers=[[0.0, 0.0], [1.0, 0.0]], stddev=0.1)
        >>> mode_coverage([[0.0, 0.1], [1.0, 0.2], [0.5, 0.0], [0.0, 0.0]], pair).modes
        2
    """
    if not _are_points(real) and not hasattr(real, "source"):
        raise ValueError(
            "mode_coverage needs data whose modes are known, such as data.mixtures.ring(). "
            f"Received: {real!r}."
        )
    if not _are_points(real):
        counts = stacked_digits.samples_per_mode(samples, real)
        return _from_counts(counts, np.shape(samples)[0], high_quality_fraction=None)
    centers = np.asarray(real.centers, dtype="float64")
    samples = _finite_points(samples, dimension=centers.shape[1])
    counts = _good_samples_per_mode(samples, centers, GOOD_RADIUS * real.stddev)
    return _from_counts(
        counts, len(samples), high_quality_fraction=float(counts.sum() / len(samples))
    )


def mode_coverage_or_nothing(samples: npt.ArrayLike, real: Any) -> ModeCoverage:
    """Returns `mode_coverage`, or zero modes if samples are not finite (a diverged generator)."""
    if np.isfinite(samples).all():
        return mode_coverage(samples, real)
    fraction = 0.0 if _are_points(real) else None
    return dataclasses.replace(NOTHING, high_quality_fraction=fraction)


def _are_points(real):
    return hasattr(real, "centers")


def _from_counts(counts, samples, high_quality_fraction):
    # In integers, count >= n / (10 M) has no rounding.
    has_mass = counts * 10 * len(counts) >= samples
    return ModeCoverage(
        modes=int(np.count_nonzero(counts)),
        high_quality_fraction=high_quality_fraction,
        reverse_kl=_divergence_from_uniform(counts),
        covered_modes=int(np.count_nonzero(has_mass)),
    )


def _finite_points(samples, dimension) -> np.ndarray:
    try:
        samples = np.asarray(samples, dtype="float64")
    except TypeError as error:
        raise ValueError(f"Samples must be numbers. Received: {samples!r}.") from error
    if samples.ndim != 2 or samples.shape[1] != dimension or not len(samples):
        raise ValueError(
            f"mode_coverage needs at least one point as an array of shape (n, {dimension}), "
            f"the dimension of the mixture's centers. Received: shape {samples.shape}."
        )
    feature_arrays.check_samples("samples", samples)
    return samples


def _good_samples_per_mode(samples, centers, radius):
    distances = np.linalg.norm(samples[:, None] - centers, axis=-1)
    good = distances.min(axis=1) <= radius
    return np.bincount(distances.argmin(axis=1)[good], minlength=len(centers))


def _divergence_from_uniform(counts):
    # Without a good sample there are no shares. Infinity, so that it ranks behind any collapse.
    if not counts.any():
        return math.inf
    shares = counts[counts > 0] / counts.sum()
    return float(np.sum(shares * np.log(shares * len(counts))))
