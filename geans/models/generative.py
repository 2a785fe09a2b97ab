"""What a trained generator is used for: samples, from the averaged or the live network."""

import numpy as np
import tensorflow as tf

from geans.models import checks, distribution
from geans.models.averaging import AveragedNetwork


class GenerativeModel(distribution.Distributed):
    """A generator, its average over the training, and the samples that they make.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        averaging_half_life: Samples after which a weight's share in the averaged generator has
            halved; `None` keeps no average.
        name: Name of the model.
    """

    def __init__(self, generator, averaging_half_life, *, name=None):
        super().__init__(name=name)
        self.generator = generator
        self.averaging_half_life = averaging_half_life
        self.average = None
        if averaging_half_life is not None:
            self.average = AveragedNetwork(generator, averaging_half_life)

    @property
    def latent_dim(self):
        """Number of columns of the latents."""
        return self.generator.input_shape[-1]

    @property
    def averaged_generator(self):
        """The network that `sample` uses by default, or `None` without `averaging_half_life`."""
        return None if self.average is None else self.average.network

    def call(self, latents, training=False):
        """Samples of the averaged generator, or of the live one where there is no average."""
        checks.check_latents(latents, self.latent_dim)
        network = self.averaged_generator or self.generator
        return network(latents, training=training)

    def sample(self, count, seed=None, averaged=True, batch_size=256):
        """Draws samples.

        Args:
            count: Number of samples.
            seed: Integer; the same one gives the same latents, `None` draws one.
            averaged: Whether from the averaged generator, where there is one, or the live one.
            batch_size: Samples computed at once.

        Returns:
            Array `(count, ...)`, images in [-1, 1].

        Raises:
            ValueError: If `count` or `batch_size` is no positive integer, `count` is above 10
                million, or `seed` is no integer.
        """
        checks.check_sampling(count, seed, batch_size)
        if seed is None:
            seed = int(np.random.default_rng().integers(2**31))
        network = (averaged and self.averaged_generator) or self.generator
        latents = self.sampling_latents(count, seed)
        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Any worker may draw by itself; predict would share the latents out among all.
            starts = range(0, count, batch_size)
            parts = [network(latents[i : i + batch_size], training=False) for i in starts]
            return np.concatenate([np.asarray(part) for part in parts])
        return network.predict(latents, batch_size=batch_size, verbose=0)

    def sampling_latents(self, count, seed):
        """Standard normal latents, float32 `(count, latent_dim)`, that belong to `seed`."""
        return tf.random.stateless_normal((count, self.latent_dim), tf.stack([seed, 0]))
