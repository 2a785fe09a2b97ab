"""Resizing of decoded images."""

import numpy as np
import tensorflow as tf

from geans.data import folders

# Images resized at a time, since in between they are float32.
_AT_ONCE = 500


def crop_and_resize(images, size):
    """Crops images around their centre to the shape of a size and resizes them.

    Resizing is bicubic and antialiased.

    Args:
        images: Tensor or array (..., height, width, channels), uint8 or floats in [-1, 1].
        size: As in `folders.sides_of`; `None` returns the images as they are.

    Returns:
        A tensor of the same type, or for an array (count, height, width, channels) an array.

    Raises:
        ValueError: If `size` is out of range.

    Example:
        >>> crop_and_resize(np.zeros((5, 40, 30, 3), "uint8"), 16).shape
        (5, 16, 16, 3)
    """
    sides = folders.sides_of(size)
    if sides is None or tuple(images.shape[-3:-1]) == sides:
        return images
    if tf.is_tensor(images):
        return _crop_and_resize(images, sides)
    parts = (images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE))
    return np.concatenate([_crop_and_resize(part, sides).numpy() for part in parts])


def _crop_and_resize(images, sides):
    height, width = tf.shape(images)[-3], tf.shape(images)[-2]
    # The largest part with the aspect of `sides`, to whole pixels.
    kept_height = tf.maximum(1, tf.minimum(height, width * sides[0] // sides[1]))
    kept_width = tf.maximum(1, tf.minimum(width, height * sides[1] // sides[0]))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    part = images[..., top : top + kept_height, left : left + kept_width, :]
    resized = tf.image.resize(part, sides, method="bicubic", antialias=True)
    # Bicubic weights overshoot at edges, and a plain cast would wrap 256 round to 0.
    if images.dtype != "uint8":
        return tf.clip_by_value(resized, -1.0, 1.0)
    return tf.saturate_cast(tf.round(resized), tf.uint8)
