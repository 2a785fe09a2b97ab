"""Measures of what can be wrong with generated images: too little variety, tints, checkerboards.

They look at pixels alone, of a few hundred images, and take a fraction of a second. All images are
floats in [-1, 1] of shape (n, height, width, channels).
"""

import numpy as np

SIDE = 8
"""Height and width to which images are averaged before they are compared."""

SATURATED = 0.98
"""Magnitude above which a value counts as saturated."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luma (ITU-R 601)."""

IMAGES_AT_ONCE = 64
ROUNDING = 1e-12


def pooled(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Returns images averaged to `side` x `side` pixels, or their own size if that is less.

    Example:
        >>> pooled(np.arange(16.0).reshape(1, 4, 4, 1), side=2)[0, ..., 0].tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """
    for axis in (1, 2):
        size = images.shape[axis]
        edges = np.arange(min(side, size) + 1) * size // min(side, size)
        sums = np.add.reduceat(images, edges[:-1], axis=axis, dtype="float64")
        images = sums / np.expand_dims(np.diff(edges), tuple(range(1, images.ndim - axis)))
    return images


def distances(images: np.ndarray) -> np.ndarray:
    """Returns the root mean squared differences of all pairs of `pooled` images, (n, n).

    The diagonal is NaN: no image is compared with itself. What is lost in rounding is 0.
    """
    rows = pooled(images).reshape(len(images), -1)
    rows = rows - rows.mean(axis=0)
    squares = np.einsum("ij,ij->i", rows, rows)
    squared = squares[:, None] + squares - 2 * rows @ rows.T
    squared[squared < ROUNDING * squares.max()] = 0
    found = np.sqrt(squared / rows.shape[1])
    np.fill_diagonal(found, np.nan)
    return found


def variety(images: np.ndarray) -> float:
    """Returns the mean distance of two different images, see `distances`; 0 if all are alike.

    Of k equally frequent images it is 1 - 1 / k of that of as many different ones.

    Example:
        >>> images = np.array([-1.0, -1.0, 1.0])[:, None, None, None]
        >>> round(variety(images), 4)  # Of three pairs one is alike, and two differ by 2.
        1.3333
    """
    return float(np.nanmean(distances(images)))


def nearest(images: np.ndarray) -> np.ndarray:
    """Returns the distance from each image to the nearest other one, shape (n,)."""
    return np.nanmin(distances(images), axis=1)


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each channel, two arrays (channels,)."""
    values = images.reshape(-1, images.shape[-1])
    return values.mean(axis=0, dtype="float64"), values.std(axis=0, dtype="float64")


def saturation(images: np.ndarray) -> float:
    """Returns the share of values that are nearer to -1 or 1 than `SATURATED`."""
    return float(np.mean(np.abs(images) > SATURATED))


def colour(images: np.ndarray) -> float:
    """Returns the mean difference between the largest and the smallest channel of a pixel.

    It is 0 for grey images, also with equal channels, and at most 2.
    """
    return float(np.mean(np.ptp(images[..., :3], axis=-1), dtype="float64"))


def checkerboard(images: np.ndarray) -> float:
    """Returns the share of the spectrum's energy that alternates from pixel to pixel.

    That is the energy |FFT|^2 of the luma in row height / 2 and in column width / 2, rounded down,
    divided by that of all but the mean; 0 for constant images. Upsampling by transposed
    convolutions adds to it if the kernel is not divisible by the stride.

    Reference: Odena et al. 2016 (doi 10.23915/distill.00003).

    Example:
        >>> board = np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1
        >>> checkerboard(board[None, ..., None])
        1.0
    """
    height, width = images.shape[1:3]
    energy = np.zeros((height, width))
    for start in range(0, len(images), IMAGES_AT_ONCE):
        spectra = np.fft.fft2(_luma(images[start : start + IMAGES_AT_ONCE]))
        energy += np.square(np.abs(spectra)).sum(axis=0)
    energy[0, 0] = 0
    row, column = height // 2, width // 2
    alternating = energy[row].sum() + energy[:, column].sum() - energy[row, column]
    total = energy.sum()
    return float(alternating / total) if total else 0.0


def _luma(images):
    channels = images.shape[-1]
    return images[..., :3] @ np.array(LUMA) if channels in (3, 4) else images.mean(axis=-1)
