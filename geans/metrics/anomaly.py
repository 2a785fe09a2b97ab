"""How anomalous an image is to a GAN of normal ones: how much of it the generator cannot make.

References:
    Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs 2017, "Unsupervised Anomaly Detection with
    Generative Adversarial Networks to Guide Marker Discovery", arXiv 1703.05921 (AnoGAN), and
    Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth 2019, "f-AnoGAN: Fast unsupervised anomaly
    detection with generative adversarial networks", Medical Image Analysis 54.

    Azadi, Olsson, Darrell, Goodfellow, Odena 2019, "Discriminator Rejection Sampling": of what a
    generator makes, the discriminator knows the better part.
"""

import dataclasses

import keras
import numpy as np

from geans import values
from geans.metrics import polygons

_ROWS = 256  # Images at once, so that memory does not grow with their number.


@dataclasses.dataclass(frozen=True)
class Anomalies:
    """What `anomaly_scores` found, for n images.

    Attributes:
        scores: float64 (n,), `residuals + kappa * feature_residuals`: 0 for an image that the
            generator makes exactly, the higher, the more anomalous; infinite for a blank image that
            it does not.
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
    encoder=None,
    kappa=1.0,
    layer=None,
    blank=-1.0,
    candidates=60_000,
    accepted=0.05,
    neighbours=10,
    seed=0,
):
    """Scores images by what a generator of normal images cannot reconstruct of them.

    With a reconstruction r of an image x and the discriminator's features f

        score = |x - r|^2 / |x - blank|^2 + kappa |f(x) - f(r)|^2 / |f(x)|^2

    The papers take the numerators alone. Those are small for whatever has little ink: of the digits
    of MNIST a 1 that no generator has seen would seem more normal than any other digit.

    Reconstructions are sought among images of random latents: of `candidates` of them, the share
    `accepted` that the discriminator takes for real with the most certainty. The score is the mean
    over the `neighbours` nearest. Without the discriminator's choice, something between two normal
    images is near to many an anomaly; and what AnoGAN does, a descent from the nearest one, finds
    images that the generator all but never makes.

    An encoder, trained on normal images, gives one reconstruction at once (f-AnoGAN).

    Args:
        images: Shape (n, height, width, channels), in [-1, 1], finite.
        generator: `keras.Model` from latents (batch, latent_dim) to images, trained on normal
            images, such as `model.ema_generator`.
        discriminator: `keras.Model` of images, trained with it.
        encoder: `keras.Model` from images to latents, such as `models.fit_encoder` trains, or
            `None` to search.
        kappa: Weight of the features, 0 or more.
        layer: Name of the discriminator's layer whose output is f; `None` for what its last layer
            gets.
        blank: Value of an empty pixel: -1 where images are drawn on black, 1 on white.
        candidates: Number of random latents, for the search.
        accepted: Share of their images to search in, above 0 and up to 1.
        neighbours: Number of reconstructions of each image, for the search.
        seed: Integer from 0 to 2**31 - 1, for the search.

    Returns:
        `Anomalies`.

    Raises:
        ValueError: If an argument is not of its kind, or images and networks do not fit.

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
    features = features_of(discriminator, layer)
    images = polygons.finite_images(images, generator.output_shape[1:])
    seen = _by_rows(features, images)
    if encoder is None:
        _check_search(candidates, accepted, neighbours)
        latents = polygons.random_latents(generator, candidates, seed)
        known = _most_real(latents, generator, discriminator, round(accepted * candidates))
        known_seen = _by_rows(features, known)
        pairs = (images - blank, known - blank, 1.0), (seen, known_seen, kappa)
        nearest = _nearest(pairs, neighbours)
    else:
        known = _by_rows(generator, _by_rows(encoder, images))
        known_seen = _by_rows(features, known)
        nearest = np.arange(len(images))[:, None]
    residuals, feature_residuals = (
        np.mean([_share_missed(given, found[each], empty) for each in nearest.T], axis=0)
        for given, found, empty in ((images, known, blank), (seen, known_seen, 0.0))
    )
    scores = residuals + kappa * feature_residuals
    return Anomalies(scores, residuals, feature_residuals, known[nearest[:, 0]])


def features_of(discriminator, layer=None):
    """The part of a discriminator that ends in features.

    Args:
        discriminator: `keras.Model` of images.
        layer: Name of one of its layers; `None` for what the last one gets.

    Returns:
        A `keras.Model` from images to the output of that layer.

    Raises:
        ValueError: If it is no such model, or has no such layer.

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
    if layer is None:
        return keras.Model(discriminator.input, discriminator.layers[-1].input)
    known = [each.name for each in discriminator.layers]
    if layer not in known:
        raise ValueError(f"The discriminator has no layer {layer!r}. Layers: {', '.join(known)}.")
    return keras.Model(discriminator.input, discriminator.get_layer(layer).output)


def auroc(normal_scores, anomalous_scores):
    """Area under the receiver operating characteristic.

    That is the probability that an anomaly scores higher than a normal example, a tie counted as
    one half (the statistic U of Mann and Whitney, divided by the number of pairs): .5 for scores
    that say nothing, 1 for scores that separate the two.

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

    logits = _by_rows(judge, latents).reshape(len(latents), -1).mean(axis=1)
    return _by_rows(generator, latents[np.argsort(-logits, kind="stable")[:number]])


def _nearest(pairs, number):
    """Indices (n, number) of what is nearest by a sum of shares missed, the nearest first.

    Args:
        pairs: Triples of what is given (n, ...), what is known (m, ...), both 0 where they are
            empty, and a weight.
        number: How many.
    """
    flat = [
        (given.reshape(len(given), -1), known.reshape(len(known), -1), weight)
        for given, known, weight in pairs
    ]
    squares = [np.sum(known**2, axis=1) for _, known, _ in flat]
    rows = []
    for start in range(0, len(flat[0][0]), _ROWS):
        total = 0.0
        for (given, known, weight), square in zip(flat, squares, strict=True):
            part = given[start : start + _ROWS]
            whole = np.sum(part**2, axis=1, keepdims=True)
            # But for the square of what is given, which is the same for all that is known.
            missed = square - 2 * part @ known.T
            total = total + weight * missed / np.maximum(whole, 1e-12)
        rows.append(np.argsort(total, axis=1, kind="stable")[:, :number])
    return np.concatenate(rows)


def _by_rows(network, rows):
    starts = range(0, len(rows), _ROWS)
    parts = [network(rows[start : start + _ROWS], training=False) for start in starts]
    return np.concatenate([np.asarray(part, "float32") for part in parts])


def _share_missed(given, found, blank):
    axes = tuple(range(1, given.ndim))
    missed, whole = (
        np.sum(np.square(given - other, dtype="float64"), axis=axes) for other in (found, blank)
    )
    # Of nothing, whatever is missed is more than any share.
    nothing = np.where(missed > 0, np.inf, 0.0)
    return np.divide(missed, whole, out=nothing, where=whole > 0)
