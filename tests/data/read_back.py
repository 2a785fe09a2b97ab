"""What a dataset of images holds, as arrays."""

import numpy as np
import tensorflow as tf


def everything(dataset):
    """All batches as one, of pairs a pair."""
    parts = list(dataset.as_numpy_iterator())
    return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def to_bytes(normalised):
    """Images in [-1, 1] as uint8."""
    return np.rint((normalised + 1) * 127.5).astype("uint8")
