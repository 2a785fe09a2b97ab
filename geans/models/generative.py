"""Samples of a trained generator, from the EMA or the raw network."""

import keras
import numpy as np
import tensorflow as tf

from geans import distribution
from geans.models import checks, latent_space
from geans.models.players import EMANetwork

BATCHES_AT_ONCE = 16


class GenerativeModel(distribution.Distributed):
    """A generator, its EMA, and the samples that they make.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        ema_half_life: Samples after which a weight's share in the EMA generator has
            halved; `None` keeps no EMA.
        name: Name of the model.
    """

    def __init__(self, generator, ema_half_life, *, name=None):
        super().__init__(name=name)
        self.generator = generator
        self.ema_half_life = ema_half_life
        self.ema = None
        if ema_half_life is not None:
            self.ema = EMANetwork(generator, ema_half_life)

    @property
    def noise_dim(self):
        """Number of the first columns of the latents that are standard normal: here all."""
        return self.latent_dim

    @property
    def ema_generator(self):
        """The network that `sample` uses by default, or `None` without `ema_half_life`."""
        return None if self.ema is None else self.ema.network

    def call(self, inputs, training=False):
        """Samples of the EMA generator, or of the raw one if the model keeps none."""
        checks.check_inputs(inputs, self.generator)
        network = self.ema_generator or self.generator
        return network(inputs, training=training)

    def sample(self, count, seed=None, ema=True, batch_size=256, *, truncation=None, **conditions):
        """Draws samples.

        Args:
            count: Number of samples.
            seed: Integer; the same one gives the same latents, `None` draws one.
            ema: Whether from the EMA generator, where there is one, or the raw one.
            batch_size: Samples computed at once.
            truncation: Largest noise on either side of its mean, see `latent_space.truncate`: below
                2, samples are more typical and less varied. `None` for no limit.
            **conditions: What else `sampling_inputs` of this model takes, such as `labels`.

        Returns:
            Array `(count, ...)`, images in [-1, 1].

        Raises:
            ValueError: If `count` or `batch_size` is not a positive integer, `count` is above 10
                million, `seed` is not an integer, `truncation` is not positive, or a condition
                has no meaning for this model.
        """
        options = {"truncation": truncation, **conditions}
        return _joined(list(self.sample_batches(count, seed, ema, batch_size, **options)))

    def sample_batches(
        self, count, seed=None, ema=True, batch_size=256, *, truncation=None, **conditions
    ):
        """What `sample` draws, some at a time, where all of it would not fit in memory.

        Args:
            count: As in `sample`.
            seed: As in `sample`.
            ema: As in `sample`.
            batch_size: As in `sample`.
            truncation: As in `sample`.
            **conditions: As in `sample`.

        Returns:
            Iterator of arrays `(n, ...)`, with 16 times `batch_size` samples but for the last one.

        Raises:
            ValueError: As in `sample`, at once.
        """
        checks.check_sampling(count, seed, batch_size)
        if seed is None:
            seed = int(np.random.default_rng().integers(2**31))
        inputs = self.sampling_inputs(count, seed, **conditions)
        if truncation is not None:
            inputs = latent_space.truncate(self, inputs, truncation)
        return self._in_parts(inputs, ema, batch_size)

    def generate(self, inputs, ema=True, batch_size=256):
        """What the generator makes of given inputs.

        Args:
            inputs: Array `(n, latent_dim)`, or what else the generator takes, in its structure.
            ema: As in `sample`.
            batch_size: As in `sample`.

        Returns:
            Array `(n, ...)`, or the structure of arrays that the generator makes.

        Raises:
            ValueError: If the inputs are not what the generator takes.
        """
        checks.check_inputs(inputs, self.generator)
        checks.check_sampling(1, None, batch_size)
        return _joined(list(self._in_parts(inputs, ema, batch_size)))

    def _in_parts(self, inputs, ema, batch_size):
        network = (ema and self.ema_generator) or self.generator
        chunk = batch_size * BATCHES_AT_ONCE
        starts = range(0, len(keras.tree.flatten(inputs)[0]), chunk)
        return (self._draw(network, _part(inputs, i, chunk), batch_size) for i in starts)

    def _draw(self, network, inputs, batch_size):
        if self.is_multi_worker:
            # Any worker may draw by itself; predict would share the latents out among all.
            starts = range(0, len(keras.tree.flatten(inputs)[0]), batch_size)
            parts = [network(_part(inputs, i, batch_size), training=False) for i in starts]
            return _joined([keras.tree.map_structure(np.asarray, part) for part in parts])
        return network.predict(inputs, batch_size=batch_size, verbose=0)

    def sampling_inputs(self, count, seed):
        """What the generator gets in `sample`; a family may have more arguments, its conditions.

        Args:
            count: Number of samples, an integer or a scalar tensor.
            seed: Likewise.

        Returns:
            The latents that belong to `seed`, float32 `(count, latent_dim)`.
        """
        return self.draw_latents(count, tf.stack([seed, 0]))


def _part(inputs, start, size):
    return keras.tree.map_structure(lambda array: array[start : start + size], inputs)


def _joined(parts):
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
