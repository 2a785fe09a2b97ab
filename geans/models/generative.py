"""What a trained generator is used for: samples, from the averaged or the live network."""

import numpy as np
import tensorflow as tf

from geans.models import checks, distribution
from geans.models.averaging import AveragedNetwork

BATCHES_AT_ONCE = 16


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
        parts = self.sample_batches(count, seed, averaged, batch_size)
        return np.concatenate(list(parts))

    def sample_batches(self, count, seed=None, averaged=True, batch_size=256):
        """What `sample` draws, some at a time, where all of it would not fit in memory.

        Args:
            count: As in `sample`.
            seed: As in `sample`.
            averaged: As in `sample`.
            batch_size: As in `sample`.

        Returns:
            Iterator of arrays `(n, ...)`, with 16 times `batch_size` samples but for the last one.

        Raises:
            ValueError: As in `sample`, at once.
        """
        checks.check_sampling(count, seed, batch_size)
        if seed is None:
            seed = int(np.random.default_rng().integers(2**31))
        network = (averaged and self.averaged_generator) or self.generator
        latents = self.sampling_latents(count, seed)
        chunk = batch_size * BATCHES_AT_ONCE
        starts = range(0, count, chunk)
        return (self._draw(network, latents[i : i + chunk], batch_size) for i in starts)

    def _draw(self, network, latents, batch_size):
        if self.is_multi_worker:
            # Any worker may draw by itself; predict would share the latents out among all.
            starts = range(0, len(latents), batch_size)
            parts = [network(latents[i : i + batch_size], training=False) for i in starts]
            return np.concatenate([np.asarray(part) for part in parts])
        return network.predict(latents, batch_size=batch_size, verbose=0)

    def sampling_latents(self, count, seed):
        """Standard normal latents, float32 `(count, latent_dim)`, that belong to `seed`."""
        return tf.random.stateless_normal((count, self.latent_dim), tf.stack([seed, 0]))
