"""Which digits a stack of grey digits shows, channel by channel, and how often each stack occurs.

The classifiers come with the package; `benchmarks/train_classifiers.py` made them. Of images that
they were not trained on they recognise

- "mnist": 99.2 % of MNIST's 10,000 test images, 28x28;
- "digits": 99.2 % of 360 held out from the 1,797 digits of `data.stacked`, 8x8.

`features.digits28` recognises 99.6 % of the former, but takes twelve times as long, and 93 % of the
latter at best, enlarged.
"""

import pathlib

import keras
import numpy as np

from geans.metrics.features import digits28

SIZES = {"mnist": 28, "digits": 8}
"""The classifiers, and the side of the images that each one knows."""

CLASSES = 10
_BATCH_SIZE = 1_000


def network(size):
    """The untrained classifier of square grey images in [-1, 1]: a `keras.Model` to 10 logits.

    Example:
        >>> network(28).output_shape
        (None, 10)
    """
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
    """The digit that each image shows.

    Args:
        images: Shape (n, size, size, 1), in [-1, 1].
        source: A name in `SIZES`.

    Returns:
        int64 array (n,) of numbers from 0 to 9.

    Example:
        >>> classify(-np.ones((3, 8, 8, 1)), "digits").shape
        (3,)
    """
    model = digits28.with_weights(network(SIZES[source]), _path(source))
    images = np.asarray(images, "float32")
    # Called, not `predict`: that would trace a new function in every measurement.
    starts = range(0, len(images), _BATCH_SIZE)
    logits = [model(images[start : start + _BATCH_SIZE], training=False) for start in starts]
    return np.concatenate([np.argmax(part, axis=-1) for part in logits])


def write(source, weights):
    """Puts weights of `network`, in the order of `get_weights`, into the package."""
    digits28.write(weights, _path(source))


def samples_per_mode(images, stacked):
    """How many images show each stack of digits.

    Args:
        images: Shape (n, size, size, channels), in [-1, 1], finite.
        stacked: Object with `source`, a name in `SIZES`, and `channels`, such as
            `data.stacked.digits()`.

    Returns:
        Integer array (10**channels,); a stack has the index that its digits spell.

    Raises:
        ValueError: If `images` is empty, not finite, or of another shape, or no classifier has
            the name of the source.

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
    broken = int(np.count_nonzero(~np.isfinite(images).all(axis=(1, 2, 3))))
    if broken:
        raise ValueError(
            f"{broken} of {len(images)} samples contain NaN or infinity: the generator has "
            "diverged. Lower its learning rate, or drop these samples and say so."
        )
    return images


def _path(source):
    return pathlib.Path(__file__).with_name(f"classifier_{source}.npz")
