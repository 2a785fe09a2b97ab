"""Anomaly scores: how much of an image a generator of normal images cannot reconstruct."""

import dataclasses

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.metrics import feature_arrays

_ROWS = 256  # Images at once, so that memory does not grow with their number.

# A standard normal vector is longer than sqrt(dimension) + 4 in less than one of 2,980 cases,
# exp(-4**2 / 2), whatever its dimension.
NORM_SLACK = 4.0


@dataclasses.dataclass(frozen=True)
class Anomalies:
    """Result of `anomaly_scores` for n images.

    Attributes:
        scores: float64 (n,), `residuals + kappa * feature_residuals`: 0 for an exact
            reconstruction, infinite for a blank image that the generator does not make.
        residuals: float64 (n,), the share of the image that its reconstruction misses.
        feature_residuals: float64 (n,), the same share of the discriminator's features.
        reconstructions: float32, of the images' shape: the nearest one.
    """

    scores: np.ndarray
    residuals: np.ndarray
    feature_residuals: np.ndarray
    reconstructions: np.ndarray


def anomaly_scores(
    images: npt.ArrayLike,
    generator: keras.Model,
    discriminator: keras.Model,
    *,
    kappa: float = 1.0,
    blank: float = -1.0,
    candidates: int = 60_000,
    accepted: float = 0.05,
    neighbours: int = 10,
    seed: int = 0,
) -> Anomalies:
    """Scores images by what a generator of normal images cannot reconstruct of them.

    With a reconstruction r of an image x and the discriminator's features f

        score = |x - r|^2 / |x - blank|^2 + kappa |f(x) - f(r)|^2 / |f(x)|^2

    Without the denominators, which AnoGAN has not, images with little ink seem normal. The score is
    the mean over the `neighbours` nearest reconstructions, found among images of random latents:
    of `candidates`, the share `accepted` with the highest logits.

    Args:
        images: Floats in [-1, 1], shape (n, height, width, channels).
        generator: `keras.Model` from latents (batch, latent_dim) to images.
        discriminator: `keras.Model` of images, trained with it.
        kappa: Weight of the features, 0 or more.
        blank: Value of an empty pixel: -1 where images are drawn on black, 1 on white.
        candidates: Number of random latents.
        accepted: Share of their images to search in, in (0, 1].
        neighbours: Number of reconstructions of each image.
        seed: Integer from 0 to 2**31 - 1.

    Returns:
        `Anomalies`.

    Raises:
        ValueError: If an argument is invalid, or images and networks do not fit.

    Reference:
        Schlegl et al. 2017 (arXiv 1703.05921), AnoGAN; the choice of candidates after Azadi et al.
        2019 (arXiv 1810.06758).

    Example:
        >>> from geans import networks
        >>> generator = networks.mlp.generator(2, (8, 8, 1), units=(4,), seed=0)
        >>> discriminator = networks.mlp.discriminator((8, 8, 1), units=(4,), seed=0)
        >>> known = np.asarray(generator(np.ones((1, 2))))
        >>> images = np.concatenate([known, -known])
        >>> options = {"candidates": 1_000, "accepted": 1.0, "neighbours": 1}
        >>> found = anomaly_scores(images, generator, discriminator, **options)
        >>> bool(found.scores[0] < 0.1 < found.scores[1])
        True
    """
    values.check_weight("kappa", kappa)
    _check_search(candidates, accepted, neighbours)
    images = finite_images(images, generator.output_shape[1:])
    feature_arrays.check_images("images", images)
    features = features_of(discriminator)
    latents = random_latents(generator, candidates, seed)
    known = _most_real(latents, generator, discriminator, round(accepted * candidates))
    seen, known_seen = in_blocks(features, images), in_blocks(features, known)
    pixels, activations = (images, known, blank), (seen, known_seen, 0.0)
    nearest = _nearest(pixels, activations, kappa, neighbours)
    residuals, feature_residuals = (
        np.mean([missed_share(given, found[each], empty) for each in nearest.T], axis=0)
        for given, found, empty in (pixels, activations)
    )
    scores = residuals + kappa * feature_residuals
    return Anomalies(scores, residuals, feature_residuals, known[nearest[:, 0]])


def features_of(discriminator):
    """Returns the `keras.Model` from images to the input of a discriminator's last layer.

    Raises:
        ValueError: If the discriminator takes anything but images.
    """
    shape = getattr(discriminator, "input_shape", None)
    if not isinstance(discriminator, keras.Model) or not isinstance(shape, tuple):
        raise ValueError(
            "The discriminator must be a keras.Model of images alone. "
            f"Received: {discriminator!r}, with the input shape {shape}."
        )
    return keras.Model(discriminator.input, discriminator.layers[-1].input)


