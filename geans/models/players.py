"""A player of the adversarial game: networks, an optimizer, and the EMA of the weights."""

import keras
import tensorflow as tf

from geans import distribution, optimizers
from geans.models import own_networks

# The EMA looks back over at most this share of the samples seen so far, so that it forgets the
# untrained start (the EMA ramp-up of StyleGAN2, Karras et al. 2020, official code).
RAMP_UP = 0.05


@keras.saving.register_keras_serializable(package="geans")
class Player(keras.layers.Layer):
    """Built networks with one optimizer, which skips gradients with NaN.

    Each replica counts the micro-batches that it left out.
    """

    def __init__(self, networks):
        super().__init__(dtype="float32")
        self.networks = list(networks)
        self.optimizer = None
        self.set_trained_variables(self.trainable_now())
        self.left_out = distribution.local_sum((), dtype="int64")
        # Of the first gradients left out: number of the step and, in it, of the tensor, from 1.
        self.first = distribution.local_sum((2,), dtype="int64")
        self.latest = distribution.local_sum((), dtype="int64")
        self.built = True

    def trainable_now(self):
        """Returns the variables of the networks' layers that are not frozen."""
        return [v for network in self.networks for v in network.trainable_variables]

    def set_trained_variables(self, variables):
        """Chooses what to train; as in Keras, freezing a layer counts when `compile` is called."""
        object.__setattr__(self, "trained_variables", variables)  # Keras would track the list.

    def set_optimizer(self, optimizer):
        """Builds the optimizer at once, so that its state is always saved and loaded."""
        optimizer.build(self.trained_variables)
        self.optimizer = optimizer

    def regularization(self):
        """Returns the sum of the regularizers of the trained variables."""
        return tf.add_n([0.0, *(v.regularizer(v) for v in self.trained_variables if v.regularizer)])

    @property
    def scales_loss(self):
        """Whether the optimizer is a `LossScaleOptimizer`, which skips infinities itself."""
        return isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

    def apply(self, gradients, after=None):
        """Updates the networks along the replicas' mean `Gradients`, after the player `after`."""
        wanted, given = len(self.trained_variables), len(gradients.values)
        if given != wanted:
            raise ValueError(f"{wanted} variables need as many gradients. Received: {given}.")
        weight = _once_updated(after, gradients.weight)
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync == 1:
            self._apply_if(weight > 0, gradients.values)
            return
        # The optimizer sums over replicas, each of which gives it its share of the mean.
        sums = gradients._replace(weight=weight).weighted()
        if not self.scales_loss:
            # Workers reduce what is on a device, which a variable's value is not yet.
            weight = context.all_reduce("sum", tf.identity(weight))
            self._apply_if(weight > 0, [tf.math.divide_no_nan(part, weight) for part in sums])
            return
        # This optimizer looks for infinities on the first replica only, so all must have them.
        size = tf.add_n([tf.reduce_sum(part) for part in sums])
        weight, bad = tf.unstack(context.all_reduce("sum", tf.stack([weight, 0.0 * size])))
        self._apply([part / weight + bad for part in sums])

    def _apply_if(self, due, values):
        """Updates the networks, unless all gradients were left out."""
        if self.scales_loss:
            self._apply(values)
        else:
            distribution.cond(due, self._apply, lambda values: None, values)

    def _apply(self, values):
        self.optimizer.apply(values, self.trained_variables)

    def checked(self, values, size, loss, step):
        """Returns `Gradients` of weight `size`, or 0 if `values` or `loss` are not finite."""
        size = tf.cast(size, "float32")
        tensors = [tf.cast(tensor, "float32") for tensor in (loss, *values)]
        # A sum is finite if all its terms are (or it overflows, which is as bad).
        finite = tf.math.is_finite(tf.add_n([tf.reduce_sum(tensor) for tensor in tensors]))
        weight = tf.where(finite, size, 0.0)
        if self.scales_loss:
            # It tries a smaller scale by itself. Something is wrong when that did not help.
            finite |= tf.convert_to_tensor(self.optimizer.dynamic_scale) > 1
            weight = size
        fine = finite | (size == 0)  # The mean over the samples of a replica without any is NaN.
        tf.cond(fine, lambda: None, lambda: self._record(tensors, step + 1))
        return distribution.Gradients(values, weight)

    def _record(self, tensors, step):
        bad = tf.stack([tf.reduce_any(~tf.math.is_finite(tensor)) for tensor in tensors])
        found = tf.stack([step, tf.argmax(tf.cast(bad, "int32"))])
        before = tf.convert_to_tensor(self.first)
        self.first.assign(tf.where(before[0] == 0, found, before))
        # Once per step, however many gradients a rule takes in it.
        self.left_out.assign_add(tf.cast(tf.convert_to_tensor(self.latest) != step, "int64"))
        self.latest.assign(step)

    def report(self):
        """Returns what was left out since the last report; called outside the replicas.

        That is the number of micro-batches, the step of the first (from 1) and what was not finite
        in it; the latter two are `None` if it was on another worker.
        """
        left_out = int(self.left_out.numpy())
        if not left_out:
            return 0, None, None
        strategy = tf.distribute.get_strategy()
        found = [part.numpy() for part in strategy.experimental_local_results(self.first.value)]
        step, position = min((tuple(part) for part in found if part[0]), default=(None, None))
        for variable in (self.left_out, self.first, self.latest):
            variable.assign(tf.zeros(variable.shape, variable.dtype))
        if step is None:
            return left_out, None, None
        path = position and self.trained_variables[position - 1].path
        return left_out, int(step), f"gradient of {path}" if position else "loss"


