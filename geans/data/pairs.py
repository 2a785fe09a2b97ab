"""Batches of pairs of images: aligned ones, or two domains that are shuffled apart.

Both keywords that vary the images, `jitter` and `flip`, do so as Isola et al. 2017 (appendix 6.2):
enlarge by so many pixels and cut a random window of the old size out; mirror half of them.
"""

import functools

import numpy as np
import tensorflow as tf

from geans import values
from geans.data import jittering, pipeline


def paired(source, target, *, jitter=0, flip=False, **batching):
    """Aligned images in memory.

    Args:
        source: uint8 array (count, height, width, channels) of what is translated.
        target: As many, of the same height and width, of what it is to become.
        jitter: Pixels by which images are enlarged before a window is cut out; 0 for none.
        flip: Whether half of the pairs are mirrored, left to right.
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of pairs (source, target) of batches.

    Raises:
        ValueError: If the arrays are no such images or do not fit each other, or `jitter` is no
            integer from 0.

    Example:
        >>> grey, colour = np.zeros((6, 32, 32, 1), "uint8"), np.zeros((6, 32, 32, 3), "uint8")
        >>> [batch.shape for batch in next(iter(paired(grey, colour, batch_size=4)))]
        [TensorShape([4, 32, 32, 1]), TensorShape([4, 32, 32, 3])]
    """
    source, target = _checked("source", source), _checked("target", target)
    if source.shape[:3] != target.shape[:3]:
        raise ValueError(
            "Every source needs a target of the same height and width. Received: source of shape "
            f"{source.shape}, target of shape {target.shape}."
        )
    dataset = pipeline.batches((source, target), **batching)
    return jittering.varied(dataset, jitter, flip, batching.get("seed"))


def unpaired(first, second, *, jitter=0, flip=False, **batching):
    """Images of two domains in memory, each in an order of its own.

    An epoch has as many pairs as the smaller domain has images. Of the larger one each epoch shows
    others.

    Args:
        first: uint8 array (count, height, width, channels).
        second: Likewise; another count, size and number of channels are fine.
        jitter: As in `paired`, for each domain by itself.
        flip: As in `paired`, for each domain by itself.
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of pairs (first, second) of batches.

    Raises:
        ValueError: If the arrays are no such images, or `jitter` is no integer from 0.

    Example:
        >>> horses, zebras = np.zeros((7, 8, 8, 3), "uint8"), np.zeros((5, 8, 8, 3), "uint8")
        >>> [len(batch) for batch, _ in unpaired(horses, zebras, batch_size=4)]
        [4, 1]
    """
    domains = _checked("first", first), _checked("second", second)
    makers = [functools.partial(pipeline.batches, each) for each in domains]
    return independent(makers, jitter, flip, **batching)


def independent(makers, jitter, flip, *, seed=None, **options):
    """Two datasets side by side, each in an order of its own, their batches cut to the same size.

    Args:
        makers: Two functions of `seed` and `options` that make datasets of batches of images.
        jitter: As in `unpaired`.
        flip: As in `unpaired`.
        seed: As in `pipeline.batches`.
        **options: For both functions.

    Returns:
        A `tf.data.Dataset` of pairs of batches, as long as the shorter one.

    Example:
        >>> make = functools.partial(pipeline.batches, np.zeros((5, 8, 8, 1), "uint8"))
        >>> [len(batch) for batch, _ in independent([make, make], 0, False, batch_size=3)]
        [3, 2]
    """
    values.check_seed(seed, optional=True)
    # Of the same seed, domains of the same size would meet in the same order in every epoch.
    seeds = (seed, jittering.another_seed(seed, "second"))
    datasets = [
        jittering.varied(make(seed=each, **options), jitter, flip, each)
        for make, each in zip(makers, seeds, strict=True)
    ]

    def cut(first, second):
        count = tf.minimum(tf.shape(first)[0], tf.shape(second)[0])
        return first[:count], second[:count]

    return tf.data.Dataset.zip(*datasets).map(cut).prefetch(pipeline.BATCHES_AHEAD)


def _checked(name, pixels):
    pixels = np.asarray(pixels)
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(
            f"{name} must be a uint8 array of shape (count, height, width, channels). Received: "
            f"{pixels.dtype} of shape {pixels.shape}."
        )
    return pixels
