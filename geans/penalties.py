"""Penalties on the gradient of the discriminator's logits with respect to its input.

Penalties can be added: `R1(0.1) + R2(0.1)`. `PENALTIES` lists the names.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import tensorflow as tf
from keras import ops

from geans import registry, values
from geans.types import Config

Inputs: TypeAlias = tf.Tensor | list[tf.Tensor]
"""A batch of what the discriminator takes."""


@keras.saving.register_keras_serializable(package="geans")
class Penalty(registry.Configurable):
    """Base class of penalties, which are added to the discriminator's loss.

    `penalty(discriminator, real, fake, seed, step=None)` returns a scalar and takes

    - `discriminator`: callable, `discriminator(images, training=True)` returns logits of any shape.
      A sample's logits must depend on this sample alone (no batch statistics);
    - `real`, `fake`: float batches, treated as constants. If the discriminator begins with a frozen
      model, they are lists of its outputs, and `discriminator` takes such lists;
    - `seed`: integer tensor of shape `(2,)` for `tf.random.stateless_*`;
    - `step`: integer scalar that counts from 0; needed if `interval` is above 1.

    Subclasses must override `value(discriminator, real, fake, seed)`, which returns a twice
    differentiable scalar in the dtype of `real`. With constructor arguments, they pass `interval`
    to `super().__init__` and override `get_config`. To save models with one, register it with
    `keras.saving.register_keras_serializable`.

    Args:
        interval: Computes the penalty every `interval` steps only, multiplied by `interval` (lazy
            regularisation: StyleGAN2, arXiv 1912.04958, appendix B).

    Raises:
        ValueError: If `interval` is not a positive integer.

    Example:
        >>> class Offset(Penalty):
        ...     def value(self, discriminator, real, fake, seed):
        ...         return ops.mean(ops.square(discriminator(real, training=True)))
    """

    def __init__(self, *, interval: int = 1) -> None:
        if not values.is_number(interval) or interval < 1 or interval % 1:
            raise ValueError(f"interval must be an integer of 1 or more. Received: {interval!r}.")
        self.interval = int(interval)

    def __call__(
        self,
        discriminator: Callable[..., tf.Tensor],
        real: Inputs,
        fake: Inputs,
        seed: tf.Tensor,
        step: tf.Tensor | int | None = None,
    ) -> tf.Tensor:
        """Returns the scalar to add to the discriminator's loss in this step."""
        real, fake = keras.tree.map_structure(ops.convert_to_tensor, (real, fake))
        if self.interval == 1:
            return self.value(discriminator, real, fake, seed)
        if step is None:
            raise ValueError(
                f"{type(self).__name__} has interval={self.interval}, so it needs to know which "
                "step this is. Pass step to the call, or leave interval at 1."
            )
        return tf.cond(
            ops.equal(step % self.interval, 0),
            lambda: self.interval * self.value(discriminator, real, fake, seed),
            lambda: tf.zeros((), keras.tree.flatten(real)[0].dtype),
        )

    def __add__(self, other: "Penalty") -> "Sum":
        if not isinstance(other, Penalty):
            return NotImplemented
        return Sum([self, other])

    def value(
        self, discriminator: Callable[..., tf.Tensor], real: Inputs, fake: Inputs, seed: tf.Tensor
    ) -> tf.Tensor:
        """Returns the scalar of this step, before `interval` is considered."""
        raise NotImplementedError(f"{type(self).__name__} must override value().")

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"interval": self.interval}


Identifier: TypeAlias = str | Config | Penalty | type[Penalty]
"""What `get` takes."""


@keras.saving.register_keras_serializable(package="geans")
class GradientPenalty(Penalty):
    """WGAN-GP: weight * mean((|grad D(x)| - target)^2) between real and fake samples.

    x = real + t (fake - real), with t uniform in [0, 1).

    Args:
        weight: Factor, at least 0.
        target: Target norm of the gradient, at least 0: 1 for WGAN-GP, 0 for 0-GP.
        one_sided: Whether to penalise norms above `target` only (WGAN-LP).
        interval: As in `Penalty`.

    Raises:
        ValueError: If an argument is negative or, when called, `real` and `fake` differ in shape.

    Reference: Gulrajani et al. 2017 (arXiv 1704.00028), algorithm 1; one-sided: Petzka et al. 2018
    (arXiv 1709.08894), equation 8; target 0: Thanh-Tung et al. 2019 (arXiv 1902.03984).

    Example:
        >>> critic = lambda points, training: points @ [[3.0], [4.0]]
        >>> points, seed = ops.zeros((8, 2)), ops.array([0, 0])
        >>> round(float(GradientPenalty(weight=1.0)(critic, points, points, seed)), 4)
        16.0
    """

    def __init__(
        self,
        weight: float = 10.0,
        target: float = 1.0,
        *,
        one_sided: bool = False,
        interval: int = 1,
    ) -> None:
        super().__init__(interval=interval)
        values.check_weight("weight", weight)
        values.check_weight("target", target)
        self.weight = weight
        self.target = target
        self.one_sided = one_sided

    def value(
        self, discriminator: Callable[..., tf.Tensor], real: Inputs, fake: Inputs, seed: tf.Tensor
    ) -> tf.Tensor:
        """weight * mean((|grad D(mixed)| - target)^2)."""
        squares = _squared_gradient_norms(discriminator, _mix(real, fake, seed))
        # The slope of sqrt at 0 is infinite, and infinity times a zero gradient is NaN.
        excess = ops.sqrt(squares + 1e-12) - self.target
        return self.weight * ops.mean(ops.square(ops.relu(excess) if self.one_sided else excess))

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("weight", "target", "one_sided", "interval")
        return {name: getattr(self, name) for name in names}