def _once_updated(player, tensor):
    """Returns `tensor` after `player` is updated: workers must wait in the same order."""
    if player is None or not tf.distribute.has_strategy():
        return tensor
    with tf.control_dependencies([tf.convert_to_tensor(player.optimizer.iterations)]):
        return tf.identity(tensor)


def get_optimizer(identifier, network):
    """Returns the optimizer of a name, an object or `None`, fit for the network's dtype."""
    # Radford et al. 2016, section 4: the setting most GANs start from.
    optimizer = optimizers.get(identifier or keras.optimizers.Adam(2e-4, beta_1=0.5))
    half = any(layer.compute_dtype == "float16" for layer in network.layers)
    if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # The small gradients of float16 vanish otherwise (Micikevicius et al. 2018, section 3.2).
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


@keras.saving.register_keras_serializable(package="geans")
class EMANetwork(keras.layers.Layer):
    """A copy of a network whose weights are an exponential moving average of the network's.

    It computes in float32 if its weights are of float32, also where the network computes in half
    precision to train faster: half precision leaves faint noise in flat colours.

    Args:
        network: Built `keras.Model` to follow.
        half_life: Samples (not updates) after which a weight's share in the average has halved.
    """

    def __init__(self, network, half_life):
        super().__init__(name="ema_network", dtype="float32")
        self.half_life = half_life
        self.network = own_networks.copy_of(network, "pass ema_half_life=None")
        self.network.trainable = False
        own_networks.compute_in_float32(self.network)
        self.samples_averaged = distribution.add_counter(self)
        self.built = True

    def start(self, network):
        """Copies the weights of `network`, unless the EMA has begun to follow them."""
        if not int(self.samples_averaged.numpy()):
            self.network.set_weights(network.get_weights())

    def follow(self, network, samples_seen):
        """Moves the average towards `network`, which has seen `samples_seen` samples so far."""
        seen = tf.cast(samples_seen, "float32")
        since = seen - tf.cast(self.samples_averaged, "float32")
        keep = 0.5 ** (since / tf.minimum(float(self.half_life), RAMP_UP * seen))
        for average, weight in zip(self.network.weights, network.weights, strict=True):
            # Moving statistics of a batch norm are averages already: they are copied.
            average.assign(weight + keep * (average - weight) if weight.trainable else weight)
        self.samples_averaged.assign(samples_seen)
