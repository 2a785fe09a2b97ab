"""Random shifts and mirroring of images, new in every epoch and the same for both of a pair."""

import tensorflow as tf

from geans import values
from geans.data import pipeline

MOST_PIXELS = 1_024


def varied(dataset, jitter, flip, seed):
    """Shifts and mirrors the images of a dataset, all of one element alike.

    Args:
        dataset: `tf.data.Dataset` of float batches (batch, height, width, channels), or of tuples
            of them, of the same height and width.
        jitter: Pixels by which images are enlarged (bilinear) before a random window of the old
            size is cut out, up to `MOST_PIXELS`; 0 for none.
        flip: Whether each is mirrored, left to right, with probability one half.
        seed: Integer; the same seed gives the same variations, epoch by epoch. `None` draws one.

    Raises:
        ValueError: If `jitter` is out of range.

    Reference: Isola et al. 2017 (arXiv 1611.07004), appendix 6.2: from 256 to 286 pixels and back.
    """
    if not values.is_integer(jitter) or not 0 <= jitter <= MOST_PIXELS:
        raise ValueError(
            f"jitter must be a number of pixels from 0 to {MOST_PIXELS}. Received: {jitter=}."
        )
    if not jitter and not flip:
        return dataset
    seed = pipeline.another_seed(seed, "jitter")
    draws = pipeline.random_integers(seed)

    def vary(batch, draw):
        parts = tf.nest.flatten(batch)
        rows, columns = _window(tf.shape(parts[0]), tf.stack([draw, 0]), jitter, flip)
        moved = [tf.ensure_shape(_moved(each, rows, columns, jitter), each.shape) for each in parts]
        return tf.nest.pack_sequence_as(batch, moved)

    return tf.data.Dataset.zip(dataset, draws).map(vary).prefetch(pipeline.BATCHES_AHEAD)


def _window(shape, seed, jitter, flip):
    """Returns the rows and columns of each enlarged image to keep, in their new order."""
    offsets = tf.random.stateless_uniform((2, shape[0], 1), seed, 0, jitter + 1, "int32")
    rows, columns = offsets[0] + tf.range(shape[1]), offsets[1] + tf.range(shape[2])
    if flip:
        mirrored = tf.random.stateless_uniform((shape[0], 1), seed + 1) < 0.5
        columns = tf.where(mirrored, columns[:, ::-1], columns)
    return rows, columns


def _moved(images, rows, columns, jitter):
    if jitter:
        images = tf.image.resize(images, tf.shape(images)[1:3] + jitter)
    return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
