"""Does a generator copy its training data? Nearest neighbours, and a test of their distances."""

import dataclasses

import numpy as np
import numpy.typing as npt

from geans import values

QUERIES_AT_ONCE, TRAINING_AT_ONCE = 1_024, 8_192  # 64 MiB of distances.
NUMBERS_AT_ONCE = 2**24  # 128 MiB of training features in float64.
SPARE_CANDIDATES = 8
NEAR = 0.01  # The share of held-out examples that count as near.


@dataclasses.dataclass(frozen=True, eq=False)
class NearestNeighbours:
    """Result of `nearest_neighbours`.

    Attributes:
        indices: Training examples nearest to each fake, nearest first, shape (n, count).
        distances: Their Euclidean distances, float64, shape (n, count).
        held_out_distances: From each held-out example to the nearest training example, float64,
            shape (m,); `None` without held-out data.
    """

    indices: np.ndarray
    distances: np.ndarray
    held_out_distances: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class DataCopying:
    """Result of `data_copying`.

    Attributes:
        fake_nearer: Probability that a random fake is nearer to the training data than a random
            held-out example, ties counted half: 0.5 for new data, 1 if all fakes are copies.
        z_score: The same as Z_U, standard normal for new data: below -3 means copying, above 3
            underfitting.
        copied_fraction: Share of fakes, in [0, 1], that are nearer than new data would be.
    """

    fake_nearer: float
    z_score: float
    copied_fraction: float


def nearest_neighbours(
    fake_features: npt.ArrayLike,
    training_features: npt.ArrayLike,
    *,
    held_out_features: npt.ArrayLike | None = None,
    count: int = 1,
) -> NearestNeighbours:
    """Finds the training examples that are nearest to each fake, in at most about 500 MB.

    Equal rows are at distance exactly 0. Where more than 8 training examples agree to 1e-7 of the
    features' spread, any of them may be named as the nearest.

    Args:
        fake_features: Shape (n, d), finite. Of flattened pixels, only true copies are near.
        training_features: Of what the generator was trained on, shape (m, d), finite.
        held_out_features: Of unseen data of the same distribution, shape (l, d), finite.
        count: Number of neighbours per fake, at most m.

    Returns:
        A `NearestNeighbours`.

    Raises:
        ValueError: If features are empty, not finite or of different dimensions, or `count` exceeds
            the number of training examples.

    Example:
        >>> found = nearest_neighbours([[0.0, 1.0]], [[9.0, 9.0], [3.0, 5.0], [0.0, 1.0]], count=2)
        >>> found.indices.tolist(), found.distances.tolist()
        ([[2, 1]], [[0.0, 5.0]])
    """
    training = _checked_features("training_features", training_features)
    fake = _checked_features("fake_features", fake_features, dimension=training.shape[1])
    values.check_count("count", count, most=len(training))
    indices, distances = _search(fake, training, count)
    if held_out_features is None:
        return NearestNeighbours(indices, distances, None)
    held_out = _checked_features("held_out_features", held_out_features, training.shape[1])
    return NearestNeighbours(indices, distances, _search(held_out, training, 1)[1][:, 0])


