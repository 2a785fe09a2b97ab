"""How much generated images resemble one another: the mean MS-SSIM of random pairs."""

import numpy as np
import tensorflow as tf

from geans import values
from geans.metrics.features import network

# Wang et al. 2003: how much each scale counts, full resolution first.
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
WINDOW = 11  # Pixels, the side of the Gaussian window; its standard deviation is 1.5.
PIXELS_AT_ONCE = 2**22


def ms_ssim_diversity(images, *, pairs=1_000, seed=0):
    """Mean multi-scale structural similarity (MS-SSIM) of pairs of different images.

    1 means that all images are alike; the lower, the more diverse. There is no good value as such:
    compare it with the same figure for as many real images, of the same class if the generator is
    conditional (`ms_ssim_per_class`). A generator above them repeats itself; one below them may
    just as well be noisy, as independent noise has the value 0. This finds collapse; it says
    nothing of quality.

    Each scale halves the image, and the window of 11 pixels must fit into the last one: images of
    side 161 or more have the 5 scales of the original; those from 81 have 4, 41: 3, 21: 2 and 11:
    1, with the first weights of the original scaled to sum 1. So figures compare only between
    images of one size. The similarity of colour images is the mean over their channels; negative
    terms count as 0. Images are rounded to 8 bits first.

    Args:
        images: Shape (n, height, width, channels), n >= 2, sides of 11 pixels or more: uint8, or
            floats in [-1, 1], clipped beyond.
        pairs: Number of pairs, drawn at random; all of them if there are no more.
        seed: Of the draw, an integer >= 0.

    Returns:
        A float in [0, 1].

    Raises:
        ValueError: If images are too few, too small, not finite or not images.

    Example:
        >>> noise = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1))
        >>> ms_ssim_diversity(noise) < 0.05
        True
        >>> round(ms_ssim_diversity(np.repeat(noise[:1], 5, axis=0)), 5)
        1.0

    Reference:
        Odena, Olah, Shlens 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs",
        section 4.2. Wang, Simoncelli, Bovik 2003, "Multiscale structural similarity for image
        quality assessment".
    """
    images = _checked_images(images)
    values.check_count("pairs", pairs)
    values.check_seed(seed)
    first, second = _random_pairs(len(images), pairs, np.random.default_rng(seed))
    step = max(1, PIXELS_AT_ONCE // images[0].size)
    starts = range(0, len(first), step)
    blocks = [(images[first[i : i + step]], images[second[i : i + step]]) for i in starts]
    return float(np.mean(np.concatenate([_similarity(*block) for block in blocks]), dtype=float))


def ms_ssim_per_class(images, labels, *, pairs=100, seed=0):
    """`ms_ssim_diversity` of each class by itself: does a conditional generator vary its cats?

    Args:
        images: As for `ms_ssim_diversity`, at least two of each class.
        labels: Integers, shape (n,).
        pairs: Number of pairs per class. The paper drew 100.
        seed: Of the draw, an integer >= 0, the same for each class.

    Returns:
        A dict from label to float, in ascending order of labels.

    Raises:
        ValueError: If labels are not one integer per image, and as for `ms_ssim_diversity`.

    Example:
        >>> black, white = np.zeros((3, 28, 28, 1), "uint8"), np.full((3, 28, 28, 1), 255, "uint8")
        >>> ms_ssim_per_class(np.concatenate([black, white]), [0, 0, 0, 7, 7, 7])
        {0: 1.0, 7: 1.0}

    Reference:
        Odena, Olah, Shlens 2017, section 4.2.
    """
    images, labels = _checked_images(images), np.asarray(labels)
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {len(images)} integers, one per image. Received: {labels.dtype} of "
            f"shape {labels.shape}."
        )
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


def _checked_images(images):
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 2 or min(images.shape[1:3]) < WINDOW or not images.size:
        raise ValueError(
            "MS-SSIM needs two images or more of shape (n, height, width, channels) with sides of "
            f"at least {WINDOW} pixels. Received: shape {images.shape}."
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise ValueError(f"Images must be uint8, or floats in [-1, 1]. Received: {images.dtype}.")
    broken = int(np.count_nonzero(~np.isfinite(images).all(axis=(1, 2, 3))))
    if broken:
        raise ValueError(
            f"{broken} of {len(images)} images contain NaN or infinity: the generator has "
            "diverged. Lower its learning rate, or drop these images and say so."
        )
    return images


def _random_pairs(count, pairs, generator):
    if count * (count - 1) // 2 <= pairs:
        return np.triu_indices(count, k=1)
    first = generator.integers(count, size=pairs)
    # An offset that is never 0 modulo the count: an image is not compared with itself.
    return first, (first + generator.integers(1, count, size=pairs)) % count


def _similarity(one, other):
    weights = WEIGHTS[: _scales(min(one.shape[1:3]))]
    # SSIM's constants suppose values from 0. TensorFlow's version cuts negative terms off, whose
    # fractional power would be NaN.
    one, other = network.to_pixels(one), network.to_pixels(other)
    return tf.image.ssim_multiscale(one, other, 255, weights / weights.sum(), WINDOW).numpy()


def _scales(side):
    sides = [-(-side // 2**scale) for scale in range(len(WEIGHTS))]  # Odd sides are padded.
    return sum(each >= WINDOW for each in sides)
