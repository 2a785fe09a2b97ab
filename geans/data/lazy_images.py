"""Images of many files, each decoded when training first needs it."""

import atexit
import functools
import time

import numpy as np
import tensorflow as tf

from geans.data import disk_cache, image_files, pipeline

TRIES = 100
"""Files in a row of which one must be readable."""


class LazyImages:
    """Images of files, each decoded when it is first taken, and kept.

    A file that cannot be read is replaced by the next one that can, with a warning.

    Args:
        files: Paths.
        shape: `(height, width, channels)` of the images.
    """

    def __init__(self, files, shape):
        self.files = files
        self.shape = shape
        self.places = np.arange(len(files), dtype="int64")  # Of the files shown in their place.
        self._kept = _room(len(files), shape)
        self._known = np.zeros(len(files), bool)
        _wait_at_exit()

    def take(self, indices):
        """Returns the images at some indices, uint8 `(n, *shape)`, and the places of their files.

        Raises:
            ValueError: If none of `TRIES` files in a row can be read.
        """
        made, failures = {}, {}

        def make(place):
            made[place] = image_files.read_image(self.files[place], self.shape)

        for _ in range(TRIES):
            missing = self._missing(indices, made)
            reasons = image_files.attempt_every(missing, lambda n, row=missing: make(row[n]))
            for n, reason in reasons.items():
                failures[missing[n]] = reason
                self._replace(missing[n])
            if not reasons:
                self._warn(failures)
                return self._images(indices, made)
        raise ValueError(
            f"None of {TRIES} images in a row can be read:\n"
            f"{image_files.described(self.files, failures)}"
        )

    def _missing(self, indices, made):
        places = np.unique(self.places[indices])
        return [place for place in places[~self._known[places]].tolist() if place not in made]

    def _replace(self, place):
        # Wherever it stands for others, too.
        self.places[self.places == place] = self.places[(place + 1) % len(self.places)]

    def _warn(self, failures):
        if failures:
            image_files.warn_once(
                f"{len(failures)} of {len(self.files):,} files cannot be read as images. The next "
                f"ones take their places:\n{image_files.described(self.files, failures)}"
            )

    def _images(self, indices, made):
        places = self.places[indices]
        if self._kept is None:
            return np.stack([made[place] for place in places.tolist()]), places
        for place, image in made.items():
            self._kept[place] = image
            self._known[place] = True
        images = np.asarray(self._kept[places])
        disk_cache.release(self._kept)
        return images, places


def batches(files, shape, labels=None, *, seed=None, mirror=False, **batching):
    """Batches images of files, in the order of `pipeline.batches`.

    Args:
        files: Paths.
        shape: `(height, width, channels)` of the images.
        labels: Integers (count,) to yield, or `None`.
        seed, mirror: As in `pipeline.batches`.
        **batching: Its other keywords.
    """
    images = LazyImages(files, shape)
    spec = [tf.TensorSpec((None, *shape), tf.uint8), tf.TensorSpec((None,), tf.int64)]

    def decoded(indices):
        found = tf.numpy_function(images.take, [indices], [each.dtype for each in spec])
        pixels, places = map(tf.ensure_shape, found, [each.shape for each in spec])
        return pixels if labels is None else (pixels, tf.gather(labels, places))

    order = pipeline.batches(images.places.copy(), seed=seed, **batching)
    batched = pipeline.finished(order.map(decoded), seed, mirror)
    return batched.prefetch(pipeline.BATCHES_AHEAD)


def _room(count, shape):
    """Returns an array to keep images in: in memory, or else in a file, or else `None`."""
    if pipeline.fits_in_memory(count, shape):
        return np.empty((count, *shape), "uint8")
    kept = disk_cache.arrays(count, [tf.TensorSpec(shape, tf.uint8)])
    return kept and kept[0]


@functools.cache
def _wait_at_exit():
    """Makes Python's end wait until batches ahead, of iterators still alive, are made or failed.

    TensorFlow's threads that called Python after its end would never return, nor would it end.
    """
    atexit.register(time.sleep, 0.2)
