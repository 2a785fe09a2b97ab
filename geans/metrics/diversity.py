"""Diversity of generated images: the mean MS-SSIM of random pairs."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.metrics import feature_arrays
from geans.metrics.features import network

# Wang et al. 2003: how much each scale counts, full resolution first.
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
WINDOW = 11  # Pixels, the side of the Gaussian window; its standard deviation is 1.5.
PIXELS_AT_ONCE = 2**22


def ms_ssim_diversity(images: npt.ArrayLike, *, pairs: int = 1_000, seed: int = 0) -> float:
    """Computes the mean multi-scale structural similarity (MS-SSIM) of pairs of different images.

    1 means identical images, 0 independent noise. It detects collapse, not low quality. Compare it
    with that of as many real images of the same size, and class if the generator is conditional.

    Each scale halves the image. Images of side 161 or more have all 5 scales, those from 81 have 4,
    from 41: 3, from 21: 2 and from 11: 1, with the first weights rescaled to sum 1. Colour channels
    are averaged, negative terms count as 0, and images are rounded to 8 bits first.

    Args:
        images: Shape (n >= 2, height, width, channels), sides >= 11: uint8, or floats in [-1, 1].
        pairs: Number of random pairs; all pairs are used if they are fewer.
        seed: Integer >= 0.

    Returns:
        A float in [0, 1].

    Raises:
        ValueError: If an argument is invalid.

    Reference: Odena et al. 2017 (arXiv 1610.09585), section 4.2; Wang, Simoncelli, Bovik 2003.

    Example:
        >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1))
        >>> ms_ssim_diversity(noise) < 0.05
        True
    """
    images = _checked_images(images)
    values.check_count("pairs", pairs)
    values.check_seed(seed)
    first, second = _random_pairs(len(images), pairs, np.random.default_rng(seed))
    step = max(1, PIXELS_AT_ONCE // images[0].size)
    starts = range(0, len(first), step)
    blocks = [(images[first[i : i + step]], images[second[i : i + step]]) for i in starts]
    return float(np.mean(np.concatenate([_similarity(*block) for block in blocks]), dtype=float))


def ms_ssim_per_class(
    images: npt.ArrayLike, labels: npt.ArrayLike, *, pairs: int = 100, seed: int = 0
) -> dict[int, float]:
    """Computes `ms_ssim_diversity` per class, a dict from label to float, in ascending order.

    Args:
        images, seed: As in `ms_ssim_diversity`, with at least two images of each class.
        labels: Integers, shape (n,).
        pairs: Number of pairs per class; 100 as in Odena et al. 2017.

    Raises:
        ValueError: If an argument is invalid.

    Example:
        >>> black, white = np.zeros((3, 28, 28, 1), "uint8"), np.full((3, 28, 28, 1), 255, "uint8")
        >>> ms_ssim_per_class(np.concatenate([black, white]), [0, 0, 0, 7, 7, 7])
        {0: 1.0, 7: 1.0}
    """
    images = _checked_images(images)
    labels = feature_arrays.checked_labels("labels", labels, len(images))
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "ms_ssim_per_class compares pairs within a class, but there is one image only of "
            f"class {classes[counts.argmin()]}. Generate more, or drop the class."
        )
    return {
        int(label): ms_ssim_diversity(images[labels == label], pairs=pairs, seed=seed)
        for label in classes
    }


def _checked_images(images) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 2 or min(images.shape[1:3]) < WINDOW or not images.size:
        raise ValueError(
            "MS-SSIM needs two images or more of shape (n, height, width, channels) with sides of "
            f"at least {WINDOW} pixels. Received: shape {images.shape}."
        )
    return network.to_pixels(images)


def _random_pairs(count, pairs, generator):
    if count * (count - 1) // 2 <= pairs:
        return np.triu_indices(count, k=1)
    first = generator.integers(count, size=pairs)
    # An offset that is never 0 modulo the count: an image is not compared with itself.
    return first, (first + generator.integers(1, count, size=pairs)) % count


def _similarity(one, other):
    weights = WEIGHTS[: _scales(min(one.shape[1:3]))]
    # SSIM's constants assume values from 0. TensorFlow's version cuts negative terms off, whose
    # fractional power would be NaN.
    return tf.image.ssim_multiscale(one, other, 255, weights / weights.sum(), WINDOW).numpy()


def _scales(side):
    sides = [-(-side // 2**scale) for scale in range(len(WEIGHTS))]  # Odd sides are padded.
    return sum(each >= WINDOW for each in sides)
