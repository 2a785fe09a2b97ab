"""Fréchet distance between Gaussians that are fitted to features: FID, if the features are."""

import dataclasses

import numpy as np

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True, eq=False)
class Gaussian:
    """Mean and covariance of features: all that the Fréchet distance looks at.

    Args:
        mean: Shape (d,), finite.
        covariance: Shape (d, d), symmetric, finite; sums of squares divided by count - 1.
        count: From how many features they come; `None` if unknown, as for the files of
            statistics of other packages.

    Raises:
        ValueError: If shapes do not match, or values are not a mean and a covariance.

    Example:
        >>> Gaussian.of([[0.0, 1.0], [2.0, 1.0]]).covariance.tolist()
        [[2.0, 0.0], [0.0, 0.0]]
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
    def of(cls, features):
        """The mean and covariance of features, shape (n, d), n >= 2, in two passes in float64."""
        return cls._of(feature_arrays.checked("features", features, least=2))

    @classmethod
    def _of(cls, features):
        mean = sum(block.sum(axis=0) for _, block in feature_arrays.blocks(features))
        mean /= len(features)
        squares = sum(block.T @ block for _, block in feature_arrays.blocks(features, mean))
        return cls(mean, squares / (len(features) - 1), len(features))


@dataclasses.dataclass(frozen=True)
class ClassDistances:
    """What `frechet_distance_per_class` found.

    Attributes:
        distances: Distance of each class, a dict from its label, in the order of the labels.
        mean: Their plain mean, every class weighing the same.
    """

    distances: dict
    mean: float


def frechet_distance(real_features, fake_features):
    """Squared Fréchet (Wasserstein-2) distance between Gaussians with the features' moments.

        |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)),    S divided by n - 1

    From 0, in squared units of the features. It is the FID if the features are those of the
    network "inception-2015-12-05"; of other features it compares with no published FID. It is
    biased: equal distributions have the expected distance `frechet_bias`. Compare only distances
    of the same number of samples, and name that number.

    Fewer samples than dimensions are allowed (the covariance is then singular), as are features
    that have collapsed to a point; equal sets give 0 up to rounding.

    Args:
        real_features: Shape (n, d), finite integers or floats, n >= 2.
        fake_features: Shape (m, d), the same, m >= 2.

    Returns:
        A float, computed in float64.

    Raises:
        ValueError: If features are too few, not finite, or of different dimensions.

    Example:
        >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
        9.0

    Reference:
        Heusel et al. 2017, "GANs trained by a two time-scale update rule", equation 6; Dowson
        and Landau 1982 for Gaussians.
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features, least=2)
    return frechet_distance_of(Gaussian._of(real), Gaussian._of(fake))


def frechet_distance_of(real_statistics, fake_statistics):
    """`frechet_distance` from statistics, without holding the features.

    Args:
        real_statistics: A `Gaussian`, such as `FeatureStatistics.result()`.
        fake_statistics: A `Gaussian` of the same dimension.

    Returns:
        A float.

    Raises:
        ValueError: If one is not a `Gaussian`, or their dimensions differ.

    Example:
        >>> frechet_distance_of(Gaussian([0.0], [[4.0]]), Gaussian([1.0], [[9.0]]))
        2.0
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


def frechet_bias(dimension, count, *, other_count=None, covariance=None):
    """The expected `frechet_distance` between two samples of one Gaussian distribution.

        (1/n + 1/m) (sum_i s_i + 1/2 sum_ij s_i s_j (1 + [i = j]) / (s_i + s_j))

    for eigenvalues s of the covariance; where all are 1, it is (2 d + d (d + 1) / 2) / n for
    n = m. It is the leading term in 1/n, yet within 2 % of simulations from n = 2 d on, whatever
    the eigenvalues. Below, the covariances become singular, and it says too much. Features with
    heavier tails than a Gaussian's have more bias.

    Args:
        dimension: Of the features, d.
        count: Samples of one side, n.
        other_count: Samples of the other side, m; `None`: as many.
        covariance: Shape (d, d); `None`: the identity.

    Returns:
        A float, in the squared units of the features.

    Raises:
        ValueError: If numbers are not positive integers, or the covariance has another dimension.

    Example:
        >>> frechet_bias(64, 1000)
        2.208

    Reference:
        The second-order expansion of the distance, |m|^2 + 1/2 sum_ij D_ij^2 / (s_i + s_j) for
        covariances that differ by D (Malagò et al. 2018, "Wasserstein Riemannian geometry of
        Gaussian densities"), at the variance of a Wishart matrix, E D_ij^2 = s_i s_j
        (1 + [i = j]) (1/n + 1/m). That FID is biased, by an amount that depends on the generator:
        Binkowski et al. 2018, appendix D.
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


def frechet_distance_per_class(real_features, real_labels, fake_features, fake_labels):
    """`frechet_distance` within each class, and its mean: the intra-FID of conditional models.

    A generator that ignores its labels can have a good distance over all classes together. The
    bias of few samples per class is large: see `frechet_bias`.

    Args:
        real_features: Shape (n, d).
        real_labels: Integers, shape (n,).
        fake_features: Shape (m, d).
        fake_labels: Integers, shape (m,): the classes that the generator was asked for.

    Returns:
        A `ClassDistances`.

    Raises:
        ValueError: If labels are not integers or not one per row, or a class has fewer than two
            samples on either side.

    Example:
        >>> labels = [0, 0, 1, 1]
        >>> frechet_distance_per_class([[0], [2], [5], [7]], labels, [[1], [3]] * 2, labels)
        ClassDistances(distances={0: 1.0, 1: 16.0}, mean=8.5)

    Reference:
        Miyato and Koyama 2018, "cGANs with projection discriminator", section 4 (intra-FID).
    """
    real, fake = feature_arrays.checked_pair(real_features, fake_features, least=2)
    real_labels = feature_arrays.checked_labels("real_labels", real_labels, len(real))
    fake_labels = feature_arrays.checked_labels("fake_labels", fake_labels, len(fake))
    classes = np.union1d(real_labels, fake_labels).tolist()
    for name, labels in {"real": real_labels, "fake": fake_labels}.items():
        few = [label for label in classes if np.count_nonzero(labels == label) < 2]
        if few:
            raise ValueError(
                f"Each class needs at least two real and two fake samples; {name} ones lack of "
                f"classes {few}. Draw more samples, or leave these classes out on both sides."
            )
    distances = {
        label: frechet_distance_of(
            Gaussian._of(real[real_labels == label]), Gaussian._of(fake[fake_labels == label])
        )
        for label in classes
    }
    return ClassDistances(distances, float(np.mean(list(distances.values()))))
