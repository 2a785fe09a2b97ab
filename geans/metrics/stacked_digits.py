"""Classifiers of stacked grey digits, channel by channel, and counts of each stack.

`benchmarks/train_classifiers.py` trains them. Their accuracies on images not used for training:

- "mnist": 99.2 % of MNIST's 10,000 test images, 28x28;
- "digits": 99.2 % of 360 held out from the 1,797 digits of `data.stacked`, 8x8.

`features.digits28` reaches 99.6 % and at best 93 % (enlarged), but takes twelve times as long.
"""

import pathlib

import keras
import numpy as np

from geans.metrics import feature_arrays
from geans.metrics.features import digits28

SIZES = {"mnist": 28, "digits": 8}
"""From classifier to the side of its images in pixels."""

CLASSES = 10
_BATCH_SIZE = 1_000


def network(size):
    """Returns the untrained classifier of grey images (size, size, 1) in [-1, 1] to 10 logits."""
    convolution = {"kernel_size": 5, "padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((size, size, 1)),
            # Eight pixels across are too few to skip any in the first layer.
            keras.layers.Conv2D(16, strides=2 if size > 8 else 1, **convolution),
            keras.layers.Conv2D(32, strides=2, **convolution),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(CLASSES),
        ]
    )


def classify(images, source):
    """Returns the digit that each image shows, int64 (n,).

    Args:
        images: Shape (n, size, size, 1), in [-1, 1].
        source: A name in `SIZES`.
    """
    model = digits28.with_weights(network(SIZES[source]), _path(source))
    images = np.asarray(images, "float32")
    # Called, not `predict`: that would trace a new function in every measurement.
    starts = range(0, len(images), _BATCH_SIZE)
    logits = [model(images[start : start + _BATCH_SIZE], training=False) for start in starts]
    return np.concatenate([np.argmax(part, axis=-1) for part in logits])


def write(source, weights):
    """Writes weights of `network`, in the order of `get_weights`, into the package."""
    digits28.write(weights, _path(source))


def samples_per_mode(images, stacked):
    """Counts the images that show each stack of digits.

    Args:
        images: Shape (n, size, size, channels), in [-1, 1], finite.
        stacked: Object with `source`, a name in `SIZES`, and `channels`: `data.stacked.digits()`.

    Returns:
        Integer array (10**channels,); the index of a stack is the number that its digits spell.

    Raises:
        ValueError: If an argument is invalid.

    Example:
        >>> from types import SimpleNamespace
        >>> pair = SimpleNamespace(source="digits", channels=2)
        >>> int(samples_per_mode(np.zeros((7, 8, 8, 2)), pair).max())
        7
    """
    if stacked.source not in SIZES:
        raise ValueError(
            f"Digits can be told apart of {', '.join(SIZES)}. Received: source={stacked.source!r}."
        )
    images = _finite_images(images, SIZES[stacked.source], stacked.channels)
    channels = np.concatenate(np.moveaxis(images, -1, 0))[..., np.newaxis]
    digits = np.split(classify(channels, stacked.source), stacked.channels)
    shape = (CLASSES,) * stacked.channels
    return np.bincount(np.ravel_multi_index(digits, shape), minlength=CLASSES**stacked.channels)


def _finite_images(images, size, channels):
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] != (size, size, channels) or not len(images):
        raise ValueError(
            f"These stacks are at least one image of shape (n, {size}, {size}, {channels}). "
            f"Received: shape {images.shape}."
        )
    feature_arrays.check_images("samples", images)
    return images


def _path(source):
    return pathlib.Path(__file__).with_name(f"classifier_{source}.npz")
