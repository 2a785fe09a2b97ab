"""InfoGAN: codes among the latents that control the images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.models import data_checks, network_checks
from geans.models.adversarial import AdversarialModel
from geans.models.game import Losses
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class InfoGAN(AdversarialModel):
    """A GAN that maximises the mutual information of codes and images.

    The latents are standard normal noise, a uniform one-hot category, and continuous codes uniform
    in [-1, 1], which further outputs of the discriminator predict. Both players minimise their loss
    minus

        information_weight I(category) + continuous_weight I(continuous codes)

    where I is the lower bound H(c) minus the cross-entropy of the prediction; that of a continuous
    code is the mean of a normal distribution of variance 1.

    Args:
        generator: `keras.Model` of latents `(batch, noise_dim + num_categories + num_continuous)`.
        discriminator: `keras.Model` of samples to a dict of `"logits"`, `"category_logits"` and,
            if there are any, `"continuous"` codes, such as `networks.with_heads` makes.
        num_categories: Number of categories, at least 2.
        num_continuous: Number of continuous codes, 0 or more.
        information_weight: Weight of the category's bound, 1 in the paper.
        continuous_weight: Weight of the continuous codes' bound, below 1 in the paper.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Chen et al. 2016 (arXiv 1606.03657), equation 5, sections 4 to 6.

    Example:
        >>> from geans import networks
        >>> heads = {"category_logits": 3, "continuous": 1}
        >>> discriminator = networks.with_heads(networks.mlp.discriminator((2,)), heads)
        >>> generator = networks.mlp.generator(4 + 3 + 1, (2,))
        >>> model = InfoGAN(generator, discriminator, num_categories=3, num_continuous=1)
        >>> model.sample(4, seed=0, category=2).shape
        (4, 2)
    """

    logged = (*AdversarialModel.logged, "information")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        num_categories: int,
        num_continuous: int = 0,
        information_weight: float = 1.0,
        continuous_weight: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, **kwargs)
        values.check_count("num_categories", num_categories)
        values.check_weight("information_weight", information_weight)
        values.check_weight("continuous_weight", continuous_weight)
        network_checks.check_head(discriminator, "category_logits", num_categories)
        if num_continuous:
            values.check_count("num_continuous", num_continuous)
            network_checks.check_head(discriminator, "continuous", num_continuous)
        self.num_categories = num_categories
        self.num_continuous = num_continuous
        self.information_weight = information_weight
        self.continuous_weight = continuous_weight
        if self.noise_dim < 1:
            raise ValueError(
                f"Of the generator's {self.latent_dim} inputs {num_categories} are for categories "
                f"and {num_continuous} for continuous codes, which leaves no noise."
            )

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("num_categories", "num_continuous", "information_weight", "continuous_weight")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    @property
    def conditions(self) -> dict[str, tf.TypeSpec]:
        """As in `GenerativeModel`: `category` and, if there are any, `continuous` codes."""
        continuous = {"continuous": ("float32", "float64")} if self.num_continuous else {}
        return {"category": ("int32", "int64")} | continuous

    @property
    def noise_dim(self) -> int:
        """Number of noise columns, the first of the latents."""
        return self.latent_dim - self.num_categories - self.num_continuous

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        network_checks.check_latents(generator)
        network_checks.check_input(generator, discriminator)

    def draw_latents(self, count: tf.Tensor | int, seed: tf.Tensor) -> tf.Tensor:
        """Draws noise, category and continuous codes from their priors."""
        noise = tf.random.stateless_normal((count, self.noise_dim), seed)
        seeds = [tf.random.fold_in(seed, tf.constant(i, "int64")) for i in range(2)]
        categories = tf.random.stateless_uniform(
            (count,), seeds[0], maxval=self.num_categories, dtype="int32"
        )
        continuous = tf.random.stateless_uniform((count, self.num_continuous), seeds[1], -1.0)
        return tf.concat([noise, tf.one_hot(categories, self.num_categories), continuous], axis=1)

    def sampling_inputs(
        self,
        count: Any,
        seed: Any,
        category: npt.ArrayLike | None = None,
        continuous: npt.ArrayLike | None = None,
    ) -> tf.Tensor:
        """Returns latents, float32 `(count, latent_dim)`.

        Args:
            count, seed: As in `sample`.
            category: One category for all, or one for each; `None` draws them.
            continuous: Codes `(num_continuous,)` or `(count, num_continuous)`; `None` draws them.
        """
        latents = super().sampling_inputs(count, seed)
        noise, drawn, codes = tf.split(latents, self._sizes, axis=1)
        if category is not None:
            category = data_checks.one_label_each(
                category, count, self.num_categories, "categories"
            )
            drawn = tf.one_hot(category, self.num_categories)
        if continuous is not None:
            codes = _checked_codes(continuous, (count, self.num_continuous))
        return tf.concat([noise, drawn, codes], axis=1)

    @property
    def _sizes(self):
        return [self.noise_dim, self.num_categories, self.num_continuous]

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses minus the weighted information."""
        fake = self.generate_batch(latents)
        discriminate = self.augmented_discriminator(seed)
        losses, logs, outputs = self.adversarial_losses(discriminate, batch, fake, seed, players)
        category, continuous = self.information(latents, outputs[1])
        logs["information"] = category + continuous
        gain = self.information_weight * category + self.continuous_weight * continuous
        for name in losses:
            losses[name] -= gain
        return losses, logs

    def information(
        self, latents: tf.Tensor, output: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns lower bounds, in nats, of the information of the category and of all codes.

        They are at most log(num_categories), and ln 2 - ln(2 pi) / 2 = -.226 per code. `output` is
        the discriminator's for the images of `latents`, a float tensor `(batch, latent_dim)`.
        """
        _, category, continuous = tf.split(latents, self._sizes, axis=1)
        category_loss = tf.nn.softmax_cross_entropy_with_logits(category, output["category_logits"])
        category = math.log(self.num_categories) - tf.reduce_mean(category_loss)
        if not self.num_continuous:
            return category, tf.zeros(())
        squares = tf.reduce_sum(tf.square(continuous - output["continuous"]), axis=1)
        # Of a uniform density 1 / 2, and of a normal one of variance 1.
        most = self.num_continuous * (math.log(2) - math.log(2 * math.pi) / 2)
        return category, most - tf.reduce_mean(squares) / 2


def _checked_codes(codes, shape):
    if tf.is_symbolic_tensor(codes):  # In an exported model.
        return tf.broadcast_to(tf.cast(codes, "float32"), shape)
    codes = np.asarray(codes, "float32")
    if codes.shape not in (shape, shape[1:]) or not np.isfinite(codes).all():
        raise ValueError(
            f"continuous codes must be finite and of shape {shape[1:]} or {shape}. "
            f"Received: shape {codes.shape}."
        )
    return tf.constant(np.broadcast_to(codes, shape))
