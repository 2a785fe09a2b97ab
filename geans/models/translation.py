"""Models that translate images from one domain to another: Pix2Pix and CycleGAN."""

import keras
import tensorflow as tf

from geans import values
from geans.models import checks, network_checks
from geans.models.adversarial import AdversarialModel
from geans.models.image_pool import ImagePool

DOMAINS = ("first", "second")


class Translation(AdversarialModel):
    """What both have in common: batches are pairs of images, and nothing is drawn.

    Args:
        generator: `keras.Model` from images to images.
        discriminator: `keras.Model` to raw logits.
        **kwargs: As in `AdversarialModel`.
    """

    latent_dim = 0
    """There are no latents: all that a translation starts from is an image."""

    def sampling_inputs(self, count, seed):
        """Raises an error: a translation draws no samples, it needs images.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"A {type(self).__name__} has no latents to draw samples from. Pass images: "
            "model.translate(images)."
        )

    def unpack(self, data):
        """Both images of the pairs of a batch."""
        pair = _pair(data)
        for images, shape in zip(pair, self.pair_shapes, strict=True):
            checks.check_spec(images, shape)
        return tuple(tf.cast(images, self.variable_dtype) for images in pair)


@keras.saving.register_keras_serializable(package="geans")
class Pix2Pix(Translation):
    """Translation learned from pairs: images that fool the discriminator, and come near the target.

    With a source x, its target y, a generator G and a discriminator D that sees both,

        L_G = adversarial(D(G(x), x)) + reconstruction_weight * mean |y - G(x)|

    The adversarial term cares for what a mean error forgives, such as blur.

    `fit` logs the mean error as `reconstruction_error`, in units of images in [-1, 1].

    Args:
        generator: `keras.Model` from source images to images in [-1, 1], such as
            `networks.unet.generator` makes.
        discriminator: `keras.Model` of a list of images, such as the generator makes, and sources,
            to raw logits of any shape, such as `networks.patchgan.discriminator` makes with
            `source_channels`.
        reconstruction_weight: 100 in the paper.
        **kwargs: As in `AdversarialModel`: `update_every` and `order` make it a GAN or a GEAN.

    Raises:
        ValueError: If the networks do not fit each other or an argument has no meaning.

    Reference:
        Isola, Zhu, Zhou, Efros 2017, "Image-to-Image Translation with Conditional Adversarial
        Networks" (arXiv 1611.07004), equation 4.

    Example:

    >>> from geans import data, networks
    >>> model = Pix2Pix(
    ...     networks.unet.generator((16, 16, 1), 3, width=2),
    ...     networks.patchgan.discriminator((16, 16, 3), source_channels=1, width=2, layers=1),
    ... )
    >>> model.compile()
    >>> drawings, paintings = tf.zeros((4, 16, 16, 1)), tf.zeros((4, 16, 16, 3))
    >>> history = model.fit(drawings, paintings, batch_size=2, verbose=0)
    >>> model.translate(drawings).shape
    (4, 16, 16, 3)
    """

    logged = (*AdversarialModel.logged, "reconstruction_error")

    def __init__(self, generator, discriminator, *, reconstruction_weight=100.0, **kwargs):
        values.check_weight("reconstruction_weight", reconstruction_weight)
        super().__init__(generator, discriminator, **kwargs)
        self.reconstruction_weight = reconstruction_weight

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}

    @property
    def pair_shapes(self):
        """Shapes of a batch of sources and of targets."""
        return self.generator.input_shape, self.generator.output_shape

    @staticmethod
    def check_networks(generator, discriminator):
        """Checks that the networks fit each other and the model."""
        network_checks.check_built(generator, discriminator)
        _check_translator("generator", generator)
        if discriminator.input_shape != [generator.output_shape, generator.input_shape]:
            raise ValueError(
                "The discriminator must take a list of images, such as the generator makes, and "
                f"sources: {[generator.output_shape, generator.input_shape]}, as "
                "networks.patchgan.discriminator makes it with source_channels. Received: "
                f"input_shape={discriminator.input_shape}."
            )
        network_checks.check_logits(discriminator)

    def check_batch(self, batch, what):
        """Checks pairs of images before training."""
        source, target = _pair(batch)
        checks.check_spec(source, self.generator.input_shape)
        checks.check_samples(target, self.generator, what)

    def compute_losses(self, batch, latents, seed, players):
        """The adversarial losses, and for the generator the distance from the targets."""
        source, target = batch
        fake = self.generator(source, training=True)
        discriminate = self.augmented_discriminator(seed, source)
        losses, logs, _ = self.adversarial_losses(discriminate, target, fake, seed, players)
        if "generator" in players:
            logs["reconstruction_error"] = tf.reduce_mean(tf.abs(target - fake))
            losses["generator"] += self.reconstruction_weight * logs["reconstruction_error"]
        return losses, logs

    def augmented_discriminator(self, seed, source):
        """As in `Game`; the source is augmented like its image, by the same seed."""
        return super().augmented_discriminator(seed, self.augmented(source, seed))

    def translate(self, images, ema=True, batch_size=64):
        """Translates images.

        Args:
            images: Float array `(n, height, width, channels)` in [-1, 1], of sources.
            ema: Whether by the EMA generator, where there is one, or the raw one.
            batch_size: Images computed at once.

        Returns:
            Array `(n, height, width, channels)` of images in [-1, 1].

        Raises:
            ValueError: If the images are invalid.
        """
        checks.check_spec(images, self.generator.input_shape)
        return self.generate(images, ema, batch_size)


@keras.saving.register_keras_serializable(package="geans")
class CycleGAN(Translation):
    """Translation between two domains, learned without pairs: there and back must be as before.

    With translators G from the first domain to the second and F back, images x and y of either, and
    a discriminator for each domain,

        L_G = adversarial(D2(G(x))) + adversarial(D1(F(y)))
              + cycle_weight (mean |F(G(x)) - x| + mean |G(F(y)) - y|)
              + identity_weight (mean |F(x) - x| + mean |G(y) - y|)

    and the discriminators' losses are added up. The discriminators judge generated images out of a
    pool of earlier ones (`ImagePool`), which is saved with the model.

    `fit` logs the sum of both mean errors of a cycle as `cycle_error` and, if it has a weight, of
    the identity as `identity_error`, in units of images in [-1, 1]; logits are means over both
    domains.

    The pool works under both rules; within a frozen window all new images are of the same
    generators. It needs one replica.

    Args:
        generator: `keras.Model` of two inputs and outputs, G and F side by side:
            `networks.cyclegan.side_by_side(g, f)`.
        discriminator: Likewise, of a discriminator of the first domain and one of the second.
        cycle_weight: 10 in the paper.
        identity_weight: 5 in the paper where it is used (half of the cycle's), 0 for none. It needs
            domains of the same shape.
        pool_size: Images that are kept of each domain, 50 in the paper; 0 for none.
        **kwargs: As in `AdversarialModel`: `update_every` and `order` make it a GAN or a GEAN.

    Raises:
        ValueError: If the networks do not fit each other or an argument has no meaning.

    Reference:
        Zhu, Park, Isola, Efros 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent
        Adversarial Networks" (arXiv 1703.10593), equations 1 to 3, sections 4 and 5.2.

    Example:

    >>> from geans import networks
    >>> shape = (16, 16, 1)
    >>> def both(make, **options):
    ...     return networks.cyclegan.side_by_side(*[make(shape, width=2, **options) for _ in "12"])
    >>> model = CycleGAN(
    ...     both(networks.cyclegan.generator, output_channels=1, blocks=1),
    ...     both(networks.patchgan.discriminator, layers=1),
    ... )
    >>> model.compile(loss="least_squares")
    >>> horses, zebras = tf.zeros((4, *shape)), tf.ones((4, *shape))
    >>> history = model.fit(horses, zebras, batch_size=2, verbose=0)
    >>> model.translate(horses, to="second").shape
    (4, 16, 16, 1)
    """

    logged = (*AdversarialModel.logged, "cycle_error", "identity_error")

    def __init__(
        self,
        generator,
        discriminator,
        *,
        cycle_weight=10.0,
        identity_weight=5.0,
        pool_size=50,
        **kwargs,
    ):
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

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "cycle_weight": self.cycle_weight,
            "identity_weight": self.identity_weight,
            "pool_size": self.pool_size,
        }

    @property
    def pair_shapes(self):
        """Shapes of a batch of the first domain and of the second."""
        return tuple(self.generator.input_shape)

    @staticmethod
    def check_networks(generator, discriminator):
        """Checks that the networks fit each other and the model."""
        network_checks.check_built(generator, discriminator)
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            found = {layer.name for layer in network.layers if isinstance(layer, keras.Model)}
            if found != set(DOMAINS):
                raise ValueError(
                    f"The {name} of a CycleGAN is two networks: networks.cyclegan.side_by_side("
                    f"first, second). Received: {network!r}."
                )
        first, second = generator.input_shape
        if generator.output_shape != [second, first]:
            raise ValueError(
                "The first translator must make what the second one takes, and the other way "
                f"round. Received: {[first, second]} to {generator.output_shape}."
            )
        if discriminator.input_shape != [first, second]:
            raise ValueError(
                f"The discriminators must take the two domains, {[first, second]}. Received: "
                f"{discriminator.input_shape}."
            )

    def check_batch(self, batch, what):
        """Checks the images of both domains before training."""
        # Images of the first domain are what the second translator makes.
        for images, name in zip(_pair(batch), DOMAINS[::-1], strict=True):
            checks.check_samples(images, self.generator.get_layer(name), what)

    def compile(self, *args, **kwargs):
        """Sets what the players minimise and how they move; arguments as in `AdversarialModel`."""
        super().compile(*args, **kwargs)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.pools and replicas > 1:
            raise ValueError(
                f"The pool of earlier images is kept by one replica. Received: {replicas} "
                "replicas. Pass pool_size=0 to the model, or train on one device."
            )

    def compute_losses(self, batch, latents, seed, players):
        """The losses of both games, and for the translators those of the cycle and the identity."""
        batch, losses, logs = list(batch), {}, {}
        fake = self.generator(batch, training=True)[::-1]  # In the order of the domains.
        if "discriminator" in players:
            shown = fake
            if self.pools:
                pairs = zip(self.pools, fake, strict=True)
                shown = [pool(images, seed + i) for i, (pool, images) in enumerate(pairs)]
            losses, logs = self._both_losses(batch, shown, seed, ("discriminator",))
        if "generator" in players:
            losses |= self._both_losses(batch, fake, seed, ("generator",))[0]
            cycled = self.generator(fake, training=True)[::-1]
            logs["cycle_error"] = _error(batch, cycled)
            losses["generator"] += self.cycle_weight * logs["cycle_error"]
            if self.identity_weight:
                same = self.generator(batch[::-1], training=True)[::-1]
                logs["identity_error"] = _error(batch, same)
                losses["generator"] += self.identity_weight * logs["identity_error"]
        return losses, logs

    def _both_losses(self, real, fake, seed, players):
        """Sums of the losses of both domains, and means of what they log."""
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

    def translate(self, images, to="second", ema=True, batch_size=64):
        """Translates images.

        Args:
            images: Float array `(n, height, width, channels)` in [-1, 1], of the other domain.
            to: The domain that they shall belong to: "first" or "second".
            ema: Whether by the EMA generator, where there is one, or the raw one.
            batch_size: Images computed at once.

        Returns:
            Array `(n, height, width, channels)` of images in [-1, 1].

        Raises:
            ValueError: If the images or the domain are invalid.
        """
        if to not in DOMAINS:
            raise ValueError(f"to must be one of {', '.join(DOMAINS)}. Received: to={to!r}.")
        checks.check_sampling(1, None, batch_size)
        network = (ema and self.ema_generator) or self.generator
        # The first translator makes images of the second domain.
        translator = network.get_layer(DOMAINS[to == "first"])
        checks.check_spec(images, translator.input_shape)
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
    """The sum, over both domains, of the mean absolute errors."""
    return tf.add_n([tf.reduce_mean(tf.abs(a - b)) for a, b in zip(real, fake, strict=True)])


def _check_translator(name, network):
    shapes = network.input_shape, network.output_shape
    if not all(isinstance(shape, tuple) and len(shape) == 4 for shape in shapes):
        raise ValueError(
            f"{name} must take one batch of images and make one. Received: {shapes[0]} to "
            f"{shapes[1]}."
        )
