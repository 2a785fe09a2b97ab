"""GEAN: both players move along gradients that were summed over an epoch or a window of steps."""

import keras

from geans.models.adversarial import AdversarialModel


@keras.saving.register_keras_serializable(package="geans")
class GEAN(AdversarialModel):
    """Gradient epoch adversarial training, the rule that `geans` defines and measures.

    With both networks frozen for a window of K micro-batches of n_i samples each,

        g_D = sum_i n_i grad L_D(x_i, z_i) / sum_i n_i
        g_G = sum_i n_i grad L_G(z_i)      / sum_i n_i

    and at the window's end each optimizer moves its player once. This is the gradient of one batch
    of sum_i n_i samples, in the memory of one micro-batch. With frozen weights both players'
    gradients come from one shared forward pass, so a step costs less than a GAN's.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: `keras.Model` from samples to raw logits.
        update_every: `"epoch"`, K steps, or a schedule of K over the steps, for windows that grow;
            what is left at the epoch's end is applied there.
        order: `"simultaneous"`, or `"alternating"`: a window for the discriminator, then one for
            the generator against the moved discriminator.
        **kwargs: As in `AdversarialModel`: `discriminator_steps`, `ema_half_life`, `seed`,
            `name`.

    Raises:
        ValueError: If the networks do not fit each other or an argument has no meaning.

    Example:

    >>> import numpy as np
    >>> from geans import GEAN, networks
    >>> generator = networks.mlp.generator(latent_dim=2, output_shape=(2,))
    >>> discriminator = networks.mlp.discriminator(input_shape=(2,))
    >>> model = GEAN(generator, discriminator, update_every=4)
    >>> model.compile()
    >>> history = model.fit(np.zeros((64, 2), "float32"), batch_size=8, verbose=0)
    >>> int(model.generator_player.optimizer.iterations.numpy())
    2
    """

    def __init__(
        self, generator, discriminator, *, update_every="epoch", order="simultaneous", **kwargs
    ):
        super().__init__(generator, discriminator, update_every=update_every, order=order, **kwargs)
