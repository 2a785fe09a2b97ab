"""Fréchet distance between Gaussians fitted to features: the FID, if they are Inception's."""

import dataclasses
from typing import Self

import numpy as np
import numpy.typing as npt

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True, eq=False)
class Gaussian:
    """Mean and covariance of features, the input of the Fréchet distance.

    Args:
        mean: Shape (d,), finite.
        covariance: Shape (d, d), symmetric, finite; sums of squares divided by count - 1.
        count: Number of features; `None` if unknown, as in other packages' statistics files.

    Raises:
        ValueError: If shapes do not match, or values are not a mean and a covariance.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int | None = None

    def __post_init__(self):
        mean, covariance = (np.asarray(each, "float64") for each in (self.mean, self.covariance))
        if mean.ndim != 1 or not mean.size or covariance.shape != 2 * mean.shape:
            raise ValueError(
                "A Gaussian has a mean of shape (d,) and a covariance of shape (d, d). "
                f"Received: shapes {mean.shape} and {covariance.shape}."
            )
        if not np.isfinite(mean).all() or not np.isfinite(covariance).all():
            raise ValueError("The features of a Gaussian contained NaN or infinity, or overflowed.")
        difference = np.abs(covariance - covariance.T).max()
        if difference > 1e-5 * np.abs(covariance).max() or covariance.diagonal().min() < 0:
            raise ValueError(
                "A covariance is symmetric, with variances on its diagonal that are not negative. "
                f"Received: one that differs from its transpose by {difference:g}, with variances "
                f"from {covariance.diagonal().min():g}."
            )
        if self.count is not None and not values.is_count(self.count):
            raise ValueError(f"count must be a positive integer. Received: {self.count!r}")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def of(cls, features: npt.ArrayLike) -> Self:
        """Computes the Gaussian of features, shape (n, d), n >= 2, in two passes in float64."""
        return cls._of(feature_arrays.checked("features", features, least=2))

    @classmethod
    def _of(cls, features):
        mean = sum(block.sum(axis=0) for _, block in feature_arrays.blocks(features))
        mean /= len(features)
        squares = sum(block.T @ block for _, block in feature_arrays.blocks(features, mean))
        return cls(mean, squares / (len(features) - 1), len(features))


@dataclasses.dataclass(frozen=True)
class ClassDistances:
    """Result of `frechet_distance_per_class`.

    Attributes:
        distances: Dict from class label, in ascending order, to the class's distance.
        mean: Unweighted mean of the distances.
    """

    distances: dict[int, float]
    mean: float


def frechet_distance(real_features: npt.ArrayLike, fake_features: npt.ArrayLike) -> float:
    """Computes the squared Fréchet (Wasserstein-2) distance between Gaussians fitted to features.

        |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)),    S divided by n - 1

    It is the FID only for features of "inception-2015-12-05". It is biased: equal distributions
    have the expected distance `frechet_bias`. Compare only distances of the same number of samples,
    and report it. Singular covariances (n <= d, or features collapsed to a point) are allowed.

    Args:
        real_features: Shape (n, d), finite integers or floats, n >= 2.
        fake_features: Shape (m, d), as `real_features`, m >= 2.

    Returns:
        A float >= 0 in squared units of the features, computed in float64.

    Raises:
        ValueError: If features are too few, not finite, or of different dimensions.

    Reference: Heusel et al. 2017 (arXiv 1706.08500), equation 6; Dowson and Landau 1982.

    Example:
        >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
        9.0
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features, least=2)
    return frechet_distance_of(Gaussian._of(real), Gaussian._of(fake))


def frechet_distance_of(real_statistics: Gaussian, fake_statistics: Gaussian) -> float:
    """Computes `frechet_distance`, a float, from statistics.

    Args:
        real_statistics: A `Gaussian`, such as `FeatureStatistics.result()`.
        fake_statistics: A `Gaussian` of the same dimension.

    Raises:
        ValueError: If an argument is not a `Gaussian`, or the dimensions differ.
    """
    for each in (real_statistics, fake_statistics):
        if not isinstance(each, Gaussian):
            raise ValueError(
                "Statistics are metrics.Gaussian(mean, covariance) or metrics.Gaussian.of(features)"
                f". Received: {each!r}"
            )
    if real_statistics.mean.shape != fake_statistics.mean.shape:
        raise ValueError(
            "Real and fake statistics must be of one network's features. Received: dimensions "
            f"{real_statistics.mean.size} and {fake_statistics.mean.size}."
        )
    real, fake = real_statistics.covariance, fake_statistics.covariance
    means = np.sum((real_statistics.mean - fake_statistics.mean) ** 2)
    # Rounding alone can make a distance negative.
    return max(0.0, float(means + np.trace(real + fake) - 2 * _trace_of_root(real, fake)))


def _trace_of_root(real, fake):
    """tr((S S')^(1/2)), as the trace of (A^T S' A)^(1/2) with S = A A^T: symmetric, so real."""
    root = _root(real)
    return np.sqrt(_without_noise(np.linalg.eigvalsh(root.T @ fake @ root))).sum()


