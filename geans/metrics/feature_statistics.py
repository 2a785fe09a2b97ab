"""Mean and covariance of features, accumulated over batches."""

from collections.abc import Iterable
from typing import Self

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.metrics import frechet
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class FeatureStatistics(keras.metrics.Metric):
    """Metric that accumulates the mean and covariance of features in float64, over replicas too.

    Of 16 digits, the covariance loses twice as many as mean / stddev has: if features lie far from
    0 compared with their spread, pass any one of them as `center`.

    Args:
        dimension: Dimension of the features, d. Memory is 8 (d^2 + d + 1) bytes: 34 MB for 2,048.
        center: Shape (d,) or a number, subtracted first; `None` is 0. The same on all replicas.
        name: Name of the metric.

    Raises:
        ValueError: If an argument is invalid; in `update_state`, if features do not have shape
            (batch, d) or are weighted; in `result`, if features are fewer than two or not finite.

    Example:
        >>> statistics = FeatureStatistics(2)
        >>> for batch in np.ones((3, 10, 2)), np.zeros((3, 10, 2)):
        ...     statistics.update_state(batch[0])
        >>> statistics.result().mean.tolist(), statistics.result().count
        ([0.5, 0.5], 20)
    """

    def __init__(
        self,
        dimension: int,
        *,
        center: npt.ArrayLike | None = None,
        name: str = "feature_statistics",
    ) -> None:
        # float64 whatever the global dtype policy is.
        super().__init__(name=name, dtype="float64")
        values.check_count("dimension", dimension, most=10**5)
        self.dimension = dimension
        self.center = None if center is None else _checked_center(center, dimension)
        self.total = self._add("total", ())
        self.sums = self._add("sums", (dimension,))
        self.products = self._add("products", (dimension, dimension))

    def _add(self, name, shape):
        return self.add_variable(shape, initializer="zeros", dtype="float64", name=name)

    def update_state(self, features: tf.Tensor, sample_weight: None = None) -> None:
        """Adds a batch of features, shape (batch, d)."""
        if sample_weight is not None:
            raise ValueError(
                "Features count once each. Leave out the rows that should not count, instead of "
                "passing sample_weight."
            )
        features = tf.cast(features, "float64")
        if features.shape.rank != 2 or features.shape[1] not in (self.dimension, None):
            raise ValueError(
                f"Features must have shape (batch, {self.dimension}). "
                f"Received: shape {features.shape}."
            )
        if self.center is not None:
            features = features - self.center
        self.total.assign_add(tf.cast(tf.shape(features)[0], "float64"))
        self.sums.assign_add(tf.reduce_sum(features, axis=0))
        self.products.assign_add(tf.matmul(features, features, transpose_a=True))

    def merge_state(self, metrics: Iterable[Self]) -> None:
        """Adds the state of other `FeatureStatistics` of the same dimension and center."""
        for other in metrics:
            mine, theirs = self._kind(), other._kind()
            if mine != theirs:
                raise ValueError(
                    "Statistics merge if dimension and center are the same. "
                    f"Received: {mine} and {theirs}."
                )
            for variable, added in zip(self.variables, other.variables, strict=True):
                variable.assign_add(added)

    def _kind(self):
        return self.dimension, None if self.center is None else self.center.tolist()

    def result(self) -> frechet.Gaussian:
        """Returns the `Gaussian` of all features so far. Call it outside of a `tf.function`."""
        total, sums, products = (np.array(each) for each in self.variables)
        if total < 2:
            raise ValueError(
                f"A covariance needs at least two features. Received: {int(total)}. Call "
                "update_state first."
            )
        mean = sums / total
        # Sums of products are symmetric up to rounding only.
        products = (products + products.T) / 2
        covariance = (products - total * np.outer(mean, mean)) / (total - 1)
        # A constant feature has no variance; rounding may make it negative.
        np.fill_diagonal(covariance, np.maximum(covariance.diagonal(), 0))
        center = 0 if self.center is None else self.center
        return frechet.Gaussian(mean + center, covariance, int(total))

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        center = None if self.center is None else self.center.tolist()
        return {"dimension": self.dimension, "center": center, "name": self.name}


def _checked_center(center, dimension):
    center = np.asarray(center, "float64")
    if center.shape not in ((), (dimension,)) or not np.isfinite(center).all():
        raise ValueError(
            f"center must be a finite number or have shape ({dimension},). Received: {center!r}"
        )
    return np.broadcast_to(center, (dimension,))
