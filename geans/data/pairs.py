"""Batches of pairs of images: aligned ones, two separate domains, or small and large ones.

`jitter` and `flip` follow Isola et al. 2017 (arXiv 1611.07004), appendix 6.2.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.data import images, jittering, pipeline


def paired(
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    jitter: int = 0,
    flip: bool = False,
    **batching: Any,
) -> tf.data.Dataset:
    """Batches aligned images in memory.

    Args:
        source: Images to translate, array (count, height, width, channels) of uint8 or of floats
            in [-1, 1].
        target: Their translations, as many and of the same height and width.
        jitter: Pixels by which images are enlarged before a random window is cut out; 0 for none.
        flip: Whether half of the pairs are mirrored, left to right.
        **batching: Keywords of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of pairs (source, target) of batches.

    Raises:
        ValueError: If the arrays are invalid or differ in size, or `jitter` is out of range.

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


def unpaired(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    jitter: int = 0,
    flip: bool = False,
    **batching: Any,
) -> tf.data.Dataset:
    """Batches images of two domains in memory, each shuffled by itself.

    An epoch has as many pairs as the smaller domain has images, and other images of the larger one
    each time.

    Args:
        first: Array as `source` in `paired`.
        second: Another one; its count, size and channels may differ.
        jitter, flip: As in `paired`, for each domain by itself.
        **batching: Keywords of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of pairs (first, second) of batches.

    Raises:
        ValueError: If an array is invalid or `jitter` is out of range.

    Example:
        >>> horses, zebras = np.zeros((7, 8, 8, 3), "uint8"), np.zeros((5, 8, 8, 3), "uint8")
        >>> [len(batch) for batch, _ in unpaired(horses, zebras, batch_size=4)]
        [4, 1]
    """
    domains = _checked("first", first), _checked("second", second)
    makers = [functools.partial(pipeline.batches, each) for each in domains]
    return independent(makers, jitter, flip, **batching)


def downscaled(dataset: tf.data.Dataset, factor: int = 4) -> tf.data.Dataset:
    """Pairs images with smaller ones of themselves, for super-resolution.

    Args:
        dataset: `tf.data.Dataset` of batches of images in [-1, 1], as `data.images` makes them.
        factor: As in `downscale`.

    Returns:
        A `tf.data.Dataset` of pairs (small, large) of batches.

    Raises:
        ValueError: As in `downscale`.

    Example:
        >>> batches = pipeline.batches(np.zeros((6, 32, 32, 3), "uint8"), batch_size=4)
        >>> [batch.shape for batch in next(iter(downscaled(batches)))]
        [TensorShape([4, 8, 8, 3]), TensorShape([4, 32, 32, 3])]
    """
    return dataset.map(lambda images: (downscale(images, factor), images))


def downscale(images: Any, factor: int) -> Any:
    """Returns images of means over squares of `factor` pixels, in the type of the given ones.

    Args:
        images: Float array or tensor `(batch, height, width, channels)`.
        factor: Integer, at least 2, that divides both sides.

    Raises:
        ValueError: If `factor` is another number.

    Example:
        >>> downscale(np.array([[[[1.0]], [[3.0]]], [[[0.0]], [[0.0]]]]).reshape((1, 2, 2, 1)), 2)
        array([[[[1.]]]])
    """
    height, width = images.shape[1:3]
    if not values.is_count(factor) or factor < 2 or height % factor or width % factor:
        raise ValueError(
            "factor must be an integer, at least 2, that divides the sides of the images. "
            f"Received: factor={factor!r} for {width}x{height} pixels. Another image_size "
            "(--image_size on the command line) crops and resizes them."
        )
    small = tf.nn.avg_pool2d(images, factor, factor, "VALID")
    return small if tf.is_tensor(images) else small.numpy()


def independent(
    makers: Sequence[Callable[..., tf.data.Dataset]],
    jitter: int,
    flip: bool,
    *,
    seed: int | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Zips two datasets, each shuffled by itself, and cuts their batches to the same size.

    Args:
        makers: Two functions of `seed` and `options` that return datasets of batches of images.
        jitter, flip, seed: As in `unpaired`.
        **options: Keywords for both functions.
    """
    values.check_seed(seed, optional=True)
    # Of the same seed, domains of the same size would meet in the same order in every epoch.
    seeds = (seed, pipeline.another_seed(seed, "second"))
    datasets = [
        jittering.varied(make(seed=each, **options), jitter, flip, each)
        for make, each in zip(makers, seeds, strict=True)
    ]

    def cut(first, second):
        count = tf.minimum(tf.shape(first)[0], tf.shape(second)[0])
        return first[:count], second[:count]

    return tf.data.Dataset.zip(*datasets).map(cut).prefetch(pipeline.BATCHES_AHEAD)


def _checked(name, pixels) -> np.ndarray:
    pixels = np.asarray(pixels)
    if pixels.ndim != 4 or not pixels.size:
        raise ValueError(
            f"{name} must be an array of shape (count, height, width, channels). Received shape: "
            f"{pixels.shape}."
        )
    return images.checked(pixels)
