"""GEAN: both players' gradients or movements over a window, and one step at its end."""

from __future__ import annotations

from typing import Any

import keras

from geans import rules
from geans.models.adversarial import AdversarialModel

DEFAULTS = {
    "accumulate": ("epoch", "simultaneous"),
    "pullback": (5, "alternating"),
    "svre": ("epoch", "simultaneous"),
}
"""`update_every` and `order`, by `update`."""


@keras.saving.register_keras_serializable(package="geans")
class GEAN(AdversarialModel):
    """Gradient epoch adversarial training: a step at the end of each window of K micro-batches.

    `update="accumulate"` is its definition. With both networks frozen for a window of K
    micro-batches of n_i samples each,

        g_D = sum_i n_i grad L_D(x_i, z_i) / sum_i n_i
        g_G = sum_i n_i grad L_G(z_i)      / sum_i n_i

    and each player is updated once at the window's end: the update of a batch of sum_i n_i samples,
    in the memory of one micro-batch. Both gradients come from one shared forward pass.

    `update="pullback"` is for practice: both players move at every step, and at the window's end
    the discriminator goes back half of the way that it has come, see `geans.rules.Pullback`.

    Args:
        generator, discriminator: As in `GAN`.
        update: `"accumulate"`, `"pullback"` or `"svre"` (`geans.rules.SVRE`).
        update_every: `"epoch"` or K steps; to accumulate also a schedule of K, see
            `geans.rules.Window`. `None` is 5 steps to pull back, else an epoch.
        order: `"simultaneous"`, or `"alternating"` windows (steps, to pull back) of discriminator
            and generator. `None` is simultaneous to accumulate and alternating to pull back.
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
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        update: str = "accumulate",
        update_every: rules.Every | None = None,
        order: str | None = None,
        **kwargs: Any,
    ) -> None:
        window, usual = DEFAULTS.get(update, (1, "alternating"))  # Another is refused below.
        kwargs |= {
            "update": update,
            "update_every": window if update_every is None else update_every,
            "order": order or usual,
        }
        super().__init__(generator, discriminator, **kwargs)
