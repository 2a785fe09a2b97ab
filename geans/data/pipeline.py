"""Shared `tf.data` pipelines: shuffle something cheap, batch, normalise whole batches, prefetch."""

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.data import classes, disk_cache
from geans.types import Shape

MEMORY_LIMIT = 2**30
"""Bytes of decoded uint8 images that a dataset may keep in memory; more goes to a file."""

BATCHES_AHEAD = 4


def normalise(images: tf.Tensor) -> tf.Tensor:
    """Maps uint8 pixels in [0, 255], of any shape, to float32 in [-1, 1]: `images / 127.5 - 1`.

    Example:
        >>> normalise(tf.constant([0, 255], "uint8")).numpy().tolist()
        [-1.0, 1.0]
    """
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def batches(
    arrays: np.ndarray | tuple[np.ndarray, ...],
    *,
    batch_size: int = 64,
    shuffle: bool = True,
    seed: int | None = None,
    drop_remainder: bool = False,
    mirror: bool = False,
    balanced_by: npt.ArrayLike | None = None,
) -> tf.data.Dataset:
    """Batches arrays that fit in memory.

    Args:
        arrays: One array, or a tuple of arrays of the same length. uint8 arrays hold images and are
            normalised to float32 in [-1, 1]; other dtypes pass unchanged.
        batch_size: Examples per batch.
        shuffle: Whether every epoch has a new order.
        seed: Integer; the same seed gives the same batches, epoch by epoch. `None` draws one, which
            `keras.utils.set_random_seed` determines.
        drop_remainder: Whether to leave out a smaller last batch.
        mirror: Whether in every epoch each image is flipped, left to right, with probability one
            half. Images are arrays of rank 4 or more; those of one tuple are flipped alike.
        balanced_by: Classes, integers (count,): all come equally often in epochs of the same
            length, see `classes.balanced_order`. `None` takes every example once.

    Returns:
        A finite `tf.data.Dataset` with batches structured like `arrays`.

    Raises:
        ValueError: If the arrays are empty or differ in length, no batch would remain, or an
            argument is invalid.

    Example:
        >>> points = np.zeros((10, 2), "float32")
        >>> [len(batch) for batch in batches(points, batch_size=4, seed=0)]
        [4, 4, 2]
    """
    lengths = [len(array) for array in tf.nest.flatten(arrays)]
    if len(set(lengths)) != 1:
        raise ValueError(f"Arrays of one dataset must have the same length. Received: {lengths}")
    count = lengths[0]
    _check_batching(count, batch_size, seed, drop_remainder)
    if balanced_by is not None:
        balanced_by = classes.checked_labels("balanced_by", balanced_by, count)
    # On an accelerator belong the batches, not the whole dataset.
    with tf.device("cpu"):
        tensors = tf.nest.map_structure(tf.convert_to_tensor, arrays)

    def epoch(epoch_seed):
        def mix(tensor, stream):
            seeds = tf.stack([epoch_seed, stream])
            return tf.random.experimental.stateless_shuffle(tensor, seeds) if shuffle else tensor

        # Permuting once and gathering whole batches is far quicker than shuffling examples.
        if balanced_by is None:
            order = mix(tf.range(count, dtype="int64"), 0)
        else:
            order = classes.balanced_order(balanced_by, mix)

        def gather(start):
            indices = order[start : start + batch_size]
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, indices), tensors)

        return tf.data.Dataset.range(0, end, batch_size).map(gather)

    end = count - count % batch_size if drop_remainder else count
    batched = random_integers(seed).take(1).flat_map(epoch)
    batched = finished(batched, seed, mirror).prefetch(BATCHES_AHEAD)
    options = tf.data.Options()
    # Its thread makes the end of an epoch wait for up to a second, and has nothing to tune here.
    options.autotune.enabled = False
    steps = math.ceil(end / batch_size)
    return batched.apply(tf.data.experimental.assert_cardinality(steps)).with_options(options)


