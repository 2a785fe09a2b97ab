"""What each player minimises, as a formula over the discriminator's raw logits.

`get("hinge")` or `Hinge()`; `LOSSES` lists the names. All formulas are in the softplus form, finite
for logits of any size: `log(sigmoid(x)) = -softplus(-x)`, `log(1 - sigmoid(x)) = -softplus(x)`.
"""

import re

import keras
from keras import ops

from geans import registry


@keras.saving.register_keras_serializable(package="geans")
class AdversarialLoss:
    """Base of all adversarial losses: one formula per player.

    Subclassing guide. Must be overridden:

    - `discriminator(real_logits, fake_logits)`: the scalar that the discriminator minimises.
    - `generator(real_logits, fake_logits)`: the scalar that the generator minimises.

    Both receive raw logits (no sigmoid) of any shape, `(batch,)`, `(batch, 1)` or one per patch
    `(batch, height, width, 1)`, and return their mean-reduced loss, a scalar tensor of the logits'
    dtype.

    May be overridden:

    - `generator_uses_real`: set it to True if `generator` reads `real_logits`. Otherwise callers
      skip that pass over the real images and give None.
    - `get_config()`: the constructor's arguments by name, if there are any. Register the subclass
      with `keras.saving.register_keras_serializable` so that saved models find it.

    Example:

    >>> class Linear(AdversarialLoss):
    ...     def discriminator(self, real_logits, fake_logits):
    ...         return ops.mean(fake_logits) - ops.mean(real_logits)
    ...
    ...     def generator(self, real_logits, fake_logits):
    ...         return -ops.mean(fake_logits)
    >>> float(Linear().discriminator(ops.ones((4, 1)), ops.zeros((4, 1))))
    -1.0
    """

    generator_uses_real = False

    def discriminator(self, real_logits, fake_logits):
        """Scalar that the discriminator minimises."""
        raise NotImplementedError(f"{type(self).__name__} must override discriminator().")

    def generator(self, real_logits, fake_logits):
        """Scalar that the generator minimises; `real_logits` is None unless it is used."""
        raise NotImplementedError(f"{type(self).__name__} must override generator().")

    def get_config(self):
        """Return the constructor's arguments by name."""
        return {}

    @classmethod
    def from_config(cls, config):
        """Build the loss that `get_config` described."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="geans")
class Minimax(AdversarialLoss):
    """The original game, of sum zero; the generator starves once its samples are told apart.

    Source: Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.

    Example:

    >>> round(float(Minimax().generator(None, ops.zeros((4, 1)))), 4)
    -0.6931
    """

    def discriminator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(real))) - mean(log(1 - sigmoid(fake)))."""
        return _cross_entropy(real_logits, fake_logits)

    def generator(self, real_logits, fake_logits):
        """mean(log(1 - sigmoid(fake)))."""
        return -ops.mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable(package="geans")
class NonSaturating(AdversarialLoss):
    """The usual GAN loss: the generator raises log D of its samples and never starves.

    Source: Goodfellow et al. 2014 (arXiv 1406.2661), section 3.

    Example:

    >>> round(float(NonSaturating().generator(None, ops.zeros((4, 1)))), 4)
    0.6931
    """

    def discriminator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(real))) - mean(log(1 - sigmoid(fake)))."""
        return _cross_entropy(real_logits, fake_logits)

    def generator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(fake)))."""
        return ops.mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable(package="geans")
class LeastSquares(AdversarialLoss):
    """LSGAN: logits are regressed to 1 (real) and 0 (fake), so far samples pull hardest.

    Source: Mao et al. 2017 (arXiv 1611.04076), equation 9.

    Example:

    >>> float(LeastSquares().generator(None, ops.zeros((4, 1))))
    0.5
    """

    def discriminator(self, real_logits, fake_logits):
        """1/2 mean((real - 1)^2) + 1/2 mean(fake^2)."""
        return (ops.mean(ops.square(real_logits - 1)) + ops.mean(ops.square(fake_logits))) / 2

    def generator(self, real_logits, fake_logits):
        """1/2 mean((fake - 1)^2)."""
        return ops.mean(ops.square(fake_logits - 1)) / 2


