"""Affine resampling of images, with exact gradients of any order."""

import tensorflow as tf


def affine(planes, matrices):
    """Returns planes of which each pixel is read where `matrices` say, by bilinear interpolation.

    Beyond the centres of its outermost pixels, an image is continued by its mirror image. The
    gradient is the exact adjoint, whose gradient is the resampling again (that of TensorFlow's
    `ImageProjectiveTransformV3` resamples by the inverse matrix, which is not the adjoint).

    Args:
        planes: Float `(batch, channels, height, width)`, of which only the batch may be unknown.
        matrices: Float `(batch, 3, 3)` with the last row 0, 0, 1; from `(x, y, 1)` of the output
            to that of `planes`, in pixels to the right of and below the centre of the image.
    """
    shape = (-1, *planes.shape[1:])
    neighbours = _neighbours(planes, matrices)

    @tf.custom_gradient
    def gather(planes):
        flat = tf.reshape(planes, (-1,))
        return sum(weights * tf.gather(flat, places) for places, weights in neighbours), scatter

    @tf.custom_gradient
    def scatter(planes):
        size = tf.size(planes)
        flat = sum(
            tf.math.unsorted_segment_sum(weights * planes, places, size)
            for places, weights in neighbours
        )
        return tf.reshape(flat, shape), gather

    return gather(planes)


def _neighbours(planes, matrices):
    """Returns the places in the flattened `planes` and the weights of the four pixels around."""
    channels, height, width = planes.shape[1:]
    columns, right, x = _cells(_positions(matrices[:, 0], height, width, width), width)
    rows, down, y = _cells(_positions(matrices[:, 1], height, width, height), height)
    starts = tf.range(tf.shape(planes)[0] * channels) * (height * width)
    first = tf.reshape(starts, (-1, channels, 1, 1)) + rows * width + columns
    down *= width
    neighbours = [
        (first, (1 - y) * (1 - x)),
        (first + right, (1 - y) * x),
        (first + down, y * (1 - x)),
        (first + down + right, y * x),
    ]
    return [(places, tf.cast(weights, planes.dtype)) for places, weights in neighbours]


def _positions(row, height, width, size):
    """Where a row of the matrices reads, from 0 to `size` - 1, `(batch, 1, height, width)`."""
    x = tf.range(width, dtype=row.dtype) - (width - 1) / 2
    y = tf.range(height, dtype=row.dtype)[:, None] - (height - 1) / 2
    slope_x, slope_y, shift = tf.unstack(row[:, :, None, None, None], axis=1)
    positions = slope_x * x + slope_y * y + shift + (size - 1) / 2
    # One there and back.
    period = max(2 * size - 2, 1)
    reflected = size - 1 - tf.abs(size - 1 - tf.math.floormod(positions, period))
    return tf.clip_by_value(reflected, 0, size - 1)


def _cells(positions, size):
    """Returns the pixel before each position, the step to the next one, and the distance."""
    before = tf.floor(positions)
    index = tf.cast(before, "int32")
    return index, tf.minimum(index + 1, size - 1) - index, positions - before
