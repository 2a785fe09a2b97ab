"""Two-dimensional Gaussian mixtures: real data whose modes are known and can be counted.

Arguments out of range raise `ValueError`.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from geans import values
from geans.data import pipeline


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """Equal-weight mixture of isotropic Gaussians.

    Args:
        name: Name for tables and figures.
        centers: Means, float64 array (modes, 2).
        stddev: Standard deviation of each mode, per coordinate.

    Raises:
        ValueError: If `centers` is not of shape (modes, 2) or `stddev` is not positive.

    Example:
        >>> pair = Mixture("pair", centers=[(-1, 0), (1, 0)], stddev=0.1)
        >>> pair.sample(5).shape
        (5, 2)
    """

    name: str
    centers: np.ndarray
    stddev: float

    # What the literature compares (VEEGAN, PacGAN); as many are watched after every epoch.
    samples_to_measure = samples_to_watch = 2_500

    def __post_init__(self):
        centers = np.array(self.centers, dtype="float64")
        if centers.ndim != 2 or centers.shape[1] != 2 or not len(centers):
            raise ValueError(f"centers must have shape (modes, 2). Received shape: {centers.shape}")
        if not np.isfinite(centers).all():
            raise ValueError(f"centers must be finite. Received: {centers.tolist()}")
        _check_positive("stddev", self.stddev)
        centers.setflags(write=False)
        object.__setattr__(self, "centers", centers)

    @property
    def modes(self) -> int:
        """Number of modes."""
        return len(self.centers)

    def sample(self, count: int, seed: int | None = 0) -> np.ndarray:
        """Draws points, every mode with the same probability.

        Args:
            count: Number of points.
            seed: Integer; the same seed gives the same points. `None` draws one.

        Returns:
            A float32 array (count, 2).
        """
        values.check_count("count", count)
        values.check_seed(seed, optional=True)
        random = np.random.default_rng(values.given_or_random(seed))
        modes = random.integers(len(self.centers), size=count)
        noise = self.stddev * random.normal(size=(count, 2))
        return (self.centers[modes] + noise).astype("float32")

    def dataset(
        self, batch_size: int = 64, size: int = 100_000, seed: int | None = 0
    ) -> tf.data.Dataset:
        """Batches `size` points drawn once and shuffled in every epoch.

        Args:
            batch_size: Points per batch.
            size: Points per epoch.
            seed: Integer for both the points and their order. `None` draws one.

        Returns:
            A finite `tf.data.Dataset` of float32 batches (batch, 2).
        """
        values.check_count("size", size)
        return pipeline.batches(self.sample(size, seed), batch_size=batch_size, seed=seed)


def ring(modes: int = 8, radius: float = 2.0, stddev: float = 0.02) -> Mixture:
    """Returns a `Mixture` with modes at equal angles on a circle, the first at (radius, 0).

    Args:
        modes: Number of modes, up to 10,000.
        radius: Distance of every center from the origin.
        stddev: Standard deviation of each mode.

    Example:
        >>> ring(modes=8).centers.shape
        (8, 2)
    """
    values.check_count("modes", modes, most=10_000)
    _check_positive("radius", radius)
    # Not linspace with its endpoint, which is its start again: that ring has one mode too few.
    angles = 2 * math.pi * np.arange(modes) / modes
    return Mixture("ring", radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), stddev)


def grid(side: int = 5, spacing: float = 2.0, stddev: float = 0.05) -> Mixture:
    """Returns a `Mixture` with modes on a square lattice centered at the origin.

    The defaults are the 25 modes {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4} of the VEEGAN paper.

    Args:
        side: Modes per side, up to 100; there are `side**2`.
        spacing: Distance between neighbouring centers.
        stddev: Standard deviation of each mode.

    Reference: Srivastava et al. 2017 (VEEGAN, arXiv 1705.07761).

    Example:
        >>> grid(side=2, spacing=2.0).centers.tolist()
        [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    values.check_count("side", side, most=100)
    _check_positive("spacing", spacing)
    line = spacing * (np.arange(side) - (side - 1) / 2)
    return Mixture("grid", np.array([(x, y) for x in line for y in line]), stddev)


def _check_positive(name, value):
    if not values.is_number(value) or value <= 0:
        raise ValueError(f"{name} must be positive and finite. Received: {name}={value!r}")
