"""Image-to-image translation: Pix2Pix and CycleGAN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from geans import losses, values
from geans.models import checks, data_checks, network_checks, output_ranges
from geans.models.adversarial import AdversarialModel
from geans.models.game import Losses
from geans.models.image_pool import ImagePool
from geans.types import Config

DOMAINS = ("first", "second")


class Translation(AdversarialModel):
    """Base class of models trained on pairs of images, without latents."""

    draws_samples = False
    latent_dim = 0
    """There are no latents: all that a translation starts from is an image."""

    @property
    def pair_ranges(self) -> Sequence[tuple[float, float]]:
        """Lowest and highest values of sources and of targets, which the generator can make."""
        return output_ranges.UNBOUNDED, self.sample_range

    def sampling_inputs(self, count: Any, seed: Any) -> NoReturn:
        """Raises a `ValueError`: a translation needs images, it cannot draw samples."""
        raise ValueError(
            f"A {type(self).__name__} draws no samples: it starts from images. Pass them: "
            "model.translate(images)."
        )

    def unpack(self, data: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns both images of the pairs of a batch."""
        pairs = zip(_pair(data), self.pair_shapes, self.pair_ranges, strict=True)
        return tuple(self.checked(images, *expected) for images, *expected in pairs)

    def check_batch(self, batch: Any, what: str) -> None:
        """Checks pairs of images before training."""
        pairs = zip(_pair(batch), self.pair_shapes, self.pair_ranges, strict=True)
        for images, shape, bounds in pairs:
            data_checks.check_samples(images, shape, bounds, what)

    def augmented_discriminator(
        self, seed: tf.Tensor, *sources: tf.Tensor, discriminator: keras.Model | None = None
    ) -> Callable[..., Any]:
        """As in `Game`; sources and images are augmented alike, by the same seed."""
        augmented = [self.augmented(source, seed) for source in sources]
        return super().augmented_discriminator(seed, *augmented, discriminator=discriminator)

    def feature_error(
        self, discriminate: Callable[..., Any], target: tf.Tensor, outputs: tuple[Any, Any]
    ) -> tf.Tensor:
        """Returns the `losses.feature_matching` of generated images.

        Args:
            discriminate: Output of `augmented_discriminator`.
            target: Real images.
            outputs: The discriminator's outputs, as `adversarial_losses` returns them.
        """
        real, fake = outputs
        real = discriminate(target, training=True) if real is None else real
        return losses.feature_matching(real["features"], fake["features"])