def _root(covariance):
    """A matrix A with A A^T = `covariance`, as many columns as its rank."""
    try:
        root = np.linalg.cholesky(covariance)
        # A tenth of the time of eigenvectors, but a singular covariance may pass: its pivots are
        # rounding errors then.
        noise = len(root) * np.finfo("float64").eps * np.trace(covariance)
        if root.diagonal().min() ** 2 > noise:
            return root
    except np.linalg.LinAlgError:
        pass
    eigenvalues, vectors = np.linalg.eigh(covariance)
    eigenvalues = _without_noise(eigenvalues)
    spread = eigenvalues > 0
    return vectors[:, spread] * np.sqrt(eigenvalues[spread])


def _without_noise(eigenvalues):
    # A zero comes out of LAPACK as epsilon, whose root is 1e-8: of a singular covariance a thousand
    # such roots would show. The bound is that of np.linalg.matrix_rank.
    noise = len(eigenvalues) * np.finfo("float64").eps * np.max(eigenvalues, initial=0)
    return np.where(eigenvalues > noise, eigenvalues, 0)


def frechet_bias(
    dimension: int,
    count: int,
    *,
    other_count: int | None = None,
    covariance: np.ndarray | None = None,
) -> float:
    """Computes the expected `frechet_distance` between two samples of one Gaussian distribution.

        (1/n + 1/m) (sum_i s_i + 1/2 sum_ij s_i s_j (1 + [i = j]) / (s_i + s_j))

    for eigenvalues s of the covariance, in squared units of features: the second-order expansion
    |m|^2 + 1/2 sum_ij D_ij^2 / (s_i + s_j) at the variance of a Wishart matrix. It is within 2 %
    of simulations for n >= 2 d, too large below, and too small for tails heavier than Gaussian.

    Args:
        dimension: Dimension of the features, d.
        count: Number of samples of one side, n.
        other_count: Number of samples of the other side, m; `None` for n.
        covariance: Shape (d, d); `None` for the identity.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Malagò et al. 2018 (arXiv 1801.09269); Binkowski et al. 2018 (arXiv
        1801.01401), appendix D.

    Example:
        >>> frechet_bias(64, 1000)
        2.208
    """
    other_count = count if other_count is None else other_count
    for name, value in {"dimension": dimension, "count": count, "other_count": other_count}.items():
        values.check_count(name, value, most=10**12)
    if covariance is None:
        per_sample = dimension + dimension * (dimension + 1) / 4
    else:
        per_sample = _bias_per_sample(Gaussian(np.zeros(dimension), covariance).covariance)
    return float(per_sample * (1 / count + 1 / other_count))


def _bias_per_sample(covariance):
    spectrum = _without_noise(np.linalg.eigvalsh(covariance))
    spectrum = spectrum[spectrum > 0]
    pairs = np.outer(spectrum, spectrum) / np.add.outer(spectrum, spectrum)
    return spectrum.sum() + (pairs.sum() + np.trace(pairs)) / 2


def frechet_distance_per_class(
    real_features: npt.ArrayLike,
    real_labels: npt.ArrayLike,
    fake_features: npt.ArrayLike,
    fake_labels: npt.ArrayLike,
) -> ClassDistances:
    """Computes `frechet_distance` within each class, and its mean (intra-FID): a `ClassDistances`.

    It reveals a generator that ignores its labels. For few samples per class see `frechet_bias`.

    Args:
        real_features, fake_features: As in `frechet_distance`.
        real_labels: Integers, shape (n,).
        fake_labels: Integers, shape (m,): the labels given to the generator.

    Raises:
        ValueError: If an argument is invalid, or a class has fewer than two samples on either side.

    Reference: Miyato and Koyama 2018 (arXiv 1802.05637), section 4.

    Example:
        >>> labels = [0, 0, 1, 1]
        >>> frechet_distance_per_class([[0], [2], [5], [7]], labels, [[1], [3]] * 2, labels)
        ClassDistances(distances={0: 1.0, 1: 16.0}, mean=8.5)
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features, least=2)
    real_labels = feature_arrays.checked_labels("real_labels", real_labels, len(real))
    fake_labels = feature_arrays.checked_labels("fake_labels", fake_labels, len(fake))
    classes = np.union1d(real_labels, fake_labels).tolist()
    for name, labels in {"real": real_labels, "fake": fake_labels}.items():
        few = [label for label in classes if np.count_nonzero(labels == label) < 2]
        if few:
            raise ValueError(
                f"Each class needs at least two real and two fake samples. Too few {name} ones: "
                f"classes {few}. Draw more samples, or leave these classes out on both sides."
            )
    distances = {
        label: frechet_distance_of(
            Gaussian._of(real[real_labels == label]), Gaussian._of(fake[fake_labels == label])
        )
        for label in classes
    }
    return ClassDistances(distances, float(np.mean(list(distances.values()))))
