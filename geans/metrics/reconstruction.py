"""Distance of images from their targets: mean absolute error, PSNR and SSIM."""

import math

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans.metrics.features import network

WINDOW = 11  # Pixels, the side of SSIM's Gaussian window; its standard deviation is 1.5.
PIXELS_AT_ONCE = 2**22


def mean_absolute_error(real: npt.ArrayLike, fake: npt.ArrayLike) -> float:
    """Computes the mean absolute (L1) difference of pixels of images in [-1, 1], a float in [0, 2].

    Images are rounded to 8 bits first.

    Args:
        real: Targets, shape (n, height, width, channels): uint8, or floats in [-1, 1].
        fake: Generated images, as `real` and of the same shape.

    Raises:
        ValueError: If the shapes differ or an argument is not a batch of images; if values are not
            finite, it is a `FloatingPointError`, too.

    Example:
        >>> black, white = np.zeros((5, 8, 8, 3), "uint8"), np.full((5, 8, 8, 3), 255, "uint8")
        >>> mean_absolute_error(black, black), mean_absolute_error(black, white)
        (0.0, 2.0)
    """
    real, fake = _checked(real, fake)
    apart = [
        np.sum(np.abs(one.astype("int16") - other), dtype="int64")
        for one, other in _blocks(real, fake)
    ]
    return float(sum(apart) / real.size / 127.5)


def peak_signal_to_noise_ratio(real: npt.ArrayLike, fake: npt.ArrayLike) -> float:
    """Computes the peak signal-to-noise ratio (PSNR) of images and targets, a float in decibels.

    It is 20 log10(255 / r) with the root mean square r of the difference of all pixels of all
    images, rounded to 8 bits first; infinite if there is none. (A mean of the images' own ratios
    would be infinite if one of them, such as a piece of empty sea, is met exactly.)

    Args:
        real, fake: As in `mean_absolute_error`.

    Raises:
        ValueError: As in `mean_absolute_error`.

    Example:
        >>> black, grey = np.zeros((5, 8, 8, 3), "uint8"), np.full((5, 8, 8, 3), 51, "uint8")
        >>> round(peak_signal_to_noise_ratio(black, grey), 2)
        13.98
    """
    real, fake = _checked(real, fake)
    squares = [
        np.sum(np.square(one.astype("int32") - other), dtype="int64")
        for one, other in _blocks(real, fake)
    ]
    mean = sum(squares) / real.size
    return float(10 * np.log10(255**2 / mean)) if mean else math.inf


def structural_similarity(real: npt.ArrayLike, fake: npt.ArrayLike) -> float:
    """Computes the mean structural similarity (SSIM) of images and targets, a float in [-1, 1].

    It compares brightness, contrast and structure within windows of 11 pixels; 1 is perfect. Colour
    channels are averaged. Images are rounded to 8 bits first.

    Args:
        real, fake: As in `mean_absolute_error`, with sides of 11 pixels or more.

    Raises:
        ValueError: As in `mean_absolute_error`, or if images are too small.

    Reference: Wang, Bovik, Sheikh, Simoncelli 2004.

    Example:
        >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1))
        >>> structural_similarity(noise, noise), structural_similarity(noise, -noise) < -0.9
        (1.0, True)
    """
    real, fake = _checked(real, fake)
    if min(real.shape[1:3]) < WINDOW:
        raise ValueError(
            f"SSIM's window needs images with sides of at least {WINDOW} pixels. Received: shape "
            f"{real.shape}."
        )
    # SSIM's constants assume values from 0.
    found = [tf.image.ssim(one, other, 255, WINDOW) for one, other in _blocks(real, fake)]
    return float(np.mean(np.concatenate(found), dtype="float64"))


def _blocks(real, fake):
    step = max(1, PIXELS_AT_ONCE // real[0].size)
    return ((real[i : i + step], fake[i : i + step]) for i in range(0, len(real), step))


def _checked(real, fake) -> tuple[np.ndarray, np.ndarray]:
    real, fake = np.asarray(real), np.asarray(fake)
    if real.shape != fake.shape or real.ndim != 4 or not real.size:
        raise ValueError(
            "Images are compared with as many of the same shape (n, height, width, channels). "
            f"Received: real of shape {real.shape}, fake of shape {fake.shape}."
        )
    return network.to_pixels(real), network.to_pixels(fake)
