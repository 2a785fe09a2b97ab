"""A file that keeps what was decoded, for datasets that do not fit in memory."""

import math
import mmap
import os
import shutil
import tempfile
import threading

import numpy as np
import tensorflow as tf

SHARE = 0.5
"""Largest share of the free disk space that a dataset may take."""


def decoded_once(elements, decode):
    """Returns numbered elements, and a function that decodes each of them once.

    What was decoded goes into a file, see `arrays`. If there is no room, every call decodes.

    Args:
        elements: `tf.data.Dataset` of known length.
        decode: Function from an element to a tensor or a tuple of tensors, of fixed shapes.
    """
    count = int(elements.cardinality())
    spec = elements.map(decode).element_spec
    parts = tf.nest.flatten(spec)
    kept = arrays(count, parts)
    if kept is None:
        return elements, decode
    rows = _Rows(count, kept)
    types = [part.dtype for part in parts]

    def decode_once(index, element):
        element = element if isinstance(element, tuple) else (element,)

        def make():
            made = tf.nest.flatten(decode(*element))
            with tf.control_dependencies([tf.numpy_function(rows.keep, [index, *made], [])]):
                return [tf.identity(part) for part in made]

        def read():
            return tf.numpy_function(rows.read, [index], types)

        found = tf.cond(tf.numpy_function(rows.known, [index], tf.bool), read, make)
        shaped = [tf.ensure_shape(one, part.shape) for one, part in zip(found, parts, strict=True)]
        return tf.nest.pack_sequence_as(spec, shaped)

    return elements.enumerate(), decode_once


def arrays(count, parts):
    """Returns an array (count, *shape) for each `tf.TensorSpec`, kept in a file; `None` if no room.

    Unnamed files in `tempfile.gettempdir()` (`TMPDIR` chooses another disk), which vanish with the
    process.
    """
    size = count * sum(math.prod(part.shape) * part.dtype.size for part in parts)
    if size > SHARE * shutil.disk_usage(tempfile.gettempdir()).free:
        return None
    try:
        return [_array(count, part) for part in parts]
    except OSError:
        return None


def _array(count, part):
    shape = (count, *part.shape)
    with tempfile.TemporaryFile() as file:
        if hasattr(os, "posix_fallocate"):
            # A disk that is full later would end the process at a page that was not reserved.
            os.posix_fallocate(file.fileno(), 0, math.prod(shape) * part.dtype.size)
        return np.memmap(file, part.dtype.as_numpy_dtype, "w+", shape=shape)


def release(array):
    """Takes an array in a file, as from `arrays`, out of the process' memory; it stays as it is."""
    if isinstance(array, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        array._mmap.madvise(mmap.MADV_DONTNEED)


class _Rows:
    """Arrays, and which of their rows have been written."""

    def __init__(self, count, arrays):
        self.written = np.zeros(count, bool)
        self.arrays = arrays
        self.lock = threading.Lock()

    def known(self, index):
        return self.written[index]

    def read(self, index):
        return [np.asarray(array[index]) for array in self.arrays]

    def keep(self, index, *values):
        with self.lock:
            for array, value in zip(self.arrays, values, strict=True):
                array[index] = value
            self.written[index] = True
