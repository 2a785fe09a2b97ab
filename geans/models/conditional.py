"""Models conditioned on class labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.models import data_checks, network_checks
from geans.models.adversarial import AdversarialModel
from geans.models.game import Losses
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class ConditionalGAN(AdversarialModel):
    """A GAN whose players both see the label; fakes get the labels of the real batch.

    Args:
        generator: `keras.Model` of a list of latents `(batch, latent_dim)` and integer labels
            `(batch,)`, such as `networks.labelled` makes.
        discriminator: `keras.Model` of a list of samples and labels to raw logits, such as
            `networks.with_label_channels` or `networks.with_projection` makes.
        num_classes: Number of classes; labels go from 0 to `num_classes` - 1.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Mirza and Osindero 2014 (arXiv 1411.1784), equation 2.

    Example:
        >>> from geans import networks
        >>> generator = networks.labelled(networks.mlp.generator(2 + 3, (2,)), num_classes=3)
        >>> network = networks.mlp.discriminator((2 + 3,))
        >>> discriminator = networks.with_label_channels(network, num_classes=3)
        >>> model = ConditionalGAN(generator, discriminator, num_classes=3)
        >>> model.sample(5, seed=1, labels=2).shape
        (5, 2)
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, *, num_classes: int, **kwargs: Any
    ) -> None:
        values.check_count("num_classes", num_classes)
        super().__init__(generator, discriminator, **kwargs)
        self.num_classes = num_classes

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}

    @property
    def latent_dim(self) -> int:
        """Number of columns of the latents."""
        return self.generator.input_shape[0][-1]

    @property
    def conditions(self) -> dict[str, tf.TypeSpec]:
        """As in `GenerativeModel`: `labels`."""
        return {"labels": ("int32", "int64")}

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        network_checks.check_labelled(generator)
        wanted = [generator.output_shape, (None,)]
        if not network_checks.compatible(wanted, discriminator.input_shape):
            raise ValueError(
                "The discriminator must take a list of samples such as the generator makes, "
                f"{generator.output_shape}, and labels (None,), as networks.with_label_channels "
                f"and networks.with_projection make it. Received: {discriminator.input_shape}."
            )
        network_checks.check_logits(discriminator)

    def check_batch(self, batch: Any, what: str) -> None:
        """Checks samples and labels before training."""
        super().check_batch(batch, what)
        data_checks.check_labels(_labels_of(batch), self.num_classes, what)

    def unpack(self, data: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the samples and labels of a batch."""
        labels = tf.ensure_shape(tf.cast(_labels_of(data), "int64"), (None,))
        return super().unpack(data), data_checks.labels_in_range(labels, self.num_classes)

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses, conditioned on the batch's labels."""
        real, labels = batch
        fake = self.generate_batch([latents, labels])
        discriminate = self.augmented_discriminator(seed, labels)
        losses, logs, _ = self.adversarial_losses(discriminate, real, fake, seed, players)
        return losses, logs

    def sampling_inputs(
        self, count: Any, seed: Any, labels: npt.ArrayLike | None = None
    ) -> list[tf.Tensor]:
        """Returns a list of latents, float32 `(count, latent_dim)`, and labels, int64 `(count,)`.

        Args:
            count, seed: As in `sample`.
            labels: One label for all, or one for each; `None` cycles through the classes.
        """
        latents = self.draw_latents(count, tf.stack([seed, 0]))
        if labels is None:
            return [latents, tf.range(tf.cast(count, "int64")) % self.num_classes]
        labels = data_checks.one_label_each(labels, count, self.num_classes, "labels")
        return [latents, tf.cast(labels, "int64")]


@keras.saving.register_keras_serializable(package="geans")
class ACGAN(ConditionalGAN):
    """A conditional GAN whose discriminator does not see the label but predicts it.

    With the cross-entropy C of the predicted class, the players minimise

        L_D + w (C(real) + C(fake))        L_G + w C(fake)

    Args:
        generator, num_classes: As in `ConditionalGAN`.
        discriminator: `keras.Model` of samples to a dict of `"logits"` and `"class_logits"`, such
            as `networks.with_heads(network, {"class_logits": 10})`.
        class_weight: Weight w of the cross-entropies, 1 in the paper.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Odena, Olah, Shlens 2017 (arXiv 1610.09585), equations 2 and 3.

    Example:
        >>> from geans import networks
        >>> network = networks.with_heads(networks.mlp.discriminator((2,)), {"class_logits": 3})
        >>> generator = networks.labelled(networks.mlp.generator(2 + 3, (2,)), num_classes=3)
        >>> ACGAN(generator, network, num_classes=3).sample(4, seed=0).shape
        (4, 2)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        num_classes: int,
        class_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, num_classes=num_classes, **kwargs)
        values.check_weight("class_weight", class_weight)
        network_checks.check_head(discriminator, "class_logits", num_classes)
        self.class_weight = class_weight

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "class_weight": self.class_weight}

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        network_checks.check_labelled(generator)
        network_checks.check_input(generator, discriminator)

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses plus the cross-entropies of the classes."""
        real, labels = batch
        fake = self.generate_batch([latents, labels])
        discriminate = self.augmented_discriminator(seed)
        losses, logs, outputs = self.adversarial_losses(discriminate, real, fake, seed, players)

        def cross_entropy(output):
            logits = output["class_logits"]
            found = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            return self.class_weight * tf.reduce_mean(found)

        for name in losses:
            losses[name] += cross_entropy(outputs[1])
        if "discriminator" in players:
            losses["discriminator"] += cross_entropy(outputs[0])
        return losses, logs


def _labels_of(batch):
    _, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if labels is None:
        raise ValueError(
            "A conditional model trains on (samples, labels). Received samples alone. Pass "
            "labels=True to the functions of geans.data.images, or labels as fit(x, labels)."
        )
    return labels
