"""Layers that the convolutional networks share."""

import keras
import tensorflow as tf

KERNEL_SIZE = 4


@keras.saving.register_keras_serializable(package="geans")
class ImageRange(keras.layers.Layer):
    """Clips to [-1, 1], the values of images, without losing the gradient of what lies beyond.

    In training a gradient passes wherever its descent leads towards the range or stays in it. Where
    tanh saturates, colours never come back, and tanh reaches black and white only at infinity.

    Example:
        >>> ImageRange()(keras.ops.array([[-3.0, 0.5, 2.0]])).numpy()
        array([[-1. ,  0.5,  1. ]], dtype=float32)
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs, training=False):
        """Returns `inputs` within [-1, 1]."""
        return in_range(inputs, training)


def in_range(values, training):
    """Returns `values` within [-1, 1], with the gradient of `ImageRange`."""
    return _clipped(values) if training else tf.clip_by_value(values, -1.0, 1.0)


@tf.custom_gradient
def _clipped(values):
    def gradient(upstream):
        outwards = ((values > 1) & (upstream < 0)) | ((values < -1) & (upstream > 0))
        return tf.where(outwards, tf.zeros_like(upstream), upstream)

    return tf.clip_by_value(values, -1.0, 1.0), gradient


def normal(seeds):
    """Returns an initializer of mean 0 and stddev 0.02, as in Isola et al. 2017 (section 6.2)."""
    return keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))


def dense(x, units, seeds, **options):
    """Applies a dense layer with a kernel of `normal`."""
    return keras.layers.Dense(units, kernel_initializer=normal(seeds), **options)(x)


def halved(x, channels, seeds, normalization=None, *, kernel_size=KERNEL_SIZE):
    """Halves images by a convolution, with a bias or, in its place, a normalization."""
    return _strided(keras.layers.Conv2D, x, channels, seeds, normalization, kernel_size)


def doubled(x, channels, seeds, normalization=None, *, kernel_size=KERNEL_SIZE):
    """Doubles images by a transposed convolution; the rest as in `halved`."""
    return _strided(keras.layers.Conv2DTranspose, x, channels, seeds, normalization, kernel_size)


def normalized(x, normalization, *, parameters=True):
    """Normalizes channels over a batch, over each image, or not at all.

    Args:
        x: Keras tensor `(batch, ..., channels)`, images for "instance".
        normalization: "batch", "instance" (Ulyanov et al. 2016, arXiv 1607.08022), or `None`.
        parameters: Whether channels are then scaled and shifted.
    """
    options = {"scale": parameters, "center": parameters}
    if normalization == "instance":
        # As many groups as channels: the statistics of one channel of one image.
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, **options)(x)
    return x if normalization is None else keras.layers.BatchNormalization(**options)(x)


def reflected(x, pixels):
    """Pads images by reflection, which avoids the dark borders of zero padding.

    Args:
        x: Images `(batch, height, width, channels)`.
        pixels: Padding on each side, less than the size of the image.
    """
    return keras.ops.pad(x, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]], mode="reflect")


def _strided(layer, x, channels, seeds, normalization, kernel_size):
    options = {"strides": 2, "padding": "same", "kernel_initializer": normal(seeds)}
    x = layer(channels, kernel_size, use_bias=normalization is None, **options)(x)
    return normalized(x, normalization)