def decoded_batches(
    elements: tf.data.Dataset,
    decode: Callable[..., Any],
    *,
    shuffle_buffer: int | None = None,
    batch_size: int = 64,
    shuffle: bool = True,
    seed: int | None = None,
    drop_remainder: bool = False,
    mirror: bool = False,
) -> tf.data.Dataset:
    """Batches a dataset too large for memory, decoding every element once.

    What was decoded is kept on disk, as `disk_cache.decoded_once` says.

    Args:
        elements: `tf.data.Dataset` of something cheap to shuffle, such as paths or encoded images.
        decode: Function from one element to a uint8 image, or to a tuple of images and labels, of
            fixed shapes. It runs in parallel; the order is kept.
        shuffle_buffer: Size of the shuffle buffer in elements; `None` for all.
        batch_size, shuffle, seed, drop_remainder, mirror: As in `batches`.

    Returns:
        A finite `tf.data.Dataset`, as from `batches`.

    Raises:
        ValueError: If `elements` is empty, infinite or of unknown length, no batch would remain, or
            an argument is invalid.
    """
    count = int(elements.cardinality())
    if count < 0:
        raise ValueError(
            f"The elements must be finite and of known number, but their cardinality is {count}. "
            "Use elements.take(n), or elements.apply(tf.data.experimental.assert_cardinality(n))."
        )
    _check_batching(count, batch_size, seed, drop_remainder)
    elements, decode = disk_cache.decoded_once(elements, decode)
    if shuffle:
        buffer = shuffle_buffer or count
        shuffled = functools.partial(elements.shuffle, buffer, reshuffle_each_iteration=True)
        elements = _seeded(shuffled, seed)
    decoded = elements.map(decode, tf.data.AUTOTUNE, deterministic=True)
    batched = decoded.batch(batch_size, drop_remainder)
    return finished(batched, seed, mirror, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def finished(
    batched: tf.data.Dataset, seed: int | None, mirror: bool, parallel: int | None = None
) -> tf.data.Dataset:
    """Returns batches mirrored, if wanted, and normalised.

    Args:
        batched: `tf.data.Dataset` of batches, uint8 if they are images.
        seed, mirror: As in `batches`.
        parallel: Number of batches at the same time, as in `tf.data.Dataset.map`.

    Raises:
        ValueError: If `mirror` is invalid, or there are no images to mirror.
    """
    if type(mirror) is not bool:
        raise ValueError(f"mirror must be True or False. Received: mirror={mirror!r}")
    if not mirror:
        return batched.map(_normalise_images, parallel)
    specs = tf.nest.flatten(batched.element_spec)
    if all(spec.shape.rank < 4 for spec in specs):
        raise ValueError(
            "mirror=True needs images of shape (count, height, width, channels). Received: shape "
            f"{tuple(specs[0].shape)}."
        )

    def mirrored(batch, draw):
        count = tf.shape(tf.nest.flatten(batch)[0])[0]
        flipped = tf.random.stateless_uniform((count,), tf.stack([draw, 0])) < 0.5
        batch = tf.nest.map_structure(lambda part: _flipped(part, flipped), batch)
        return _normalise_images(*(batch if isinstance(batch, tuple) else (batch,)))

    draws = random_integers(another_seed(seed, "mirror"))
    return tf.data.Dataset.zip(batched, draws).map(mirrored, parallel)


def another_seed(seed: int | None, purpose: str) -> int | None:
    """Derives an independent seed for another purpose; `None` stays `None`."""
    return None if seed is None else random.Random(f"{seed} {purpose}").getrandbits(62)


def random_integers(seed: int | None) -> tf.data.Dataset:
    """Returns an endless dataset of integers, others in each iteration; `seed` as in `batches`."""
    make = functools.partial(tf.data.Dataset.random, rerandomize_each_iteration=True)
    return _seeded(make, seed)


def decode_all(
    elements: tf.data.Dataset, decode: Callable[..., Any]
) -> np.ndarray | tuple[np.ndarray, ...]:
    """Decodes a finite dataset once, in parallel; returns one array or a tuple of arrays."""
    decoded = elements.map(decode, tf.data.AUTOTUNE, deterministic=True)
    parts = list(decoded.batch(1024).as_numpy_iterator())
    return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def fits_in_memory(count: int, shape: Shape) -> bool:
    """Returns whether `count` uint8 images of one shape stay within `MEMORY_LIMIT`."""
    return count * math.prod(shape) <= MEMORY_LIMIT


def _seeded(make, seed):
    """Returns the dataset `make(seed=seed)`, whatever `tf.random.set_seed` was called with."""

    def made():
        tf.random.set_seed(87654321)  # TensorFlow's own, if none is set; for this graph alone.
        return make(seed=seed)

    seed = values.given_or_random(seed)
    return tf.function(made, autograph=False).get_concrete_function()()


def _flipped(images, flipped):
    """Returns images, rank 4 or more, with those mirrored that are `flipped`; others unchanged."""
    if images.shape.rank < 4:
        return images
    flipped = tf.reshape(flipped, [-1] + [1] * (images.shape.rank - 1))
    return tf.where(flipped, tf.reverse(images, [-2]), images)


def _normalise_images(*batch):
    normalised = tuple(normalise(part) if part.dtype == tf.uint8 else part for part in batch)
    return normalised if len(normalised) > 1 else normalised[0]


def _check_batching(count, batch_size, seed, drop_remainder):
    values.check_count("batch_size", batch_size)
    values.check_seed(seed, optional=True)
    if count < 1:
        raise ValueError("There is nothing to batch: the dataset has no examples.")
    if drop_remainder and count < batch_size:
        raise ValueError(
            f"drop_remainder=True leaves no batch: there are {count} examples for batches of "
            f"{batch_size}. Choose a smaller batch_size or keep the remainder."
        )