def data_copying(held_out_distances: npt.ArrayLike, fake_distances: npt.ArrayLike) -> DataCopying:
    """Tests whether fakes are nearer to the training data than new data of its distribution.

    The z-score compares the ranks of all distances, and is blind where copies and poor fakes
    balance. The copied fraction looks at small distances alone: with f and h the shares of fakes
    and held-out examples within the distance that 1 % of the held-out reach, it is
    max(0, (f - h) / (1 - h)); of n fakes, up to 0.4 / sqrt(n) may be chance.

    Args:
        held_out_distances: `NearestNeighbours.held_out_distances`, shape (m,).
        fake_distances: `NearestNeighbours.distances[:, 0]`, shape (n,).

    Returns:
        A `DataCopying`.

    Raises:
        ValueError: If distances are empty, negative, not finite, or not of rank 1.

    Reference:
        Meehan et al. 2020 (arXiv 2004.05675), the statistic Z_U over one cell, without correction
        for ties. The copied fraction is this library's own.

    Example:
        >>> data_copying([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 2.5, 5.0]).fake_nearer
        0.625
    """
    held_out = np.sort(_checked_distances("held_out_distances", held_out_distances))
    fake = _checked_distances("fake_distances", fake_distances)
    n, m = len(fake), len(held_out)
    below = np.searchsorted(held_out, fake, "left") + np.searchsorted(held_out, fake, "right")
    farther = below.mean() / (2 * m)
    deviation = np.sqrt((n + m + 1) / (12 * n * m))
    near = np.quantile(held_out, NEAR, method="inverted_cdf")
    return DataCopying(
        fake_nearer=float(1 - farther),
        z_score=float((farther - 0.5) / deviation),
        copied_fraction=_excess(np.mean(fake <= near), np.mean(held_out <= near)),
    )


def _checked_features(name, features, dimension=None):
    features = np.asarray(features)
    fits = features.ndim == 2 and dimension in (None, *features.shape[1:])
    if not fits or not features.size or features.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must be numbers of shape (n, {dimension or 'd'}) with n >= 1, flattened and "
            "of the same dimension as the others. "
            f"Received: {features.dtype} of shape {features.shape}."
        )
    # Of sums, because a truth value per number is a quarter of the features' memory.
    with np.errstate(invalid="ignore", over="ignore"):
        broken = int(np.count_nonzero(~np.isfinite(features.sum(axis=1, dtype="float64"))))
    if broken:
        raise ValueError(f"{broken} of {len(features)} rows of {name} contain NaN or infinity.")
    return features


def _checked_distances(name, distances):
    distances = np.asarray(distances, dtype="float64")
    allowed = (distances >= 0) & np.isfinite(distances)
    if distances.ndim != 1 or not len(distances) or not allowed.all():
        raise ValueError(
            f"{name} must be one distance >= 0 per example, shape (n,) with n >= 1; of several "
            f"neighbours pass distances[:, 0]. Received: {distances!r}."
        )
    return distances


def _search(queries, training, count):
    center = training.mean(axis=0, dtype="float64")
    starts = range(0, len(queries), QUERIES_AT_ONCE)
    blocks = (queries[start : start + QUERIES_AT_ONCE].astype("float64") for start in starts)
    found = [_nearest(block, training, center, count) for block in blocks]
    indices, distances = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(distances)


def _nearest(queries, training, center, count):
    # Squares by a matrix product are fast but cancel, the less the nearer to the origin: a copy
    # would not be at 0. They only say which few examples are worth a subtraction.
    candidates = _candidates(queries - center, training, center, count + SPARE_CANDIDATES)
    columns = [np.linalg.norm(queries - training[each], axis=1) for each in candidates.T]
    distances = np.stack(columns, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(candidates, order, 1), np.take_along_axis(distances, order, 1)


def _candidates(queries, training, center, count):
    step = max(1, min(TRAINING_AT_ONCE, NUMBERS_AT_ONCE // training.shape[1]))
    found = []
    for start in range(0, len(training), step):
        block = training[start : start + step] - center
        # The query's own square is the same for all.
        squares = np.einsum("ij,ij->i", block, block) - 2 * (queries @ block.T)
        indices, squares = _smallest(squares, count)
        found.append((start + indices, squares))
    indices, squares = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    return np.take_along_axis(indices, _smallest(squares, count)[0], axis=1)


def _smallest(squares, count):
    count = min(count, squares.shape[1])
    indices = np.argpartition(squares, count - 1, axis=1)[:, :count]
    return indices, np.take_along_axis(squares, indices, axis=1)


def _excess(fake, held_out):
    return float(max(0, (fake - held_out) / (1 - held_out))) if held_out < 1 else 0.0
