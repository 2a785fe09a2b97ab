"""No network at all: pixels or points as they are."""

import tensorflow as tf

from geans.metrics.features.network import FeatureNetwork

MAX_DIMENSION = 4_096
"""Of which a covariance in double precision takes 134 MB, and its square root about a minute."""


def network():
    """The features of a point are its coordinates, those of an image its pixels in [-1, 1].

    Returns:
        A `FeatureNetwork` of images (n, height, width, channels) or points (n, d) to features
        (n, dimension), of up to `MAX_DIMENSION`: 64x64 grey, 32x32 RGB.

    Raises:
        ValueError: When called, if there are none, or they have more dimensions.

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
