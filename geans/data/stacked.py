"""Stacked digits: every channel of an image is a random digit, so three channels have 1,000 modes.

Two sources of grey digits:

- "mnist": the 60,000 training images of MNIST, 28x28, from tensorflow-datasets, the benchmark of
  Metz et al. 2017 (unrolled GANs), Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN).
- "digits": 1,797 images, 8x8, that come with the package: the test part of Alpaydin & Kaynak 1998,
  "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
  https://archive.ics.uci.edu/dataset/80, doi 10.24432/C50P49, licence CC BY 4.0. Changed: its grey
  levels 0 to 16 are scaled to 0 to 255.
"""

import dataclasses
import functools
import pathlib

import numpy as np
import tensorflow as tf

from geans import values
from geans.data import images, pipeline
from geans.types import PathLike

CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Stacked:
    """Images whose channels are digits, drawn independently and uniformly.

    Args:
        source: "mnist" or "digits"; loaded at first use.
        channels: Digits per image: 3 for RGB images with 1,000 modes, 1 for grey ones with 10.
        data_dir: Directory where tensorflow-datasets finds MNIST; unused by "digits".

    Raises:
        ValueError: If the source is unknown or `channels` is neither 1 nor 3.

    Example:
        >>> digits = Stacked("digits")
        >>> digits.modes, digits.sample(5).shape
        (1000, (5, 8, 8, 3))
    """

    source: str
    channels: int = 3
    data_dir: PathLike | None = None

    # What the literature compares, from VEEGAN on; and what is watched after every epoch, where
    # the classifier should not cost more than training. Real data show all 1,000 modes in both.
    samples_to_measure = 26_000
    samples_to_watch = 10_000

    def __post_init__(self):
        if self.source not in DIGITS:
            raise ValueError(f"Stacked digits are {list(DIGITS)}. Received: {self.source!r}.")
        if type(self.channels) is not int or self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3. Received: channels={self.channels!r}")

    @property
    def modes(self) -> int:
        """Number of different stacks."""
        return CLASSES**self.channels

    @functools.cached_property
    def digits(self) -> np.ndarray:
        """Grey digits, a uint8 array (count, size, size)."""
        return DIGITS[self.source](self.data_dir)

    def sample(self, count: int, seed: int | None = 0) -> np.ndarray:
        """Draws images.

        Args:
            count: Number of images, up to a million.
            seed: Integer; the same seed gives the same images. `None` draws one.

        Returns:
            A float32 array (count, size, size, channels) in [-1, 1].

        Raises:
            ValueError: If an argument is out of range.
        """
        values.check_count("count", count, most=10**6)
        values.check_seed(seed, optional=True)
        return _stack(self.digits, self._draw(count, seed)).numpy()

    def dataset(
        self, batch_size: int = 64, size: int = 100_000, seed: int | None = 0
    ) -> tf.data.Dataset:
        """Batches `size` images drawn once and shuffled in every epoch.

        Args:
            batch_size: Images per batch.
            size: Images per epoch.
            seed: Integer for both the images and their order. `None` draws one.

        Returns:
            A finite `tf.data.Dataset` of float32 batches (batch, size, size, channels) in [-1, 1].
        """
        values.check_count("size", size)
        values.check_seed(seed, optional=True)
        chosen = pipeline.batches(self._draw(size, seed), batch_size=batch_size, seed=seed)
        with tf.device("cpu"):
            digits = tf.convert_to_tensor(self.digits)
        return chosen.map(lambda indices: _stack(digits, indices)).prefetch(pipeline.BATCHES_AHEAD)

    def _draw(self, count, seed):
        random = np.random.default_rng(values.given_or_random(seed))
        return random.integers(len(self.digits), size=(count, self.channels), dtype="int32")


def mnist(channels: int = 3, data_dir: PathLike | None = None) -> Stacked:
    """Returns `Stacked("mnist", channels, data_dir)`: stacked 28x28 MNIST digits."""
    return Stacked("mnist", channels, data_dir)


def digits(channels: int = 3) -> Stacked:
    """Returns `Stacked("digits", channels)`: stacked 8x8 digits that come with the package."""
    return Stacked("digits", channels)


def optical_digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns the embedded digits: uint8 images (1797, 8, 8) and int64 labels (1797,)."""
    with np.load(pathlib.Path(__file__).with_name("optical_digits.npz")) as arrays:
        return arrays["images"], arrays["labels"].astype("int64")


def held_out() -> np.ndarray:
    """Returns a bool mask (1797,) of the embedded digits unseen by the classifier of `metrics`."""
    held_out = np.zeros(1_797, bool)
    held_out[np.random.default_rng(0).permutation(1_797)[:360]] = True
    return held_out


def _mnist(data_dir):
    batches = images.from_tfds("mnist", data_dir=data_dir, shuffle=False, batch_size=10_000)
    parts = [np.rint((batch[..., 0] + 1) * 127.5).astype("uint8") for batch in batches]
    return np.concatenate(parts)


DIGITS = {"mnist": _mnist, "digits": lambda data_dir: optical_digits()[0]}
"""Sources of digits: functions from `data_dir` to a uint8 array (count, size, size)."""


def _stack(digits, indices):
    channels_first = tf.gather(digits, indices)
    return pipeline.normalise(tf.transpose(channels_first, (0, 2, 3, 1)))