class _SquaredGradient(Penalty):
    def __init__(self, gamma: float = 10.0, *, interval: int = 1) -> None:
        super().__init__(interval=interval)
        values.check_weight("gamma", gamma)
        self.gamma = gamma

    def get_config(self) -> Config:
        return {"gamma": self.gamma, **super().get_config()}


@keras.saving.register_keras_serializable(package="geans")
class R1(_SquaredGradient):
    """Gradient penalty on real samples: gamma / 2 * mean(|grad D(real)|^2).

    Args:
        gamma: Factor, at least 0; often 0.003 to 0.1 for points, 0.1 to 10 for images.
        interval: As in `Penalty`.

    Raises:
        ValueError: If an argument is out of range.

    Reference: Mescheder et al. 2018 (arXiv 1801.04406), equation 9.

    Example:
        >>> critic = lambda points, training: points @ [[3.0], [4.0]]
        >>> float(R1(gamma=2.0)(critic, ops.zeros((8, 2)), ops.zeros((8, 2)), ops.array([0, 0])))
        25.0
    """

    def value(
        self, discriminator: Callable[..., tf.Tensor], real: Inputs, fake: Inputs, seed: tf.Tensor
    ) -> tf.Tensor:
        """gamma / 2 * mean(|grad D(real)|^2)."""
        return self.gamma / 2 * ops.mean(_squared_gradient_norms(discriminator, real))


@keras.saving.register_keras_serializable(package="geans")
class R2(_SquaredGradient):
    """Gradient penalty on fake samples: gamma / 2 * mean(|grad D(fake)|^2).

    Args:
        gamma, interval: As in `R1`.

    Reference: Mescheder et al. 2018 (arXiv 1801.04406), equation 10.
    """

    def value(
        self, discriminator: Callable[..., tf.Tensor], real: Inputs, fake: Inputs, seed: tf.Tensor
    ) -> tf.Tensor:
        """gamma / 2 * mean(|grad D(fake)|^2)."""
        return self.gamma / 2 * ops.mean(_squared_gradient_norms(discriminator, fake))


@keras.saving.register_keras_serializable(package="geans")
class Sum(Penalty):
    """Sum of penalties, each at its own interval, as `a + b` makes it.

    Args:
        penalties: One or more penalties, as `get` takes them; sums among them are flattened.

    Raises:
        ValueError: If `penalties` is empty or holds anything else.
    """

    def __init__(self, penalties: Sequence[Identifier]) -> None:
        super().__init__()
        if not isinstance(penalties, (list, tuple)) or not penalties or None in penalties:
            raise ValueError(f"Sum needs one penalty or more. Received: {penalties!r}.")
        parts = [
            each.penalties if isinstance(each, Sum) else (each,) for each in map(get, penalties)
        ]
        self.penalties: tuple[Any, ...] = sum(parts, ())

    def __call__(
        self,
        discriminator: Callable[..., tf.Tensor],
        real: Inputs,
        fake: Inputs,
        seed: tf.Tensor,
        step: tf.Tensor | int | None = None,
    ) -> tf.Tensor:
        """Returns the scalar to add to the discriminator's loss in this step."""
        return sum(penalty(discriminator, real, fake, seed, step) for penalty in self.penalties)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"penalties": list(self.penalties)}


def _squared_gradient_norms(discriminator, images):
    images = keras.tree.map_structure(ops.stop_gradient, images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        # The sum over the batch keeps the samples apart: each one's logits depend on it alone.
        logits = ops.sum(discriminator(images, training=True))
    gradients = keras.tree.flatten(tape.gradient(logits, images))
    return sum(ops.sum(ops.square(each), axis=range(1, len(each.shape))) for each in gradients)


def _mix(real, fake, seed):
    if isinstance(real, (list, tuple)):
        # The same seed: all are mixed alike.
        return [_mix(*pair, seed) for pair in zip(real, fake, strict=True)]
    if not real.shape.is_compatible_with(fake.shape):
        raise ValueError(
            "GradientPenalty joins each real sample with a fake one, so it needs as many of both. "
            f"Received: real of shape {tuple(real.shape)}, fake of shape {tuple(fake.shape)}."
        )
    # One coefficient per sample, not per pixel: the line joins two images (WGAN-GP, algorithm 1).
    shape = [ops.shape(real)[0]] + [1] * (len(real.shape) - 1)
    return real + tf.random.stateless_uniform(shape, seed, dtype=real.dtype) * (fake - real)


PENALTIES = {"gradient_penalty": GradientPenalty, "r1": R1, "r2": R2}


def get(identifier: Identifier | None) -> Penalty | None:
    """Returns the penalty of a name, a class, an object or `None`; see `registry.get`."""
    return registry.get("penalty", identifier, PENALTIES, (Penalty,), optional=True)
