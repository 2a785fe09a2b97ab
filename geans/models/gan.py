"""GAN: both players are updated at every step."""

from __future__ import annotations

from typing import Any

import keras

from geans.models.adversarial import AdversarialModel


@keras.saving.register_keras_serializable(package="geans")
class GAN(AdversarialModel):
    """Plain adversarial training, with updates at every step.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: `keras.Model` from samples to raw logits.
        **kwargs: As in `AdversarialModel`; `update_every` must be 1, and `update` may be
            `"extragradient"`.

    Raises:
        ValueError: If the networks do not fit each other or `update_every` is not 1.

    Reference: Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1.

    Example:
        >>> import numpy as np
        >>> from geans import GAN, networks
        >>> model = GAN(networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,)))
        >>> model.compile()
        >>> history = model.fit(np.zeros((64, 2), "float32"), verbose=0)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        update_every: int = 1,
        **kwargs: Any,
    ) -> None:
        update = kwargs.get("update", "accumulate")
        if update_every != 1 or update in ("pullback", "svre"):
            raise ValueError(
                "A GAN moves at every step, without windows; geans.GEAN has them. Received: "
                f"update_every={update_every!r}, update={update!r}."
            )
        super().__init__(generator, discriminator, update_every=1, **kwargs)
