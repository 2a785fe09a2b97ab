"""A player of the adversarial game: its networks, its optimizer, and the gradients it received."""

import keras
import tensorflow as tf

from geans import optimizers
from geans.models.distribution import cond, weighted


def local_sum(shape, dtype="float32"):
    """A saved variable, zero at first, to which each replica adds in a copy of its own.

    Reading it outside a replica sums the copies: all that replicas say to each other.
    """
    return keras.Variable(
        "zeros",
        shape=shape,
        dtype=dtype,
        trainable=False,
        synchronization="on_read",
        aggregation="sum",
    )


@keras.saving.register_keras_serializable(package="geans")
class Player(keras.layers.Layer):
    """One or more networks with one optimizer, which move at once or collect gradients first.

    The collected sums are weights of the layer, so they are saved and restored with the model:
    an interrupted epoch keeps its partial sums.

    Args:
        networks: Built `keras.Model`s; their trainable variables are what the player moves.
        collects: Whether `receive` will be used; the sums cost as much memory as the networks.
    """

    def __init__(self, networks, *, collects):
        super().__init__(dtype="float32")
        self.networks = list(networks)
        self.optimizer = None
        self.gradient_sums = []
        if collects:
            self.gradient_sums = [local_sum(v.shape) for v in self.moving_variables]
            self.weight_sum = local_sum(())
        self.built = True

    @property
    def moving_variables(self):
        """The variables that this player's optimizer moves."""
        return [v for network in self.networks for v in network.trainable_variables]

    def set_optimizer(self, optimizer):
        """Builds the optimizer at once, so that saving and loading never miss its state."""
        optimizer.build(self.moving_variables)
        self.optimizer = optimizer

    def apply(self, gradients, weight, after=None):
        """Moves the networks along the mean gradients of `weight` samples of this replica.

        Args:
            gradients: List of tensors.
            weight: Number of samples, a scalar.
            after: The player that moves before this one, if both move at once.
        """
        weight = _once_moved(after, weight)
        if tf.distribute.get_replica_context().num_replicas_in_sync == 1:
            self._apply_if(weight > 0, gradients)
        else:
            self._apply_sums([weighted(weight, gradient) for gradient in gradients], weight)

    def receive(self, gradients, weight):
        """Adds the mean gradients of `weight` samples to the sums, weighted by that number."""
        for gradient_sum, gradient in zip(self.gradient_sums, gradients, strict=True):
            gradient_sum.assign_add(weighted(weight, gradient))
        self.weight_sum.assign_add(weight)

    def apply_received(self, after=None):
        """Moves the networks along the mean of all that was received, and empties the sums.

        Args:
            after: As in `apply`.

        Returns:
            That mean; with several replicas, this one's share of it.
        """
        sums = [tf.convert_to_tensor(gradient_sum) for gradient_sum in self.gradient_sums]
        weight = _once_moved(after, tf.convert_to_tensor(self.weight_sum))
        gradients = self._apply_sums(sums, weight)
        for variable in (*self.gradient_sums, self.weight_sum):
            variable.assign(tf.zeros(variable.shape))
        return gradients

    def _apply_sums(self, sums, weight):
        # The optimizer sums over replicas, each of which gives it its share of the mean.
        context = tf.distribute.get_replica_context()
        if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            # Workers reduce what is on a device, which a variable's value is not yet.
            weight = context.all_reduce("sum", tf.identity(weight))
            gradients = [tf.math.divide_no_nan(gradient, weight) for gradient in sums]
            self._apply_if(weight > 0, gradients)
            return gradients
        # This optimizer looks for infinities on the first replica only, so all must have them.
        size = tf.add_n([tf.reduce_sum(gradient) for gradient in sums])
        weight, bad = tf.unstack(context.all_reduce("sum", tf.stack([weight, 0.0 * size])))
        gradients = [gradient / weight + bad for gradient in sums]
        self.optimizer.apply(gradients, self.moving_variables)
        return gradients

    def _apply_if(self, due, gradients):
        """Has the optimizer move, unless all that came was left out."""
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            self.optimizer.apply(gradients, self.moving_variables)
        else:
            cond(due, self._apply, lambda gradients: None, gradients)

    def _apply(self, gradients):
        self.optimizer.apply(gradients, self.moving_variables)

    def propose_received(self):
        """As `apply_received`, but the networks stay where they are.

        Returns:
            The mean gradients, and what the optimizer would have added to the variables.
        """
        before = [tf.identity(variable) for variable in self.moving_variables]
        gradients = self.apply_received()
        moves = []
        for variable, start in zip(self.moving_variables, before, strict=True):
            moves.append(variable - start)
            variable.assign(start)
        return gradients, moves

    def move(self, moves, factor):
        """Adds `factor` times `moves` to the variables."""
        for variable, move in zip(self.moving_variables, moves, strict=True):
            variable.assign_add(tf.cast(factor, move.dtype) * move)


def _once_moved(player, tensor):
    """`tensor`, once `player` has moved: workers that wait for each other need one order."""
    if player is None or not tf.distribute.has_strategy():
        return tensor
    with tf.control_dependencies([tf.convert_to_tensor(player.optimizer.iterations)]):
        return tf.identity(tensor)


def get_optimizer(identifier, network):
    """The optimizer that a name, an object or `None` stands for, fit for the network's dtype."""
    # Radford et al. 2016, section 4: the setting most GANs start from.
    optimizer = optimizers.get(identifier or keras.optimizers.Adam(2e-4, beta_1=0.5))
    half = any(layer.compute_dtype == "float16" for layer in network.layers)
    if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # The small gradients of float16 vanish otherwise (Micikevicius et al. 2018, section 3.2).
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
