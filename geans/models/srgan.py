"""Super-resolution: SRGAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from geans import values
from geans.models import network_checks
from geans.models.adversarial import AdversarialModel
from geans.models.game import Losses
from geans.models.translation import Pix2Pix
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class SRGAN(Pix2Pix):
    """Super-resolution learned from pairs of small images and large ones.

    With a small image x, its large original y, a generator G and a discriminator D of large images
    whose feature maps are D_1, ..., D_n,

        L_G = adversarial(D(G(x))) + reconstruction_weight * mean |y - G(x)|
              + feature_weight * mean over l of mean |D_l(y) - D_l(G(x))|

    `fit` logs both means as `reconstruction_error`, in units of images in [-1, 1], and
    `feature_error`.

    Differences from the paper: a mean absolute error in place of the squared one, and the features
    of the discriminator (Wang et al. 2018, arXiv 1711.11585, equation 4) in place of those of a
    pretrained VGG.

    Args:
        generator: `keras.Model` from images to larger images in [-1, 1], such as
            `networks.srresnet.generator` makes.
        discriminator: `keras.Model` from large images to a dict of raw logits and features, such as
            `networks.patchgan.discriminator` makes with `features=True`.
        reconstruction_weight: Weight of the mean absolute error.
        feature_weight: Weight of the feature matching, 10 in Wang et al. 2018.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Ledig et al. 2017 (arXiv 1609.04802), section 2.2.

    Example:
        >>> from geans import networks
        >>> generator = networks.srresnet.generator((8, 8, 3), width=2, blocks=1)
        >>> critic = networks.patchgan.discriminator((32, 32, 3), features=True, width=2, layers=1)
        >>> SRGAN(generator, critic).translate(tf.zeros((4, 8, 8, 3))).shape
        (4, 32, 32, 3)
    """

    logged = (*AdversarialModel.logged, "reconstruction_error", "feature_error")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        reconstruction_weight: float = 100.0,
        feature_weight: float = 10.0,
        **kwargs: Any,
    ) -> None:
        values.check_weight("feature_weight", feature_weight)
        options = {"reconstruction_weight": reconstruction_weight, **kwargs}
        super().__init__(generator, discriminator, **options)
        self.feature_weight = feature_weight

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "feature_weight": self.feature_weight}

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        network_checks.check_images(generator)
        small, large = (shape[1:3] for shape in (generator.input_shape, generator.output_shape))
        if None not in (*small, *large) and not _is_larger(small, large):
            raise ValueError(
                "The generator of an SRGAN enlarges images, both sides by the same factor. "
                f"Received: {generator.input_shape} to {generator.output_shape}."
            )
        network_checks.check_input(generator, discriminator)
        network_checks.check_features(discriminator)

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses, plus the generator's distances from the targets."""
        source, target = batch
        fake = self.generate_batch(source)
        discriminate = self.augmented_discriminator(seed)
        losses, logs, outputs = self.adversarial_losses(discriminate, target, fake, seed, players)
        if "generator" in players:
            logs["reconstruction_error"] = tf.reduce_mean(tf.abs(target - fake))
            logs["feature_error"] = self.feature_error(discriminate, target, outputs)
            losses["generator"] += self.reconstruction_weight * logs["reconstruction_error"]
            losses["generator"] += self.feature_weight * logs["feature_error"]
        return losses, logs


def _is_larger(small, large):
    factors = {tuple(divmod(b, a)) for a, b in zip(small, large, strict=True)}
    return len(factors) == 1 and factors != {(1, 0)} and factors.pop()[1] == 0
