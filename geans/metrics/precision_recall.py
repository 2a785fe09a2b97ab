"""Precision, recall, density and coverage: whose neighbourhoods hold whose samples."""

import dataclasses
import hashlib

import numpy as np

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class PRDC:
    """What `prdc` found.

    Attributes:
        precision: Share of fake samples within the neighbourhood of some real one, in [0, 1].
        recall: Share of real samples within the neighbourhood of some fake one, in [0, 1].
        density: How many real neighbourhoods hold a fake sample, on average, divided by k; about
            1 for equal distributions, and above where fakes crowd where real data is dense.
        coverage: Share of real samples whose neighbourhood holds a fake one, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real_features, fake_features, *, k=5):
    """Fidelity (precision, density) and diversity (recall, coverage) of generated samples.

    The neighbourhood of a sample is the open ball that ends at its k-th nearest neighbour of its
    own kind, itself not counted. Equal distributions have a coverage of about 1 - 2^-k.

    Ties: a sample at exactly the radius is outside (strict <), as in the package `prdc`.
    Improved precision and recall as published (Kynkäänniemi et al. 2019, equation 2) counts it
    inside (<=), and torch-fidelity follows it. Where no distances are equal, all agree. Where some
    are, < says what a collapsed generator deserves: of more than k equal fakes, the neighbourhoods
    have radius 0 and hold nothing, not even a real sample equal to them.

    Distances are computed in float64, in blocks, and rounded to the precision of the features, as
    `prdc` does. Rows that are equal have distance exactly 0. Integers of moderate size have
    exact distances; of other features, equal distances between different pairs may differ in
    their last bit, except that float32 features round nearly all of that away.

    Features are not copied. Memory beside them stays below 0.1 GB, for 50,000 + 50,000 of dimension
    2,048 as for fewer; time grows with the square of their number.

    Args:
        real_features: Shape (n, d), finite integers or floats, n > k.
        fake_features: Shape (m, d), the same, m > k.
        k: Which nearest neighbour ends a neighbourhood.

    Returns:
        A `PRDC`.

    Raises:
        ValueError: If features are too few for k, not finite, or of different dimensions.

    Example:
        >>> prdc([[0.0], [1.0], [2.0]], [[0.5], [1.5], [9.0]], k=1)
        PRDC(precision=0.6666666666666666, recall=1.0, density=1.3333333333333333, coverage=1.0)

    Reference:
        Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models",
        section 3; Kynkäänniemi et al. 2019, "Improved precision and recall metric".
    """
    found = neighbourhoods(real_features, fake_features, k=k)
    return PRDC(
        precision=float(np.mean(found.precise)),
        recall=float(np.mean(found.recalled)),
        density=found.held / (k * len(found.precise)),
        coverage=float(np.mean(found.covered)),
    )


@dataclasses.dataclass(frozen=True)
class Neighbourhoods:
    """What `prdc` sums up, sample by sample.

    Attributes:
        precise: Whether each fake sample is within the neighbourhood of some real one, bool (m,).
        recalled: Whether each real sample is within that of some fake one, bool (n,).
        covered: Whether each real sample's neighbourhood holds a fake one, bool (n,).
        held: How often a fake sample is within a real neighbourhood.
    """

    precise: np.ndarray
    recalled: np.ndarray
    covered: np.ndarray
    held: int


def neighbourhoods(real_features, fake_features, *, k):
    """Whose neighbourhoods hold whose samples, with the arguments and the errors of `prdc`.

    Returns:
        `Neighbourhoods`.

    Example:
        >>> neighbourhoods([[0.0], [1.0], [2.0]], [[0.5], [1.5], [9.0]], k=1).precise.tolist()
        [True, True, False]
    """
    values.check_count("k", k)
    real, fake = feature_arrays.checked_pair(real_features, fake_features)
    if k >= min(len(real), len(fake)):
        raise ValueError(
            f"The k-th neighbour, itself not counted, needs k + 1 real and k + 1 fake features. "
            f"Received: k={k}, {len(real)} real and {len(fake)} fake ones. Draw more samples, or "
            "pass a smaller k."
        )
    real, fake = _points(real, fake)
    return _from_radii(real, fake, _radii(real, k), _radii(fake, k))


@dataclasses.dataclass(frozen=True)
class _Points:
    """Features; a number per row that equal rows share; the type of distances; and the origin."""

    features: np.ndarray
    identities: np.ndarray
    dtype: np.dtype
    # Distances do not depend on it, but lose digits if it is far away. Not the mean, which would
    # take integers off their grid, and exactness with it.
    origin: np.ndarray

    def blocks(self, start=0):
        for rows, block in feature_arrays.blocks(self.features[start:], self.origin):
            rows = slice(start + rows.start, start + rows.stop)
            yield rows, block, np.einsum("ij,ij->i", block, block)


def _points(*sets):
    digests = [_digest(row) for features in sets for row in features]
    identities = np.unique(np.array(digests), return_inverse=True)[1]
    parts = np.split(identities, [len(sets[0])])
    # At least float32, so that half-precision features and bytes do not overflow.
    dtype = np.result_type(*sets, "float32")
    origin = sets[0][0].astype("float64")
    return [_Points(*part, dtype, origin) for part in zip(sets, parts, strict=True)]


def _digest(row):
    # Adding zero makes -0 and 0 the same; float64 makes real and fake rows of different types so.
    return hashlib.blake2b((row.astype("float64") + 0).tobytes(), digest_size=16).hexdigest()


def _tiles(left, right):
    """Yields rows of `left`, rows of `right`, and the squared distances between them.

    Between points and themselves, only tiles on and above the diagonal.
    """
    for rows, block, norms in left.blocks():
        for columns, other, other_norms in right.blocks(rows.start if left is right else 0):
            squared = block @ other.T
            squared *= -2
            squared += norms[:, None]
            squared += other_norms
            np.maximum(squared, 0, out=squared)
            squared[left.identities[rows, None] == right.identities[columns]] = 0
            yield rows, columns, squared.astype(left.dtype)


def _radii(points, k):
    """Squared distance of each point to its k-th nearest neighbour; the 0-th is itself."""
    nearest = np.full((len(points.features), k + 1), np.inf, points.dtype)
    for rows, columns, squared in _tiles(points, points):
        _keep_nearest(nearest[rows], squared)
        if rows != columns:
            _keep_nearest(nearest[columns], squared.T)
    return nearest[:, k]


def _keep_nearest(nearest, squared):
    k = nearest.shape[1] - 1
    candidates = np.concatenate([nearest, squared], axis=1)
    candidates.partition(k, axis=1)
    nearest[:] = candidates[:, : k + 1]


def _from_radii(real, fake, real_radii, fake_radii):
    precise = np.zeros(len(fake_radii), bool)
    recalled, covered = np.zeros((2, len(real_radii)), bool)
    held = 0
    for rows, columns, squared in _tiles(real, fake):
        recalled[rows] |= (squared < fake_radii[columns]).any(axis=1)
        inside = squared < real_radii[rows, None]
        precise[columns] |= inside.any(axis=0)
        covered[rows] |= inside.any(axis=1)
        held += int(inside.sum())
    return Neighbourhoods(precise, recalled, covered, held)
