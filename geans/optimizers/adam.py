"""Adam with quicker updates of large variables."""

import math

import keras
import tensorflow as tf

# Numbers from which on passing over them takes longer than starting operations.
LARGE = 8_192


@keras.saving.register_keras_serializable(package="geans")
class Adam(keras.optimizers.Adam):
    """Keras' Adam, in which the update of a large variable is one operation of TensorFlow.

    Arguments and state are those of `keras.optimizers.Adam`. The numbers of a variable pass through
    memory once instead of about ten times, which makes steps of multilayer perceptrons a seventh
    quicker. Results differ by rounding: the operation computes `1 - beta_2` in float32, for 0.999
    with a relative error of 5e-5.

    Reference: Kingma and Ba 2015 (arXiv 1412.6980), end of section 2.

    Example:
        >>> point = keras.Variable([1.0])
        >>> Adam(0.1).apply([keras.ops.array([1.0])], [point])
        >>> round(float(point[0]), 3)
        0.9
    """

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Updates one variable."""
        if self.amsgrad or math.prod(variable.shape) < LARGE:
            super().update_step(gradient, variable, learning_rate)
            return

        def cast(value):
            return tf.cast(value, variable.dtype)

        index = self._get_variable_index(variable)
        momentum, velocity = self._momentums[index], self._velocities[index]
        beta_1, beta_2, time = map(cast, (self.beta_1, self.beta_2, self.iterations + 1))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.value.handle,
            v=velocity.value.handle,
            beta1_power=tf.pow(beta_1, time),
            beta2_power=tf.pow(beta_2, time),
            lr=cast(learning_rate),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=cast(self.epsilon),
            grad=cast(gradient),
        )