@keras.saving.register_keras_serializable(package="geans")
class Pix2Pix(Translation):
    """Image-to-image translation learned from pairs.

    With a source x, its target y, a generator G and a discriminator D that sees both,

        L_G = adversarial(D(G(x), x)) + reconstruction_weight * mean |y - G(x)|

    `fit` logs the mean error as `reconstruction_error`, in units of images in [-1, 1].

    Args:
        generator: `keras.Model` from source images to images in [-1, 1], such as
            `networks.unet.generator` makes.
        discriminator: `keras.Model` of a list of target and source images to raw logits of any
            shape, such as `networks.patchgan.discriminator` makes with `source_channels`.
        reconstruction_weight: 100 in the paper.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Isola et al. 2017 (arXiv 1611.07004), equation 4.

    Example:
        >>> from geans import networks
        >>> generator = networks.unet.generator((16, 16, 1), 3, width=2)
        >>> shape = (16, 16, 3)
        >>> critic = networks.patchgan.discriminator(shape, source_channels=1, width=2, layers=1)
        >>> Pix2Pix(generator, critic).translate(tf.zeros((4, 16, 16, 1))).shape
        (4, 16, 16, 3)
    """

    logged = (*AdversarialModel.logged, "reconstruction_error")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        reconstruction_weight: float = 100.0,
        **kwargs: Any,
    ) -> None:
        values.check_weight("reconstruction_weight", reconstruction_weight)
        super().__init__(generator, discriminator, **kwargs)
        self.reconstruction_weight = reconstruction_weight

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}

    @property
    def pair_shapes(self) -> Sequence[tuple[int | None, ...]]:
        """Shapes of a batch of sources and of targets."""
        return self.generator.input_shape, self.generator.output_shape

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        network_checks.check_images(generator)
        shapes = [generator.output_shape, generator.input_shape]
        if not network_checks.compatible(discriminator.input_shape, shapes):
            raise ValueError(
                "The discriminator must take a list of images, such as the generator makes, and "
                f"sources: {shapes}, as networks.patchgan.discriminator makes it with "
                f"source_channels. Received: input_shape={discriminator.input_shape}."
            )
        network_checks.check_logits(discriminator)

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the adversarial losses, plus the generator's distance from the targets."""
        source, target = batch
        fake = self.generate_batch(source)
        discriminate = self.augmented_discriminator(seed, source)
        losses, logs, _ = self.adversarial_losses(discriminate, target, fake, seed, players)
        if "generator" in players:
            logs["reconstruction_error"] = tf.reduce_mean(tf.abs(target - fake))
            losses["generator"] += self.reconstruction_weight * logs["reconstruction_error"]
        return losses, logs

    def translate(self, images: np.ndarray, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Translates images.

        Args:
            images: Float array `(n, height, width, channels)` in [-1, 1]; so is the result.
            ema: Whether to use the EMA generator, if there is one, or the raw generator.
            batch_size: Images computed at once.

        Raises:
            ValueError: If the images are invalid.
        """
        data_checks.check_spec(images, self.generator.input_shape)
        return self.generate(images, ema, batch_size)


@keras.saving.register_keras_serializable(package="geans")
class CycleGAN(Translation):
    """Image-to-image translation between two domains, learned without pairs.

    With translators G and F, images x and y, and discriminators D1 and D2 of the first and second
    domain,

        L_G = adversarial(D2(G(x))) + adversarial(D1(F(y)))
              + cycle_weight (mean |F(G(x)) - x| + mean |G(F(y)) - y|)
              + identity_weight (mean |F(x) - x| + mean |G(y) - y|)

    and the discriminators' losses are added. They see generated images from an `ImagePool`, which
    needs one replica. `fit` also logs the sums of both mean errors, `cycle_error` and (if weighted)
    `identity_error`, in units of images in [-1, 1]; logits are means over both domains.

    Args:
        generator: `keras.Model` of two inputs and outputs: `networks.cyclegan.side_by_side(g, f)`.
        discriminator: Likewise, of the discriminators of the first and the second domain.
        cycle_weight: 10 in the paper.
        identity_weight: 5 in the paper where used, 0 for none; needs domains of equal shape.
        pool_size: Images stored per domain, 50 in the paper; 0 for none.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Reference: Zhu et al. 2017 (arXiv 1703.10593), equations 1 to 3, sections 4 and 5.2.

    Example:
        >>> from geans.networks import cyclegan, patchgan
        >>> shape, small = (16, 16, 1), {"width": 2}
        >>> translators = [cyclegan.generator(shape, 1, blocks=1, **small) for _ in "12"]
        >>> critics = [patchgan.discriminator(shape, layers=1, **small) for _ in "12"]
        >>> model = CycleGAN(cyclegan.side_by_side(*translators), cyclegan.side_by_side(*critics))
        >>> model.translate(tf.zeros((4, *shape)), to="second").shape
        (4, 16, 16, 1)
    """

    logged = (*AdversarialModel.logged, "cycle_error", "identity_error")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        cycle_weight: float = 10.0,
        identity_weight: float = 5.0,
        pool_size: int = 50,
        **kwargs: Any,
    ) -> None:
        values.check_weight("cycle_weight", cycle_weight)
        values.check_weight("identity_weight", identity_weight)
        super().__init__(generator, discriminator, **kwargs)
        if identity_weight and self.pair_shapes[0] != self.pair_shapes[1]:
            raise ValueError(
                "An image of one domain can only be left as it is by the other one's translator if "
                f"both have the same shape. Received: identity_weight={identity_weight} with "
                f"{self.pair_shapes[0]} and {self.pair_shapes[1]}. Pass identity_weight=0."
            )
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.pool_size = pool_size
        if not identity_weight:
            self._seen_means = [mean for mean in self._seen_means if mean.name != "identity_error"]
        self.pools = []
        if pool_size != 0:
            shapes = zip(DOMAINS, self.pair_shapes, strict=True)
            self.pools = [ImagePool(pool_size, shape[1:], f"{name}_pool") for name, shape in shapes]

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("cycle_weight", "identity_weight", "pool_size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    @property
    def pair_shapes(self) -> Sequence[tuple[int | None, ...]]:
        """Shapes of a batch of the first domain and of the second."""
        return tuple(self.generator.input_shape)

    @property
    def pair_ranges(self) -> Sequence[tuple[float, float]]:
        """Lowest and highest values of both domains, which the other one's translator makes."""
        return [output_ranges.of(self.generator.get_layer(name)) for name in DOMAINS[::-1]]

    @staticmethod
    def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
        """Raises a `ValueError` if the networks do not fit each other or the model."""
        network_checks.check_built(generator, discriminator)
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            found = {layer.name for layer in network.layers if isinstance(layer, keras.Model)}
            if found != set(DOMAINS):
                raise ValueError(
                    f"The {name} of a CycleGAN is two networks: networks.cyclegan.side_by_side("
                    f"first, second). Received: {network!r}."
                )
        first, second = generator.input_shape
        if not network_checks.compatible(generator.output_shape, [second, first]):
            raise ValueError(
                "The first translator must make what the second one takes, and the other way "
                f"round. Received: {[first, second]} to {generator.output_shape}."
            )
        if not network_checks.compatible(discriminator.input_shape, [first, second]):
            raise ValueError(
                f"The discriminators must take the two domains, {[first, second]}. Received: "
                f"{discriminator.input_shape}."
            )

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Configures the training; arguments as in `AdversarialModel.compile`."""
        super().compile(*args, **kwargs)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.pools and replicas > 1:
            raise ValueError(
                f"The pool of earlier images is kept by one replica. Received: {replicas} "
                "replicas. Pass pool_size=0 to the model, or train on one device."
            )

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes the losses of both games, plus the cycle and identity errors."""
        batch, losses, logs = list(batch), {}, {}
        fake = self.generate_batch(batch)[::-1]  # In the order of the domains.
        if "discriminator" in players:
            shown = fake
            if self.pools:
                pairs = zip(self.pools, fake, strict=True)
                shown = [pool(images, seed + i) for i, (pool, images) in enumerate(pairs)]
            losses, logs = self._both_losses(batch, shown, seed, ("discriminator",))
        if "generator" in players:
            losses |= self._both_losses(batch, fake, seed, ("generator",))[0]
            cycled = self.generate_batch(fake)[::-1]
            logs["cycle_error"] = _error(batch, cycled)
            losses["generator"] += self.cycle_weight * logs["cycle_error"]
            if self.identity_weight:
                same = self.generate_batch(batch[::-1])[::-1]
                logs["identity_error"] = _error(batch, same)
                losses["generator"] += self.identity_weight * logs["identity_error"]
        return losses, logs

    def _both_losses(self, real, fake, seed, players):
        """Returns summed losses of both domains, and means of their logs."""
        games = []
        for name, *images in zip(DOMAINS, real, fake, strict=True):
            network = self.discriminator.get_layer(name)
            discriminate = self.augmented_discriminator(seed, discriminator=network)
            games.append(self.adversarial_losses(discriminate, *images, seed, players)[:2])
        (losses, logs), (other_losses, other_logs) = games
        return (
            {name: loss + other_losses[name] for name, loss in losses.items()},
            {name: (value + other_logs[name]) / 2 for name, value in logs.items()},
        )

    def translate(
        self, images: np.ndarray, to: str = "second", ema: bool = True, batch_size: int = 64
    ) -> np.ndarray:
        """Translates images.

        Args:
            images: As in `Pix2Pix.translate`, of the other domain.
            to: Target domain, `"first"` or `"second"`.
            ema, batch_size: As in `Pix2Pix.translate`.

        Raises:
            ValueError: If the images or the domain are invalid.
        """
        if to not in DOMAINS:
            raise ValueError(f"to must be one of {', '.join(DOMAINS)}. Received: to={to!r}.")
        checks.check_sampling(1, None, batch_size)
        network = self.sampling_network(ema)
        # The first translator makes images of the second domain.
        translator = network.get_layer(DOMAINS[to == "first"])
        data_checks.check_spec(images, translator.input_shape)
        return self._draw(translator, images, batch_size)


def _pair(data):
    pair = keras.utils.unpack_x_y_sample_weight(data)[:2]
    if any(images is None for images in pair):
        raise ValueError(
            "A translation trains on pairs of images. Received: batches without a second one. "
            "geans.data.translation makes pairs; of arrays, pass both: fit(source, target)."
        )
    return pair


def _error(real, fake):
    """Returns the sum of both domains' mean absolute errors."""
    return tf.add_n([tf.reduce_mean(tf.abs(a - b)) for a, b in zip(real, fake, strict=True)])
