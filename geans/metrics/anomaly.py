"""How anomalous an image is to a GAN of normal ones: how much of it the generator cannot make.

References:
    Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs 2017, "Unsupervised Anomaly Detection with
    Generative Adversarial Networks to Guide Marker Discovery", arXiv 1703.05921 (AnoGAN).

    Azadi, Olsson, Darrell, Goodfellow, Odena 2019, "Discriminator Rejection Sampling".
"""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from geans import values

_ROWS = 256  # Images at once, so that memory does not grow with their number.

# A standard normal vector is longer than sqrt(dimension) + 4 in less than one of 2,980 cases,
# exp(-4**2 / 2), whatever its dimension.
NORM_SLACK = 4.0


@dataclasses.dataclass(frozen=True)
class Anomalies:
    """What `anomaly_scores` found, for n images.

    Attributes:
        scores: float64 (n,), `residuals + kappa * feature_residuals`: 0 for an image that the
            generator makes exactly, higher for anomalies; infinite for a blank image that it does
            not make.
        residuals: float64 (n,), the share of the image that its reconstruction misses.
        feature_residuals: float64 (n,), the same share of the discriminator's features.
        reconstructions: float32, of the images' shape; of several the nearest.
    """

    scores: np.ndarray
    residuals: np.ndarray
    feature_residuals: np.ndarray
    reconstructions: np.ndarray


def anomaly_scores(
    images,
    generator,
    discriminator,
    *,
    kappa=1.0,
    blank=-1.0,
    candidates=60_000,
    accepted=0.05,
    neighbours=10,
    seed=0,
):
    """Scores images by what a generator of normal images cannot reconstruct of them.

    With a reconstruction r of an image x and the discriminator's features f

        score = |x - r|^2 / |x - blank|^2 + kappa |f(x) - f(r)|^2 / |f(x)|^2

    The papers take the numerators alone, which are small for images with little ink: of MNIST's
    digits an unseen 1 would seem more normal than any other digit.

    Reconstructions are the `neighbours` nearest among images of random latents: of `candidates` of
    them, the share `accepted` that the discriminator takes for real with the most certainty. The
    score is their mean.

    Args:
        images: Shape (n, height, width, channels), in [-1, 1], finite.
        generator: `keras.Model` from latents (batch, latent_dim) to images, trained on normal
            images, such as `model.ema_generator`.
        discriminator: `keras.Model` of images, trained with it.
        kappa: Weight of the features, 0 or more.
        blank: Value of an empty pixel: -1 where images are drawn on black, 1 on white.
        candidates: Number of random latents.
        accepted: Share of their images to search in, above 0 and up to 1.
        neighbours: Number of reconstructions of each image.
        seed: Integer from 0 to 2**31 - 1.

    Returns:
        `Anomalies`.

    Raises:
        ValueError: If an argument is invalid, or images and networks do not fit.

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
    """The part of a discriminator up to what its last layer gets.

    Args:
        discriminator: `keras.Model` of images.

    Returns:
        A `keras.Model` from images to features.

    Raises:
        ValueError: If it does not take images alone.

    Example:
        >>> from geans import networks
        >>> features_of(networks.mlp.discriminator((8, 8, 1), units=(4,))).output_shape
        (None, 4)
    """
    shape = getattr(discriminator, "input_shape", None)
    if not isinstance(discriminator, keras.Model) or not isinstance(shape, tuple):
        raise ValueError(
            "The discriminator must be a keras.Model of images alone. "
            f"Received: {discriminator!r}, with the input shape {shape}."
        )
    return keras.Model(discriminator.input, discriminator.layers[-1].input)


def auroc(normal_scores, anomalous_scores):
    """Area under the receiver operating characteristic.

    That is the probability that an anomaly scores higher than a normal example, ties counted half
    (Mann and Whitney's U divided by the number of pairs): .5 for scores without information, 1
    for scores that separate the two.

    Args:
        normal_scores: Numbers (n,), at least one.
        anomalous_scores: Numbers (m,), at least one.

    Returns:
        A float from 0 to 1.

    Raises:
        ValueError: If scores are of another shape, or NaN.

    Reference:
        Hanley, McNeil 1982, "The Meaning and Use of the Area under a Receiver Operating
        Characteristic (ROC) Curve".

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
    """The share |x - r|^2 / |x - blank|^2 that each reconstruction misses, float64 (n,).

    Example:
        >>> missed_share(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]), -1.0).tolist()
        [0.5]
    """
    axes = tuple(range(1, given.ndim))
    missed, whole = (
        np.sum(np.square(given - other, dtype="float64"), axis=axes) for other in (found, blank)
    )
    # Of nothing, whatever is missed is more than any share.
    nothing = np.where(missed > 0, np.inf, 0.0)
    return np.divide(missed, whole, out=nothing, where=whole > 0)


def random_latents(generator, count, seed):
    """Standard normal latents; the few far out are moved to the ball of radius sqrt(d) + 4.

    Returns:
        float32 array (count, latent_dim).

    Raises:
        ValueError: If the generator does not take latents, or `seed` is invalid.

    Example:
        >>> from geans import networks
        >>> random_latents(networks.mlp.generator(2, (8, 8, 1)), 3, seed=0).shape
        (3, 2)
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


def finite_images(images, shape):
    """Images as float32.

    Raises:
        ValueError: If there are none, or they are not finite floats of that shape.
    """
    images = np.asarray(images)
    if images.dtype.kind != "f" or images.shape[1:] != tuple(shape) or not len(images):
        raise ValueError(
            f"Images must be at least one of shape (n, {', '.join(map(str, shape))}), floats in "
            f"[-1, 1]. Received: shape {images.shape}, dtype {images.dtype}."
        )
    broken = int(np.count_nonzero(~np.isfinite(images).all(axis=tuple(range(1, images.ndim)))))
    if broken:
        raise ValueError(
            f"{broken} of {len(images)} images contain NaN or infinity. A generator that made them "
            "has diverged: lower its learning rate, or drop these images and say so."
        )
    return images.astype("float32")


def in_blocks(network, rows):
    """What a network makes of many rows, float32, a block at a time."""
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
    """The images that the discriminator is surest are real, (number, height, width, channels)."""

    def judge(rows, training):
        output = discriminator(generator(rows, training=training), training=training)
        return output["logits"] if isinstance(output, dict) else output

    logits = in_blocks(judge, latents).reshape(len(latents), -1).mean(axis=1)
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
