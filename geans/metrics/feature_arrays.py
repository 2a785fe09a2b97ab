"""Checks of feature arrays and images, and iteration over features without a float64 copy."""

import warnings

import numpy as np

# 16 MiB of float64; rows enough to keep a matrix product busy.
_BLOCK_SIZE = 2**21
_MOST_ROWS = 768

LARGEST = 1e15
"""Largest magnitude of a feature, so that sums of squares do not overflow in float32."""

LARGEST_PIXEL = 1 + 1e-3  # For rounding errors.


class NotFiniteError(FloatingPointError, ValueError):
    """An error of samples with NaN or infinity, most often those of a diverged generator."""


def checked(name, features, *, least=1) -> np.ndarray:
    """Returns features as an array of their own type, not copied if they were one.

    Raises a `ValueError` that calls them `name` unless they are finite numbers (n >= `least`, d).
    """
    features = np.asarray(features)
    if features.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be real numbers: integers or floats of 16 to 64 bits. "
            f"Received: an array of {features.dtype}."
        )
    if features.ndim != 2 or not features.shape[1]:
        raise ValueError(
            f"{name} must have shape (n, dimension). Received: shape {features.shape}. "
            "Flatten or pool each sample to one row."
        )
    if len(features) < least:
        raise ValueError(f"{name} must have at least {least} rows. Received: {len(features)}.")
    _check_size(name, features)
    return features


def _check_size(name, features):
    # NaN compares false.
    good = sum(
        np.count_nonzero((np.abs(block) <= LARGEST).all(axis=1)) for _, block in blocks(features)
    )
    if good < len(features):
        raise ValueError(
            f"{len(features) - good} of {len(features)} rows of {name} contain NaN, infinity or "
            f"numbers beyond {LARGEST:g}: the generator has diverged, or the feature network "
            "overflows."
        )


def check_samples(name, samples):
    """Raises a `ValueError` unless samples, shape (n, ...), are uint8 or finite floats."""
    if samples.dtype == np.uint8:
        return
    if samples.dtype.kind != "f":
        raise ValueError(f"{name} must be uint8, or floats in [-1, 1]. Received: {samples.dtype}.")
    broken = np.count_nonzero(~np.isfinite(samples).all(axis=tuple(range(1, samples.ndim))))
    if broken:
        raise NotFiniteError(
            f"{broken} of {len(samples)} {name} contain NaN or infinity. If they are generated, "
            f"their generator has diverged: lower its rate, or drop these {name} and say so."
        )


def check_images(name, images):
    """As `check_samples`, for images and clips: floats must be in [-1, 1]. Warns of [0, 1]."""
    check_samples(name, images)
    if images.dtype == np.uint8:
        return
    low, high = images.min(initial=np.inf), images.max(initial=-np.inf)
    if low < -LARGEST_PIXEL or high > LARGEST_PIXEL:
        raise ValueError(
            f"{name} must be uint8, or floats in [-1, 1]. Received: floats from {low:g} to "
            f"{high:g}. Scale images from 0 to 255 by x / 127.5 - 1; end a generator in tanh."
        )
    if 0 <= low < high:
        warnings.warn(
            f"All {name} are in [0, 1], but -1 is black: scale them by 2.0 * x - 1.", stacklevel=2
        )


def clipped(samples):
    """Returns generated images clipped to [-1, 1], with a warning, as pictures are; or points."""
    if samples.ndim == 2 or not LARGEST_PIXEL < np.abs(samples).max() < np.inf:
        return samples
    warnings.warn(
        "Samples are clipped to [-1, 1] before they are measured. End the generator in tanh.",
        stacklevel=2,
    )
    return np.clip(samples, -1, 1)


def checked_pair(real, fake, *, least=1):
    """Applies `checked` to real and fake features; raises also if their dimensions differ."""
    real = checked("real_features", real, least=least)
    fake = checked("fake_features", fake, least=least)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            "Real and fake features must come from one network, but their dimensions differ. "
            f"Received: {real.shape[1]} and {fake.shape[1]}."
        )
    return real, fake


def checked_labels(name, labels, count) -> np.ndarray:
    """Returns labels as a NumPy array; raises a `ValueError` unless they are `count` integers."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(
            f"{name} must be {count} integers, shape ({count},). Received: shape {labels.shape} of "
            f"{labels.dtype}."
        )
    return labels


def blocks(features, origin=None):
    """Yields slices of rows and those rows in float64, less `origin` (d,) if given.

    A block has at most 16 MiB, or one row. The caller must not modify it.

    Example:
        >>> [(rows, block.shape) for rows, block in blocks(np.zeros((1500, 2), "float32"))]
        [(slice(0, 768, None), (768, 2)), (slice(768, 1500, None), (732, 2))]
    """
    count, dimension = features.shape
    step = min(max(_BLOCK_SIZE // dimension, 1), _MOST_ROWS)
    for start in range(0, count, step):
        rows = slice(start, min(start + step, count))
        if origin is None:
            yield rows, features[rows].astype("float64", copy=False)
        else:
            yield rows, np.subtract(features[rows], origin, dtype="float64")
