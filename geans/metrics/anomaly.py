"""How anomalous an image is to a GAN of normal ones: how much of it the generator cannot make.

Reference:
    Schlegl, Seeböck, Waldstein, Schmidt-Erfurth, Langs 2017, "Unsupervised Anomaly Detection with
    Generative Adversarial Networks to Guide Marker Discovery", arXiv 1703.05921 (AnoGAN), and
    Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth 2019, "f-AnoGAN: Fast unsupervised anomaly
    detection with generative adversarial networks", Medical Image Analysis 54.
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
        reconstructions: float32, of the images' shape.
    """

    scores: np.ndarray
    residuals: np.ndarray
    feature_residuals: np.ndarray
    reconstructions: np.ndarray


def anomaly_scores(
    images, generator, discriminator, *, encoder=None, kappa=1.0, layer=None, blank=-1.0, seed=0
):
    """Scores images by what a generator of normal images cannot reconstruct of them.

    With the reconstruction r of an image x and the discriminator's features f

        score = |x - r|^2 / |x - blank|^2 + kappa |f(x) - f(r)|^2 / |f(x)|^2

    The papers take the numerators alone. Those are small for whatever has little ink: of the digits
    of MNIST a 1 that no generator has seen would seem more normal than any other digit.

    An encoder, trained on normal images, finds reconstructions at once, and worse ones for what it
    does not know. Without one `nearest_latents` searches for each image, as AnoGAN does: slower,
    and so good at anomalies, too, that they are found less often.

    Args:
        images: Shape (n, height, width, channels), in [-1, 1], finite.
        generator: `keras.Model` from latents (batch, latent_dim) to images, trained on normal
            images, such as `model.averaged_generator`.
        discriminator: `keras.Model` of images, trained with it.
        encoder: `keras.Model` from images to latents, such as `models.fit_encoder` trains, or
            `None` to search.
        kappa: Weight of the features, 0 or more.
        layer: Name of the discriminator's layer whose output is f; `None` for what its last layer
            gets.
        blank: Value of an empty pixel: -1 where images are drawn on black, 1 on white.
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
        >>> found = anomaly_scores(np.concatenate([known, -known]), generator, discriminator)
        >>> bool(found.scores[0] < 0.01 < found.scores[1])
        True
    """
    values.check_weight("kappa", kappa)
    features = features_of(discriminator, layer)
    images = polygons.finite_images(images, generator.output_shape[1:])
    if encoder is None:
        latents, _ = polygons.nearest_latents(images, generator, seed=seed)
    else:
        latents = _by_rows(encoder, images)
    reconstructions = _by_rows(generator, latents)
    residuals = _share_missed(images, reconstructions, blank)
    rows = (_by_rows(features, each) for each in (images, reconstructions))
    feature_residuals = _share_missed(*rows, 0.0)
    scores = residuals + kappa * feature_residuals
    return Anomalies(scores, residuals, feature_residuals, reconstructions)


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
