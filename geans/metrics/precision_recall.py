"""Precision, recall, density and coverage."""

import dataclasses
import hashlib

import numpy as np
import numpy.typing as npt

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class PRDC:
    """Result of `prdc`.

    Attributes:
        precision: Share of fake samples within the neighbourhood of a real one, in [0, 1].
        recall: Share of real samples within the neighbourhood of a fake one, in [0, 1].
        density: Mean number of real neighbourhoods that hold a fake sample, divided by k; about 1
            for equal distributions.
        coverage: Share of real samples whose neighbourhood holds a fake one, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real_features: npt.ArrayLike, fake_features: npt.ArrayLike, *, k: int = 5) -> PRDC:
    """Computes fidelity (precision, density) and diversity (recall, coverage) of samples.

    The neighbourhood of a sample is the open ball up to its k-th nearest neighbour of its own kind,
    itself not counted. Equal distributions have a coverage of about 1 - 2^-k.

    A sample at exactly the radius is outside (strict <), as in the package `prdc`; in the paper
    and torch-fidelity it is inside. More than k equal fakes therefore have empty neighbourhoods.
    Distances are computed in float64 and rounded to the precision of the features; equal rows have
    distance exactly 0. Memory beside the features stays below 0.1 GB.

    Args:
        real_features: Shape (n, d), finite integers or floats, n > k.
        fake_features: Shape (m, d), the same, m > k.
        k: Which nearest neighbour ends a neighbourhood.

    Returns:
        A `PRDC`.

    Raises:
        ValueError: If features are too few for k, not finite, or of different dimensions.

    Reference:
        Naeem et al. 2020 (arXiv 2002.09797), section 3; Kynkäänniemi et al. 2019 (arXiv
        1904.06991), equation 2.

    Example:
        >>> prdc([[0.0], [1.0], [2.0]], [[0.5], [1.5], [9.0]], k=1)
        PRDC(precision=0.6666666666666666, recall=1.0, density=1.3333333333333333, coverage=1.0)
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
    """Terms of `prdc` by sample.

    Attributes:
        precise: Whether each fake sample is within the neighbourhood of a real one, bool (m,).
        recalled: Whether each real sample is within the neighbourhood of a fake one, bool (n,).
        covered: Whether each real sample's neighbourhood holds a fake one, bool (n,).
        held: Number of pairs of a fake sample and a real neighbourhood that holds it.
    """

    precise: np.ndarray
    recalled: np.ndarray
    covered: np.ndarray
    held: int


def neighbourhoods(real_features, fake_features, *, k):
    """Computes the `Neighbourhoods` of samples; arguments and errors as in `prdc`."""
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
