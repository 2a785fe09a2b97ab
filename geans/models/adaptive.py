"""The strength of an adaptive augmentation: how it is measured, moved and kept."""

import keras
import tensorflow as tf

from geans import augment, distribution, losses
from geans.distribution import local_sum, weighted


@keras.saving.register_keras_serializable(package="geans")
class StrengthController(keras.layers.Layer):
    """Holds the strength p of an `augment.Adaptive`, and moves it by what the replicas measured.

    Its weights are saved and restored with the model: p, and what was measured since it moved. Its
    `mean` is what `fit` logs: the mean p of an epoch.

    Args:
        augmentation: A `geans.augment.Adaptive`.
        loss: The `geans.losses.AdversarialLoss` that the discriminator minimises.

    Raises:
        ValueError: If the sign of a logit has no meaning for the loss.
    """

    def __init__(self, augmentation, loss):
        super().__init__(name="strength_controller", dtype="float32")
        # Of both only differences of logits count: all may have any sign.
        if isinstance(loss, losses.Wasserstein) or loss.generator_uses_real:
            raise ValueError(
                "An adaptive augmentation reads from the signs of logits how sure the "
                f"discriminator is, but those of {type(loss).__name__} have no meaning. Pass "
                "another loss, or augmentation='diff_augment'."
            )
        self.augmentation = augmentation
        self.strength = self.add_weight(
            shape=(), initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self.updates = distribution.add_counter(self)
        # Of real images: the sum of their logits' signs, and their number.
        self.seen = local_sum((2,))
        self.mean = keras.metrics.Mean(name="augmentation_strength")
        self.built = True

    def augment(self, images, seed):
        """`images`, transformed with the probability that p is now."""
        return self.augmentation(images, seed, tf.convert_to_tensor(self.strength))

    def receive(self, logs, size):
        """Takes in what `Game.adversarial_losses` logged of the `size` samples of this replica."""
        strength = tf.convert_to_tensor(self.strength)
        self.mean.total.assign_add(weighted(size, strength))
        self.mean.count.assign_add(tf.cast(size, "float32"))
        if "real_sign" in logs:
            sign = logs["real_sign"]
            # A micro-batch that is not finite is left out here, too.
            size = tf.where(tf.math.is_finite(sign), tf.cast(size, "float32"), 0.0)
            self.seen.assign_add(tf.stack([weighted(size, sign), size]))

    def end_update(self):
        """Moves p if its turn has come; outside the replicas, when the generator has moved."""
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


def controller_of(augmentation, loss):
    """The `StrengthController` of an augmentation; `None` unless it is an `augment.Adaptive`."""
    if isinstance(augmentation, augment.Adaptive):
        return StrengthController(augmentation, loss)
    return None


def mean_sign(real_logits):
    """E[sign(D(real))] of some logits of any shape, in float32.

    Example:

    >>> float(mean_sign(tf.constant([[0.5], [2.0], [-0.1], [1e-3]])))
    0.5
    """
    return tf.reduce_mean(tf.sign(tf.cast(real_logits, "float32")))
