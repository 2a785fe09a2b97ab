"""Pixels or points themselves as features."""

import tensorflow as tf

from geans.metrics.features.network import FeatureNetwork

MAX_DIMENSION = 4_096
"""A covariance of this dimension takes 134 MB in float64, its square root about a minute."""


def network():
    """Returns a `FeatureNetwork` whose features are a point's coordinates or pixels in [-1, 1].

    It takes points (n, d) or images (n, height, width, channels) of up to `MAX_DIMENSION` values:
    64x64 grey, 32x32 RGB. It raises a `ValueError` if called with empty or larger ones.

    Example:
        >>> network()([[0.5, 2.0]])["features"].tolist()
        [[0.5, 2.0]]
    """
    return FeatureNetwork("pixels", _flattened)


def _flattened(images):
    count, *shape = images.shape
    dimension = int(tf.size(images)) // count if count else 0
    if not 1 <= dimension <= MAX_DIMENSION:
        raise ValueError(
            f"Features 'pixels' take at least one image or point of up to {MAX_DIMENSION:,} "
            "values, since the covariance of d values has d x d. Received: "
            f"{count} of shape {tuple(shape)}. Resize the images, or choose a feature network."
        )
    return tf.reshape(images, (count, dimension))
