"""Resizing of decoded images."""

import numpy as np
import tensorflow as tf

from geans import values
from geans.data.folders import MAX_SIZE

# Images resized at a time, since in between they are float32.
_AT_ONCE = 500


def crop_and_resize(images, size):
    """Crops images to the centred square and resizes them (bicubic, antialiased).

    Args:
        images: Tensor or array (..., height, width, channels), uint8 or floats in [-1, 1].
        size: Side in pixels, up to `MAX_SIZE`; `None` returns the images as they are.

    Returns:
        A tensor of the same type, or for an array (count, height, width, channels) an array.

    Raises:
        ValueError: If `size` is out of range.

    Example:
        >>> crop_and_resize(np.zeros((5, 40, 30, 3), "uint8"), 16).shape
        (5, 16, 16, 3)
    """
    if size is None or images.shape[-3] == images.shape[-2] == size:
        return images
    values.check_count("image_size", size, most=MAX_SIZE)
    if tf.is_tensor(images):
        return _crop_and_resize(images, size)
    parts = (images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE))
    return np.concatenate([_crop_and_resize(part, size).numpy() for part in parts])


def _crop_and_resize(images, size):
    height, width = tf.shape(images)[-3], tf.shape(images)[-2]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = images[..., top : top + side, left : left + side, :]
    resized = tf.image.resize(square, (size, size), method="bicubic", antialias=True)
    # Bicubic weights overshoot at edges, and a plain cast would wrap 256 round to 0.
    if images.dtype != "uint8":
        return tf.clip_by_value(resized, -1.0, 1.0)
    return tf.saturate_cast(tf.round(resized), tf.uint8)
