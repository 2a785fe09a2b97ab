"""GAN: both players move at every step."""

import keras

from geans.models.adversarial import AdversarialModel


@keras.saving.register_keras_serializable(package="geans")
class GAN(AdversarialModel):
    """Plain adversarial training: updates at every step (Goodfellow et al. 2014, algorithm 1).

    By default the discriminator moves first and the generator is then updated against it.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: `keras.Model` from samples to raw logits.
        **kwargs: As in `AdversarialModel`: `order`, `discriminator_steps`, `ema_half_life`,
            `seed`, `name`; `update_every` is 1.

    Raises:
        ValueError: If the networks do not fit each other or `update_every` is not 1.

    Example:

    >>> import numpy as np
    >>> from geans import GAN, networks
    >>> generator = networks.mlp.generator(latent_dim=2, output_shape=(2,))
    >>> discriminator = networks.mlp.discriminator(input_shape=(2,))
    >>> model = GAN(generator, discriminator)
    >>> model.compile()
    >>> history = model.fit(np.zeros((64, 2), "float32"), verbose=0)
    >>> model.sample(5, seed=1).shape
    (5, 2)
    """

    def __init__(self, generator, discriminator, *, update_every=1, **kwargs):
        if update_every != 1:
            raise ValueError(
                f"A GAN moves at every step. Received: update_every={update_every!r}. "
                "geans.GEAN moves every K steps or once per epoch."
            )
        super().__init__(generator, discriminator, update_every=1, **kwargs)
