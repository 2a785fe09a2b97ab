"""Optimistic Adam, an optimizer for games."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class OptimisticAdam(keras.optimizers.Optimizer):
    """Optimistic Adam: doubles each step and takes back the previous one.

        move_t = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m_t / (sqrt(v_t) + epsilon)
        w <- w - 2 move_t + move_(t-1)

    with Adam's moments m and v. In games where gradient descent circles the solution, it converges.

    Args:
        learning_rate: Float, schedule or callable, as in Keras.
        beta_1, beta_2: Decays of m and v per update, in [0, 1).
        epsilon: Added to sqrt(v).
        **kwargs: As in every Keras optimizer.

    Raises:
        ValueError: If a decay is not in [0, 1).

    Reference: Daskalakis et al. 2018 (arXiv 1711.00141), algorithm 1.

    Example:
        >>> point = keras.Variable([1.0])
        >>> OptimisticAdam(0.1).apply([ops.array([1.0])], [point])
        >>> round(float(point[0]), 3)
        0.8
    """

    def __init__(
        self,
        learning_rate: float
        | keras.optimizers.schedules.LearningRateSchedule
        | Callable[[], float] = 2e-4,
        *,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        for name, decay in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not isinstance(decay, (int, float)) or not 0 <= decay < 1:
                raise ValueError(f"{name} must be in [0, 1). Received: {name}={decay!r}.")
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the slots of `variables`, initially 0."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities, self._moves = self.add_optimizer_variables(
            variables, ("momentum", "velocity", "move")
        )

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Updates one variable."""
        index = self._get_variable_index(variable)
        momentum, velocity = self._momentums[index], self._velocities[index]
        gradient = ops.cast(gradient, variable.dtype)
        self.assign_add(momentum, (1 - self.beta_1) * (gradient - momentum))
        self.assign_add(velocity, (1 - self.beta_2) * (ops.square(gradient) - velocity))
        time = ops.cast(self.iterations + 1, variable.dtype)
        unbias = ops.sqrt(1 - self.beta_2**time) / (1 - self.beta_1**time)
        rate = ops.cast(learning_rate, variable.dtype) * unbias
        move = rate * momentum / (ops.sqrt(velocity) + self.epsilon)
        self.assign_sub(variable, 2 * move - self._moves[index])
        self.assign(self._moves[index], move)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
