"""Images of label maps: SPADE, also known as GauGAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from geans import values
from geans.models import checks, data_checks, network_checks
from geans.models.adversarial import AdversarialModel
from geans.models.game import Losses
from geans.models.translation import Translation
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class SPADE(Translation):
    """Images of label maps, many of each, learned from pairs.

    With a map x, its image y, an encoder E of the mean and the variance of y's latents, a generator
    G of latents z ~ N(mean, variance) and maps, and a discriminator D that sees image and map and
    whose feature maps are D_1, ..., D_n,

        L_G = adversarial(D(G(z, x), x))
              + feature_weight * mean over l of mean |D_l(y, x) - D_l(G(z, x), x)|
              + kl_weight * KL(N(mean, variance) || N(0, 1))

    G and E are trained together: the gradient of all but the last term reaches E through z. `fit`
    logs the unweighted terms as `feature_error` and `kl_divergence`, in nats per image.

    The paper's loss has the hinge loss as the adversarial one (`compile(loss="hinge")`), and the
    features of a pretrained VGG as well.

    Args:
        generator: `keras.Model` of generator and encoder: `networks.spade.with_encoder(g, e)`.
        discriminator: `keras.Model` of a list of images and maps to a dict of raw logits and
            features, such as `networks.patchgan.discriminator` makes with `source_channels` and
            `features=True`.
        feature_weight: 10 in the paper.
        kl_weight: 0.05 in the paper.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Park et al. 2019 (arXiv 1903.07291), section 3 and appendix A.

    Example:
        >>> from geans.networks import patchgan, spade
        >>> generator = spade.generator((16, 16, 5), latent_dim=8, width=2)
        >>> generator = spade.with_encoder(generator, spade.encoder((16, 16, 3), 8, width=2))
        >>> options = {"source_channels": 5, "features": True, "width": 2, "layers": 1}
        >>> model = SPADE(generator, patchgan.discriminator((16, 16, 3), **options))
        >>> model.translate(tf.zeros((4, 16, 16, 5)), seed=1).shape
        (4, 16, 16, 3)
    """

    logged = (*AdversarialModel.logged, "feature_error", "kl_divergence")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        feature_weight: float = 10.0,
        kl_weight: float = 0.05,
        **kwargs: Any,
    ) -> None:
        values.check_weight("feature_weight", feature_weight)
        values.check_weight("kl_weight", kl_weight)
        super().__init__(generator, discriminator, **kwargs)
        self.feature_weight = feature_weight
        self.kl_weight = kl_weight

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        weights = {"feature_weight": self.feature_weight, "kl_weight": self.kl_weight}
        return {**super().get_config(), **weights}

    @property
    def latent_dim(self) -> int:  # type: ignore[override]
        """Number of columns of the latents."""
        return self.generator.input_shape[0][-1]

    @property
    def pair_shapes(self) -> Sequence[tuple[int | None, ...]]:
        """Shapes of a batch of maps and of images."""
        return self.generator.input_shape[1:]

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        parts = {layer.name for layer in generator.layers if isinstance(layer, keras.Model)}
        if parts != {"generator", "encoder"}:
            raise ValueError(
                "The generator of a SPADE is two networks: networks.spade.with_encoder(generator, "
                f"encoder). Received: {generator!r}."
            )
        _, maps, images = generator.input_shape
        if not network_checks.compatible(discriminator.input_shape, [images, maps]):
            raise ValueError(
                f"The discriminator must take a list of images and maps: {[images, maps]}, as "
                "networks.patchgan.discriminator makes it with source_channels. Received: "
                f"input_shape={discriminator.input_shape}."
            )
        network_checks.check_features(discriminator)

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses, feature matching and divergence; `latents` are noise."""
        maps, target = batch
        fake, mean, log_variance = self.generate_batch([latents, maps, target])
        discriminate = self.augmented_discriminator(seed, maps)
        losses, logs, outputs = self.adversarial_losses(discriminate, target, fake, seed, players)
        if "generator" in players:
            logs["feature_error"] = self.feature_error(discriminate, target, outputs)
            logs["kl_divergence"] = kl_divergence(mean, log_variance)
            losses["generator"] += self.feature_weight * logs["feature_error"]
            losses["generator"] += self.kl_weight * logs["kl_divergence"]
        return losses, logs

    def sampling_network(self, ema: bool = True) -> keras.Model:
        """Returns the network of latents and maps, without the encoder."""
        return super().sampling_network(ema).get_layer("generator")

    def translate(
        self,
        maps: np.ndarray,
        ema: bool = True,
        batch_size: int = 64,
        *,
        seed: int = 0,
        style: np.ndarray | None = None,
    ) -> np.ndarray:
        """Generates images of maps.

        Args:
            maps: Float array `(n, height, width, channels)`, such as those of the training; the
                result is an array of n images in [-1, 1].
            ema: Whether to use the EMA generator, if there is one, or the raw generator.
            batch_size: Images computed at once.
            seed: Integer that determines the latents, one for each map: another one gives other
                images, and `np.repeat(map, n, axis=0)` n images of one map.
            style: Images, one for all maps or one for each, whose encoded mean takes the place of
                latents that are drawn; `None` draws them.

        Raises:
            ValueError: If an argument is invalid.
        """
        shapes = self.pair_shapes
        data_checks.check_spec(maps, shapes[0])
        checks.check_sampling(1, seed, batch_size)
        if style is None:
            latents = np.asarray(self.draw_latents(len(maps), tf.stack([seed, 0])))
        else:
            data_checks.check_spec(style, shapes[1])
            latents = self._encoded(style, len(maps), ema, batch_size)
        return self.generate([latents, np.asarray(maps)], ema, batch_size)

    def _encoded(self, style, count, ema, batch_size):
        if len(style) not in (1, count):
            raise ValueError(
                f"{count} maps need one image for the style of all, or as many. Received: "
                f"{len(style)}."
            )
        encoder = super().sampling_network(ema).get_layer("encoder")
        mean, _ = self._draw(encoder, style, batch_size)
        return np.broadcast_to(mean, (count, self.latent_dim))


def kl_divergence(mean, log_variance):
    """Returns KL(N(mean, variance) || N(0, 1)), summed over latents, mean over the batch, in nats.

    Args:
        mean: Tensor `(batch, latent_dim)`.
        log_variance: Natural logarithms of the variances, likewise.

    Reference: Kingma and Welling 2014 (arXiv 1312.6114), appendix B.

    Example:
        >>> float(kl_divergence(tf.constant([[3.0, 4.0]]), tf.zeros((1, 2))))
        12.5
    """
    terms = tf.square(mean) + tf.exp(log_variance) - 1 - log_variance
    return tf.reduce_mean(tf.reduce_sum(terms, axis=-1)) / 2
