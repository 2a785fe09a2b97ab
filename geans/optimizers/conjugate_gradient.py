"""Nonlinear conjugate gradients for Keras; `RULES` lists the formulas for beta."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from geans import values
from geans.types import Config


class Products(NamedTuple):
    """Inner products, over all variables, of g, g_old, y = g - g_old and the last direction d."""

    g_g: tf.Tensor
    old_old: tf.Tensor
    g_y: tf.Tensor
    y_y: tf.Tensor
    d_g: tf.Tensor
    d_y: tf.Tensor

    @classmethod
    def of(cls, gradients, old_gradients, directions):
        """Computes the products from three corresponding lists of tensors."""
        g, old, d = gradients, old_gradients, directions
        y = [a - b for a, b in zip(g, old, strict=True)]
        return cls(_dot(g, g), _dot(old, old), _dot(g, y), _dot(y, y), _dot(d, g), _dot(d, y))


def _dot(left, right):
    # At least float32, even for half-precision weights: squares of small numbers underflow.
    dtype = "float64" if any(a.dtype == tf.float64 for a in left) else "float32"
    pairs = zip(left, right, strict=True)
    return tf.add_n([tf.reduce_sum(tf.cast(a, dtype) * tf.cast(b, dtype)) for a, b in pairs])


def _ratio(numerator, denominator):
    # Zero where the quotient would overflow: without an old direction, or one that tells nothing.
    smallest = np.finfo(denominator.dtype.as_numpy_dtype).tiny * (1 + tf.abs(numerator))
    safe = tf.abs(denominator) > smallest
    return tf.where(safe, numerator / tf.where(safe, denominator, 1), 0)


def fletcher_reeves(p):
    """beta = |g|^2 / |g_old|^2 (Fletcher & Reeves 1964)."""
    return _ratio(p.g_g, p.old_old)


def polak_ribiere_plus(p):
    """beta = max(0, g.y / |g_old|^2) (Polak & Ribiere 1969; Gilbert & Nocedal 1992)."""
    return tf.nn.relu(_ratio(p.g_y, p.old_old))


def hestenes_stiefel(p):
    """beta = g.y / d.y (Hestenes & Stiefel 1952); may be negative."""
    return _ratio(p.g_y, p.d_y)


def dai_yuan(p):
    """beta = |g|^2 / d.y (Dai & Yuan 1999); negative where the curvature along d is."""
    return _ratio(p.g_g, p.d_y)


def hager_zhang(p):
    """beta = (y - 2 d |y|^2 / d.y).g / d.y (Hager & Zhang 2005, equation 1.3); may be negative.

    With any step size g.d <= -7/8 |g|^2 (theorem 1.1), even if |beta| is bounded.
    """
    return _ratio(p.g_y - 2 * p.d_g * _ratio(p.y_y, p.d_y), p.d_y)


def hestenes_stiefel_dai_yuan(p):
    """beta = max(0, min(HS, DY)) (Dai & Yuan 2001)."""
    return tf.nn.relu(tf.minimum(hestenes_stiefel(p), dai_yuan(p)))


def fletcher_reeves_polak_ribiere(p):
    """beta = max(0, min(FR, PR)) (Hu & Storey 1991)."""
    return tf.nn.relu(tf.minimum(fletcher_reeves(p), polak_ribiere_plus(p)))


_FORMULAS = (
    *(fletcher_reeves, polak_ribiere_plus, hestenes_stiefel, dai_yuan, hager_zhang),
    *(hestenes_stiefel_dai_yuan, fletcher_reeves_polak_ribiere),
)
RULES = {formula.__name__: formula for formula in _FORMULAS}

# What is kept of each variable, by preconditioner.
SLOTS: dict[str | None, tuple[str, ...]] = {None: ("gradient", "direction")}
SLOTS["adam"] = (*SLOTS[None], "momentum", "velocity")

ARGUMENTS = (
    *("rule", "beta_max", "restart_every", "powell_threshold", "descent_threshold"),
    *("preconditioner", "beta_1", "beta_2", "epsilon"),
)


@keras.saving.register_keras_serializable(package="geans")
class ConjugateGradient(keras.optimizers.Optimizer):
    """Conjugate gradient descent, with safeguards for noisy gradients and fixed steps.

        d <- -g + beta d
        w <- w + learning_rate d

    beta is computed over all variables at once, from gradients clipped and summed over replicas. It
    is clipped to `[-beta_max, beta_max]`, and 0 (a restart: d = -g) at first and if

    - |g.g_old| >= `powell_threshold` |g|^2 (Powell 1977);
    - d.g >= -`descent_threshold` |g|^2 (Gilbert & Nocedal 1992);
    - the number of earlier updates is a multiple of `restart_every`.

    `preconditioner="adam"` replaces the gradient by d in Adam's first moment (Kobayashi & Iiduka
    2020, arXiv 2003.00231, whose beta falls as 1/t; Iiduka & Kobayashi 2020, Electronics 9,
    1809):

        m <- beta_1 m + (1 - beta_1) d
        v <- beta_2 v + (1 - beta_2) g^2
        w <- w + learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    Args:
        learning_rate: Float, schedule or callable, as in Keras.
        rule: Name of a formula for beta, out of `RULES`.
        beta_max: Bound on |beta|, or `None`; 1/2 in the code of Naganuma & Iiduka 2023 (arXiv
            2203.14495).
        restart_every: Updates between forced restarts, or `None`; 1 is steepest descent.
        powell_threshold, descent_threshold: See above; `None` switches the restart off.
        preconditioner: `None` or `"adam"`.
        beta_1: Decay of m; 0 by default because d already is a momentum.
        beta_2: Decay of v.
        epsilon: Added to sqrt(v).
        **kwargs: As in every Keras optimizer; `weight_decay` is decoupled, not part of g.

    Raises:
        ValueError: If a name is unknown or a number is out of range.

    Example:
        >>> point = keras.Variable([1.0, 1.0])
        >>> ConjugateGradient(0.1).apply([tf.constant([1.0, 2.0])], [point])
        >>> point.numpy().round(3)
        array([0.9, 0.8], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: float
        | keras.optimizers.schedules.LearningRateSchedule
        | Callable[[], float] = 0.05,
        *,
        rule: str = "polak_ribiere_plus",
        beta_max: float | None = 0.9,
        restart_every: int | None = None,
        powell_threshold: float | None = 0.2,
        descent_threshold: float | None = 1e-2,
        preconditioner: str | None = None,
        beta_1: float = 0.0,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rule = rule
        self.beta_max = beta_max
        self.restart_every = restart_every
        self.powell_threshold = powell_threshold
        self.descent_threshold = descent_threshold
        self.preconditioner = preconditioner
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        _check_arguments(learning_rate=learning_rate, **self._own_config())

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the slots of `variables`, initially 0, and the two counters."""
        if self.built:
            return
        super().build(variables)
        self._slots = self.add_optimizer_variables(variables, SLOTS[self.preconditioner])
        self._positive_betas, self._restarts = (
            self.add_variable((), dtype="int64", aggregation="only_first_replica", name=name)
            for name in ("positive_betas", "restarts")
        )

    @property
    def beta_positive_fraction(self) -> float:
        """Share of the updates with beta > 0 after all safeguards; 0 before the first."""
        updates = tf.maximum(tf.cast(self.iterations, "float32"), 1)
        return tf.cast(self._positive_betas, "float32") / updates

    @property
    def restarts(self) -> int:
        """Number of restarts after the first update; beta = 0 by the rule does not count."""
        return tf.convert_to_tensor(self._restarts)

    def direction(self, gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns what `apply(gradients)` would add to the variables at a learning rate of 1.

        Changes nothing, for step length searches. Clipping, the sum over replicas and the
        preconditioner are included; weight decay is not.
        """
        if not self.built:
            raise ValueError("direction() does not know the variables: call build(variables).")
        gradients = self._clip_gradients(list(gradients))
        pairs = zip(gradients, self._trainable_variables, strict=True)
        updates, _, _ = self._updates(super()._all_reduce_sum_gradients(pairs))
        return [move for (move, *_), _ in updates]

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # The one place where Keras has all gradients summed over replicas: update_step sees one
        # variable at a time. So the whole update is worked out here and handed on as "gradient".
        updates, beta, restarts = self._updates(super()._all_reduce_sum_gradients(grads_and_vars))
        self._positive_betas.assign_add(tf.cast(beta > 0, "int64"))
        self._restarts.assign_add(tf.cast(restarts & (self.iterations > 0), "int64"))
        return updates

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Updates one variable and its slots by the values of `_updates`."""
        move, *values = gradient
        index = self._get_variable_index(variable)
        for slots, value in zip(self._slots, values, strict=True):
            self.assign(slots[index], value)
        self.assign_add(variable, tf.cast(learning_rate, variable.dtype) * move)

    def _updates(self, grads_and_vars):
        # Pairs of ((move, *new slots), variable); beta; whether the method restarts.
        variables = [variable for _, variable in grads_and_vars]
        gradients = [tf.cast(tf.convert_to_tensor(g), v.dtype) for g, v in grads_and_vars]
        indices = [self._get_variable_index(variable) for variable in variables]
        olds, directions, *moments = (
            [tf.convert_to_tensor(slots[i]) for i in indices] for slots in self._slots
        )
        beta, restarts = self._beta(Products.of(gradients, olds, directions))
        pairs = zip(gradients, directions, strict=True)
        directions = [tf.cast(beta, d.dtype) * d - g for g, d in pairs]
        updates = map(self._update, gradients, directions, *moments)
        return list(zip(updates, variables, strict=True)), beta, restarts

    def _beta(self, p):
        beta = RULES[self.rule](p)
        if self.beta_max is not None:
            beta = tf.clip_by_value(beta, -self.beta_max, self.beta_max)
        restarts = tf.constant(False)
        if self.powell_threshold is not None:
            restarts |= tf.abs(p.g_g - p.g_y) >= self.powell_threshold * p.g_g
        if self.descent_threshold is not None:
            restarts |= beta * p.d_g - p.g_g >= -self.descent_threshold * p.g_g
        if self.restart_every is not None:
            restarts |= self.iterations % self.restart_every == 0
        return tf.where(restarts, tf.zeros_like(beta), beta), restarts

    def _update(self, gradient, direction, momentum=None, velocity=None):
        if self.preconditioner is None:
            return direction, gradient, direction
        momentum += (1 - self.beta_1) * (direction - momentum)
        velocity += (1 - self.beta_2) * (tf.square(gradient) - velocity)
        time = tf.cast(self.iterations + 1, "float64")  # In half precision .999 would be 1.
        unbias = tf.sqrt(1 - self.beta_2**time) / (1 - self.beta_1**time)
        move = tf.cast(unbias, direction.dtype) * momentum / (tf.sqrt(velocity) + self.epsilon)
        return move, gradient, direction, momentum, velocity

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), **self._own_config()}

    def _own_config(self):
        return {name: getattr(self, name) for name in ARGUMENTS}


def _check_arguments(*, rule, preconditioner, restart_every, **amounts):
    for name, value, table in (("rule", rule, RULES), ("preconditioner", preconditioner, SLOTS)):
        if value not in table:
            names, near = ", ".join(map(repr, table)), values.did_you_mean(value, table)
            raise ValueError(f"{name} must be one of {names}. Received: {name}={value!r}.{near}")
    if restart_every is not None and not (isinstance(restart_every, int) and restart_every > 0):
        raise ValueError(f"Not a positive integer. Received: {restart_every=}.")
    for name, value in amounts.items():
        limit = 1 if name in ("beta_1", "beta_2") else float("inf")
        # A learning rate may be a schedule.
        if isinstance(value, str) or isinstance(value, (int, float)) and not 0 <= value < limit:
            raise ValueError(f"{name} must be in [0, {limit}). Received: {name}={value!r}.")
