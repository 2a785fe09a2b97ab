"""GEAN: both players are updated along gradients accumulated over an epoch or a window of steps."""

import keras

from geans.models.adversarial import AdversarialModel


@keras.saving.register_keras_serializable(package="geans")
class GEAN(AdversarialModel):
    """Gradient epoch adversarial training: one update per epoch or per window of K micro-batches.

    With both networks frozen for a window of K micro-batches of n_i samples each,

        g_D = sum_i n_i grad L_D(x_i, z_i) / sum_i n_i
        g_G = sum_i n_i grad L_G(z_i)      / sum_i n_i

    and each player is updated once at the window's end: the update of a batch of sum_i n_i samples,
    in the memory of one micro-batch. Both gradients come from one shared forward pass.

    Args:
        generator, discriminator: As in `GAN`.
        update_every: `"epoch"`, K steps, or a schedule of K, see `geans.rules.Window`.
        order: `"simultaneous"`, or `"alternating"` windows of discriminator and generator.
        **kwargs: As in `AdversarialModel`.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.

    Example:
        >>> import numpy as np
        >>> from geans import GEAN
        >>> from geans.networks import mlp
        >>> model = GEAN(mlp.generator(2, (2,)), mlp.discriminator((2,)), update_every=4)
        >>> model.compile()
        >>> history = model.fit(np.zeros((64, 2), "float32"), batch_size=8, verbose=0)
        >>> int(model.generator_player.optimizer.iterations.numpy())
        2
    """

    def __init__(
        self, generator, discriminator, *, update_every="epoch", order="simultaneous", **kwargs
    ):
        super().__init__(generator, discriminator, update_every=update_every, order=order, **kwargs)
