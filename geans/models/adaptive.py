"""The strength of an adaptive augmentation: measured, updated and saved with the model."""

import keras
import tensorflow as tf

from geans import distribution, losses
from geans.distribution import local_sum, weighted


@keras.saving.register_keras_serializable(package="geans")
class StrengthController(keras.layers.Layer):
    """Controller of the strength p of an `augment.Adaptive`, the argument `augmentation`.

    Its state, p and the signs seen since p changed, is saved with the model. `mean` is the epoch's
    mean p. Raises a `ValueError` if the sign of a logit has no meaning for `loss`.
    """

    def __init__(self, augmentation, loss):
        super().__init__(name="strength_controller", dtype="float32")
        # Both use only differences of logits, so that signs mean nothing.
        if isinstance(loss, losses.Wasserstein) or loss.generator_uses_real:
            raise ValueError(
                "An adaptive augmentation reads from the signs of logits how sure the "
                f"discriminator is, but those of {type(loss).__name__} have no meaning. Pass "
                "another loss, or augmentation='diff_augment'."
            )
        self.augmentation = augmentation
        self.strength = self.add_weight(
            initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self.updates = distribution.add_counter(self)
        # Sum of the signs of the logits of real images, and number of these images.
        self.seen = local_sum((2,))
        self.mean = keras.metrics.Mean(name="augmentation_strength")
        self.built = True

    def augment(self, images, seed):
        """Returns `images`, transformed with probability p."""
        return self.augmentation(images, seed, tf.convert_to_tensor(self.strength))

    def receive(self, logs, size):
        """Records what `Game.adversarial_losses` logged for this replica's `size` samples."""
        strength = tf.convert_to_tensor(self.strength)
        self.mean.total.assign_add(weighted(size, strength))
        self.mean.count.assign_add(tf.cast(size, "float32"))
        if "real_sign" in logs:
            sign = logs["real_sign"]
            # A micro-batch that is not finite is left out here too.
            size = tf.where(tf.math.is_finite(sign), tf.cast(size, "float32"), 0.0)
            self.seen.assign_add(tf.stack([weighted(size, sign), size]))

    def end_update(self):
        """Updates p every `interval` generator updates; called outside the replicas."""
        self.updates.assign_add(1)
        due = tf.convert_to_tensor(self.updates) >= self.augmentation.interval
        tf.cond(due, self._move, lambda: None)

    def _move(self):
        settings = self.augmentation
        signs, images = tf.unstack(tf.convert_to_tensor(self.seen))
        # Up where r = signs / images is above the target, down below, not at all without images.
        move = tf.sign(signs - settings.target * images) * images / settings.ramp
        most = settings.augmentation.strength
        self.strength.assign(tf.clip_by_value(self.strength + move, 0.0, most))
        self.seen.assign(tf.zeros(2))
        self.updates.assign(0)


def mean_sign(real_logits):
    """Returns E[sign(D(real))] of logits of any shape, in float32."""
    return tf.reduce_mean(tf.sign(tf.cast(real_logits, "float32")))