def auroc(normal_scores: npt.ArrayLike, anomalous_scores: npt.ArrayLike) -> float:
    """Computes the area under the receiver operating characteristic (Hanley, McNeil 1982).

    This is the probability that an anomaly scores higher than a normal example, ties counted half.

    Args:
        normal_scores: Numbers (n,), at least one.
        anomalous_scores: Numbers (m,), at least one.

    Returns:
        A float in [0, 1]: 0.5 for scores without information, 1 for scores that separate the two.

    Raises:
        ValueError: If scores are of another shape, or NaN.

    Example:
        >>> auroc([1.0, 2.0, 2.0], [2.0, 3.0])
        0.8333333333333334
    """
    normal, anomalous = (
        _checked_scores(name, scores)
        for name, scores in (("normal", normal_scores), ("anomalous", anomalous_scores))
    )
    below, up_to = (np.searchsorted(np.sort(normal), anomalous, side) for side in ("left", "right"))
    return float(np.mean(below + up_to) / 2 / len(normal))


def missed_share(given, found, blank):
    """Computes |x - r|^2 / |x - blank|^2 of each of n reconstructions, float64 (n,)."""
    axes = tuple(range(1, given.ndim))
    missed, whole = (
        np.sum(np.square(given - other, dtype="float64"), axis=axes) for other in (found, blank)
    )
    # Of nothing, whatever is missed is more than any share.
    nothing = np.where(missed > 0, np.inf, 0.0)
    return np.divide(missed, whole, out=nothing, where=whole > 0)


def random_latents(generator, count, seed):
    """Draws standard normal latents (count, latent_dim), clipped to the norm sqrt(d) + 4.

    Raises:
        ValueError: If the generator does not take latents, or `seed` is invalid.
    """
    values.check_seed(seed, bits=31)
    shape = getattr(generator, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not values.is_count(shape[1]):
        raise ValueError(
            "The generator must be a keras.Model of latents (batch, latent_dim), such as "
            f"model.generator. Received: {generator!r}, with the input shape {shape}."
        )
    latents = tf.random.stateless_normal((count, shape[1]), [seed, 0])
    return tf.clip_by_norm(latents, float(np.sqrt(shape[1])) + NORM_SLACK, axes=1).numpy()


def finite_images(images, shape) -> np.ndarray:
    """Returns images as float32.

    Raises:
        ValueError: If they are not at least one image of finite floats of that shape.
    """
    images = np.asarray(images)
    if images.dtype.kind != "f" or images.shape[1:] != tuple(shape) or not len(images):
        raise ValueError(
            f"Images must be at least one of shape (n, {', '.join(map(str, shape))}), floats in "
            f"[-1, 1]. Received: shape {images.shape}, dtype {images.dtype}."
        )
    feature_arrays.check_samples("images", images)
    return images.astype("float32")


def in_blocks(network, rows):
    """Applies a network to many rows, a block at a time; float32."""
    starts = range(0, len(rows), _ROWS)
    parts = [network(rows[start : start + _ROWS], training=False) for start in starts]
    return np.concatenate([np.asarray(part, "float32") for part in parts])


def _checked_scores(name, scores):
    scores = np.asarray(scores, "float64")
    if scores.ndim != 1 or not scores.size or np.isnan(scores).any():
        raise ValueError(
            f"{name}_scores must be numbers of shape (n,), at least one and none NaN. "
            f"Received: shape {scores.shape}, {np.count_nonzero(np.isnan(scores))} NaN."
        )
    return scores


def _check_search(candidates, accepted, neighbours):
    values.check_count("candidates", candidates)
    values.check_count("neighbours", neighbours)
    if not values.is_number(accepted) or not neighbours / candidates <= accepted <= 1:
        raise ValueError(
            "accepted must be a share above 0 and up to 1 that leaves as many candidates as there "
            f"are neighbours. Received: accepted={accepted!r} of candidates={candidates}, "
            f"neighbours={neighbours}."
        )


def _most_real(latents, generator, discriminator, number):
    """The images with the highest logits, (number, height, width, channels)."""

    def logits_of(rows, training):
        output = discriminator(generator(rows, training=training), training=training)
        return output["logits"] if isinstance(output, dict) else output

    logits = in_blocks(logits_of, latents).reshape(len(latents), -1).mean(axis=1)
    return in_blocks(generator, latents[np.argsort(-logits, kind="stable")[:number]])


def _nearest(pixels, activations, kappa, number):
    """Indices (n, number) of the known images with the least scores, the least first."""
    tables = []
    for (given, known, empty), weight in ((pixels, 1.0), (activations, kappa)):
        given, known = (each.reshape(len(each), -1) - empty for each in (given, known))
        scale = weight / np.maximum(np.sum(given**2, axis=1, keepdims=True), 1e-12)
        # scale |x - r|^2 as a product of rows, but for |x|^2, which is the same for all r.
        columns = np.concatenate([known, np.sum(known**2, axis=1, keepdims=True)], axis=1)
        tables.append((np.concatenate([-2 * scale * given, scale], axis=1), columns))
    queries, keys = (np.concatenate(each, axis=1) for each in zip(*tables, strict=True))
    blocks = np.split(queries, range(_ROWS, len(queries), _ROWS))
    orders = [np.argsort(block @ keys.T, axis=1, kind="stable") for block in blocks]
    return np.concatenate([order[:, :number] for order in orders])