@keras.saving.register_keras_serializable(package="geans")
class Wasserstein(AdversarialLoss):
    """Difference of mean scores; needs a Lipschitz critic, so pass a gradient penalty with it.

    Source: Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.

    Example:

    >>> float(Wasserstein().discriminator(ops.ones((4, 1)), ops.zeros((4, 1))))
    -1.0
    """

    def discriminator(self, real_logits, fake_logits):
        """mean(fake) - mean(real)."""
        return ops.mean(fake_logits) - ops.mean(real_logits)

    def generator(self, real_logits, fake_logits):
        """-mean(fake)."""
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="geans")
class Hinge(AdversarialLoss):
    """Margin loss: stop pushing samples that are already beyond the margin.

    Source: Lim & Ye 2017 (arXiv 1705.02894); Miyato et al. 2018 (arXiv 1802.05957), equation 16.

    Example:

    >>> float(Hinge().discriminator(2 * ops.ones((4, 1)), ops.zeros((4, 1))))
    1.0
    """

    def discriminator(self, real_logits, fake_logits):
        """mean(max(0, 1 - real)) + mean(max(0, 1 + fake))."""
        return ops.mean(ops.relu(1 - real_logits)) + ops.mean(ops.relu(1 + fake_logits))

    def generator(self, real_logits, fake_logits):
        """-mean(fake)."""
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="geans")
class Relativistic(AdversarialLoss):
    """Paired relativistic loss (RpGAN): is this real image more real than that fake one?

    Each real logit is paired with the fake logit at its place, so both have the same shape. The
    i-th pair is arbitrary: batches are shuffled. Contracts with the penalties `R1` + `R2` (R3GAN).

    Raises:
        ValueError: the shapes of the real and the fake logits differ.

    Source: Jolicoeur-Martineau 2018 (arXiv 1807.00734), section 4.1; Huang et al. 2024
    (arXiv 2501.05441).

    Example:

    >>> logits = ops.array([[3.0], [-1.0]])
    >>> round(float(Relativistic().generator(logits, logits)), 4)
    0.6931
    """

    generator_uses_real = True

    def discriminator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(real - fake)))."""
        _check_pairs(real_logits, fake_logits)
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(fake - real)))."""
        _check_pairs(real_logits, fake_logits)
        return ops.mean(ops.softplus(real_logits - fake_logits))


def _cross_entropy(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


def _check_pairs(real_logits, fake_logits):
    # Broadcasting (batch, 1) against (batch,) would pair everything with everything, silently.
    real, fake = tuple(real_logits.shape), tuple(fake_logits.shape)
    differ = [r != f and None not in (r, f) for r, f in zip(real, fake, strict=False)]
    if len(real) != len(fake) or any(differ):
        raise ValueError(
            "Relativistic compares pairs, so it needs as many fake logits as real ones. "
            f"Received: real_logits of shape {real}, fake_logits of shape {fake}."
        )


def _snake_case(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


LOSSES = {
    _snake_case(loss.__name__): loss
    for loss in (
        Minimax,
        NonSaturating,
        LeastSquares,
        Wasserstein,
        Hinge,
        Relativistic,
    )
}


def get(identifier):
    """Return the loss that a name, a class, a serialized dict or a loss itself stands for.

    Args:
        identifier: a key of `LOSSES`, an `AdversarialLoss` or its class, or what
            `keras.saving.serialize_keras_object` made of one.

    Returns:
        An `AdversarialLoss`.

    Raises:
        ValueError: `identifier` is none of these.

    Example:

    >>> type(get("hinge")).__name__
    'Hinge'
    """
    return registry.get("loss", identifier, LOSSES, (AdversarialLoss,))
