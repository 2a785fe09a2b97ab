"""The EMA generator: an exponential moving average of a generator's weights."""

import keras
import tensorflow as tf

# The average looks back over at most this share of the samples seen so far, so that it forgets the
# untrained start (the EMA ramp-up of StyleGAN2, Karras et al. 2020, official code).
RAMP_UP = 0.05


@keras.saving.register_keras_serializable(package="geans")
class EMANetwork(keras.layers.Layer):
    """A copy of a network whose weights follow it slowly.

    The pace is set per *sample*, not per update: with long windows between updates a decay per
    update would look back over too many samples.

    Args:
        network: Built `keras.Model` to follow.
        half_life: Samples after which a weight's share in the average has halved.
    """

    def __init__(self, network, half_life):
        super().__init__(name="ema_network", dtype="float32")
        self.half_life = half_life
        self.network = keras.models.clone_model(network)
        self.network.set_weights(network.get_weights())
        self.network.trainable = False
        self.samples_averaged = self.add_weight(
            shape=(),
            initializer="zeros",
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
        )
        self.built = True

    def follow(self, network, samples_seen):
        """Moves the average towards `network`, which has seen `samples_seen` samples by now."""
        seen = tf.cast(samples_seen, "float32")
        since = seen - tf.cast(self.samples_averaged, "float32")
        keep = 0.5 ** (since / tf.minimum(float(self.half_life), RAMP_UP * seen))
        for average, weight in zip(self.network.weights, network.weights, strict=True):
            # Moving statistics of a batch norm are averages already: they are copied.
            average.assign(weight + keep * (average - weight) if weight.trainable else weight)
        self.samples_averaged.assign(samples_seen)
