"""Adversarial losses as functions of the discriminator's raw logits.

Use `Hinge()` or `get("hinge")`; `LOSSES` lists the names. All formulas are computed by softplus,
finite for logits of any size.
"""

from collections.abc import Sequence
from typing import TypeAlias

import keras
import tensorflow as tf
from keras import ops

from geans import registry
from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class AdversarialLoss(registry.Configurable):
    """Base class of adversarial losses: one formula per player.

    Subclasses must override `discriminator` and `generator`. Both take raw logits of any shape,
    `(batch, 1)` or per patch `(batch, height, width, 1)`, and return the mean loss, a scalar.

    Set `generator_uses_real = True` if `generator` reads `real_logits`; they are None otherwise.
    Override `get_config` if the constructor has arguments. To save models with the loss, register
    it with `keras.saving.register_keras_serializable`.

    Example:
        >>> class Linear(AdversarialLoss):
        ...     def discriminator(self, real_logits, fake_logits):
        ...         return ops.mean(fake_logits) - ops.mean(real_logits)
        ...     def generator(self, real_logits, fake_logits):
        ...         return -ops.mean(fake_logits)
    """

    generator_uses_real = False

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """Returns the scalar that the discriminator minimises."""
        raise NotImplementedError(f"{type(self).__name__} must override discriminator().")

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """Returns the scalar that the generator minimises; `real_logits` may be None."""
        raise NotImplementedError(f"{type(self).__name__} must override generator().")

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {}


Identifier: TypeAlias = str | Config | AdversarialLoss | type[AdversarialLoss]
"""What `get` takes."""


@keras.saving.register_keras_serializable(package="geans")
class Minimax(AdversarialLoss):
    """The original zero-sum loss; the generator's gradient vanishes if its samples are told apart.

    Reference: Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.
    """

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(log(sigmoid(real))) - mean(log(1 - sigmoid(fake)))."""
        return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """mean(log(1 - sigmoid(fake)))."""
        return -ops.mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable(package="geans")
class NonSaturating(Minimax):
    """The usual GAN loss: `Minimax`, but the generator maximises log D of its samples.

    Reference: Goodfellow et al. 2014 (arXiv 1406.2661), section 3.

    Example:
        >>> round(float(NonSaturating().generator(None, ops.zeros((4, 1)))), 4)
        0.6931
    """

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(log(sigmoid(fake)))."""
        return ops.mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable(package="geans")
class LeastSquares(AdversarialLoss):
    """LSGAN loss: logits are regressed to 1 (real) and 0 (fake).

    Reference: Mao et al. 2017 (arXiv 1611.04076), equation 9.
    """

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """1/2 mean((real - 1)^2) + 1/2 mean(fake^2)."""
        return (ops.mean(ops.square(real_logits - 1)) + ops.mean(ops.square(fake_logits))) / 2

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """1/2 mean((fake - 1)^2)."""
        return ops.mean(ops.square(fake_logits - 1)) / 2


@keras.saving.register_keras_serializable(package="geans")
class Wasserstein(AdversarialLoss):
    """Difference of mean scores; needs a Lipschitz critic, so use it with a gradient penalty.

    Reference: Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """mean(fake) - mean(real)."""
        return ops.mean(fake_logits) - ops.mean(real_logits)

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(fake)."""
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="geans")
class Hinge(AdversarialLoss):
    """Hinge loss: samples beyond the margin give the discriminator no gradient.

    Reference: Lim & Ye 2017 (arXiv 1705.02894); Miyato et al. 2018 (arXiv 1802.05957), eq. 16.
    """

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """mean(max(0, 1 - real)) + mean(max(0, 1 + fake))."""
        return ops.mean(ops.relu(1 - real_logits)) + ops.mean(ops.relu(1 + fake_logits))

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(fake)."""
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="geans")
class Relativistic(AdversarialLoss):
    """Paired relativistic loss (RpGAN); R3GAN uses it with the penalties `R1` + `R2`.

    Raises:
        ValueError: If real and fake logits, which are paired by position, differ in shape.

    Reference: Jolicoeur-Martineau 2018 (arXiv 1807.00734), section 4.1; Huang et al. 2024 (arXiv
    2501.05441).
    """

    generator_uses_real = True

    def discriminator(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(log(sigmoid(real - fake)))."""
        _check_pairs(real_logits, fake_logits)
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator(self, real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
        """-mean(log(sigmoid(fake - real)))."""
        _check_pairs(real_logits, fake_logits)
        return ops.mean(ops.softplus(real_logits - fake_logits))


def feature_matching(
    real_features: Sequence[tf.Tensor], fake_features: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Returns the mean absolute difference of feature maps, averaged over the layers of a network.

    It takes generated images to what a discriminator sees in their targets, and is a loss of the
    generator: the features of the targets get no gradient.

    Args:
        real_features: List with an array `(batch, ...)` for each layer, of the targets.
        fake_features: As `real_features`, of the generated images.

    Raises:
        ValueError: If there are no features, or not the same number of both.

    Reference: Wang et al. 2018 (arXiv 1711.11585), equation 4, divided by the number of layers.

    Example:
        >>> small, large = ops.ones((2, 3)), ops.ones((2, 5))
        >>> float(feature_matching([small, large], [0 * small, large]))
        0.5
    """
    if not real_features or len(real_features) != len(fake_features):
        raise ValueError(
            "Features of the same layers are compared, at least one. Received: "
            f"{len(real_features)} and {len(fake_features)}."
        )
    pairs = zip(real_features, fake_features, strict=True)
    apart = [ops.mean(ops.abs(ops.stop_gradient(real) - fake)) for real, fake in pairs]
    return sum(apart) / len(apart)


def _check_pairs(real_logits, fake_logits):
    # Broadcasting (batch, 1) against (batch,) would pair everything with everything, silently.
    real, fake = tuple(real_logits.shape), tuple(fake_logits.shape)
    differ = [r != f and None not in (r, f) for r, f in zip(real, fake, strict=False)]
    if len(real) != len(fake) or any(differ):
        raise ValueError(
            "Relativistic compares pairs, so it needs as many fake logits as real ones. "
            f"Received: real_logits of shape {real}, fake_logits of shape {fake}."
        )


LOSSES = {
    "minimax": Minimax,
    "non_saturating": NonSaturating,
    "least_squares": LeastSquares,
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "relativistic": Relativistic,
}


def get(identifier: Identifier) -> AdversarialLoss:
    """Returns the loss of a name in `LOSSES`, a class or an object; see `registry.get`."""
    return registry.get("loss", identifier, LOSSES, (AdversarialLoss,))
