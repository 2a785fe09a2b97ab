"""Layers that the networks for image translation share."""

import keras


def normal(seeds):
    """Returns an initializer of mean 0 and stddev 0.02, as in Isola et al. 2017 (section 6.2)."""
    return keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))


def normalized(x, normalization):
    """Normalizes channels over a batch, over each image, or not at all.

    Args:
        x: Keras tensor `(batch, height, width, channels)`.
        normalization: "batch", "instance" (Ulyanov et al. 2016, arXiv 1607.08022), or `None`.
    """
    if normalization == "instance":
        # As many groups as channels: the statistics of one channel of one image.
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)(x)
    return x if normalization is None else keras.layers.BatchNormalization()(x)


def reflected(x, pixels):
    """Pads images by reflection, which avoids the dark borders of zero padding.

    Args:
        x: Images `(batch, height, width, channels)`.
        pixels: Padding on each side, less than the size of the image.
    """
    return keras.ops.pad(x, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]], mode="reflect")
