"""Layers that the networks for image translation share."""

import keras


def normal(seeds):
    """Draw weights as Isola et al. 2017 (6.2) and Zhu et al. 2017 do: deviation 0.02, mean 0.

    Args:
        seeds: as `checks.layer_seeds` makes them.

    Example:

    >>> from geans.networks import checks
    >>> normal(checks.layer_seeds("generator", 0)).stddev
    0.02
    """
    return keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))


def normalized(x, normalization):
    """Normalize channels over a batch, over each image by itself, or not at all.

    Args:
        x: images in a network `(batch, height, width, channels)`.
        normalization: "batch", "instance" (Ulyanov et al. 2016, arXiv 1607.08022), or None.

    Example:

    >>> normalized(keras.Input((8, 8, 4)), "instance").shape
    (None, 8, 8, 4)
    """
    if normalization == "instance":
        # As many groups as channels: the statistics of one channel of one image.
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)(x)
    return x if normalization is None else keras.layers.BatchNormalization()(x)


def reflected(x, pixels):
    """Mirror images at their border, which a border of zeros would darken.

    Args:
        x: images in a network `(batch, height, width, channels)`.
        pixels: how many are added on each side, fewer than the image has.

    Example:

    >>> reflected(keras.ops.reshape([1.0, 2.0, 3.0, 4.0], (1, 2, 2, 1)), 1)[0, 0, :, 0].numpy()
    array([4., 3., 4., 3.], dtype=float32)
    """
    return keras.ops.pad(x, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]], mode="reflect")
