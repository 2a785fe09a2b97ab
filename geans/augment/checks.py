"""Checks of what augmentations are given: images, seeds, shares."""

import tensorflow as tf
from keras import ops

from geans import values


def checked_images(images):
    """Returns float images `(batch, height, width, channels)` as a tensor; raises for others."""
    images = ops.convert_to_tensor(images)
    if images.shape.rank != 4 or None in images.shape[1:] or 0 in images.shape[1:]:
        raise ValueError(
            "Augmentation needs images of shape (batch, height, width, channels), of which only "
            f"the batch may be unknown. Received: shape {images.shape}."
        )
    if not images.dtype.is_floating:
        raise ValueError(
            f"Augmentation needs float images in [-1, 1]. Received: {images.dtype.name}. Scale "
            "them as geans.data does: x / 127.5 - 1."
        )
    return images


def stream_seed(seed, stream):
    """Returns the seed of one stream of random numbers, an integer tensor `(2,)` like `seed`.

    Each augmentation has a number `stream` of its own, since penalties draw from the same seed.
    """
    seed = ops.convert_to_tensor(seed)
    if seed.shape != (2,) or not seed.dtype.is_integer:
        raise ValueError(
            f"seed must be an integer tensor of shape (2,). Received: {seed.dtype.name} of shape "
            f"{seed.shape}."
        )
    return tf.random.fold_in(seed, tf.constant(stream, "int64"))


def check_share(name, value, most=1):
    """Raises a `ValueError` if `value` is not a number from 0 to `most`."""
    if not values.is_number(value) or not 0 <= value <= most:
        raise ValueError(f"{name} must be a number from 0 to {most}. Received: {name}={value!r}.")


def check_bool(name, value):
    """Raises a `ValueError` if `value` is neither `True` nor `False`."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False. Received: {name}={value!r}.")
