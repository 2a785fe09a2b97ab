"""What to do with a NaN or an infinity in a loss or a gradient: nobody moves along it."""

import logging

import keras
import tensorflow as tf

from geans.models.player import local_sum

ON_NAN = ("stop", "skip")

# Tensors that a player may have, a step of which is told apart from the next one's.
_TENSORS = 2**16


@keras.saving.register_keras_serializable(package="geans")
class FiniteGuard(keras.layers.Layer):
    """Leaves micro-batches out whose loss or gradients hold a NaN or an infinity, and keeps count.

    Every replica keeps a count of its own, so that nobody waits for the others.

    Args:
        players: Dict from the players' names to `Player`s.
    """

    def __init__(self, players):
        super().__init__(name="finite_guard", dtype="float32")
        self.players = players
        self.left_out = local_sum((), dtype="int64")
        self.first = local_sum((), dtype="int64")
        self.built = True

    def weight(self, player, size, loss, gradients, step):
        """The weight of a micro-batch in an update: its size, or 0 if it holds a NaN.

        Args:
            player: Name of the player whose gradients they are.
            size: Number of samples, an integer scalar.
            loss: The loss they come from, a scalar.
            gradients: List of tensors.
            step: Number of the step, from 0.
        """
        size = tf.cast(size, "float32")
        tensors = [tf.cast(tensor, "float32") for tensor in (loss, *gradients)]
        # One number tells: a sum is finite if all in it is (or so large as to be as bad).
        finite = tf.math.is_finite(tf.add_n([tf.reduce_sum(tensor) for tensor in tensors]))
        weight = tf.where(finite, size, 0.0)
        optimizer = self.players[player].optimizer
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            # It tries a smaller scale by itself. Something is wrong when that did not help.
            finite |= tf.convert_to_tensor(optimizer.dynamic_scale) > 1
            weight = size
        fine = finite | (size == 0)  # The mean over the samples of a replica without any is NaN.
        tf.cond(fine, lambda: None, lambda: self._record(player, tensors, step))
        return weight

    def _record(self, player, tensors, step):
        bad = tf.stack([tf.reduce_any(~tf.math.is_finite(tensor)) for tensor in tensors])
        # One number for step, player and tensor, so that they stay together.
        turn = (step + 1) * len(self.players) + list(self.players).index(player)
        found = turn * _TENSORS + tf.argmax(tf.cast(bad, "int32"))
        before = tf.convert_to_tensor(self.first)
        self.first.assign(tf.where(before == 0, found, before))
        self.left_out.assign_add(1)

    def report(self):
        """What was left out since the last report, in words, or `None`; outside the replicas."""
        left_out = int(self.left_out.numpy())
        if not left_out:
            return None
        strategy = tf.distribute.get_strategy()
        found = [int(value) for value in strategy.experimental_local_results(self.first.value)]
        where = "on another worker"
        if any(found):
            turn, position = divmod(min(code for code in found if code), _TENSORS)
            step, number = divmod(turn, len(self.players))
            name, player = list(self.players.items())[number]
            tensor = "loss"
            if position:
                tensor = f"gradient of {player.moving_variables[position - 1].path}"
            where = f"first in step {step}, in the {name}'s {tensor}"
        self.left_out.assign(0)
        self.first.assign(0)
        return f"NaN or infinity in {left_out} micro-batches, {where}"


class FiniteWatch(keras.callbacks.Callback):
    """Stops a training that met a NaN, or says what was left out; `fit` adds it by itself.

    Args:
        guard: The model's `FiniteGuard`.
        on_nan: One of `ON_NAN`.

    Raises:
        FloatingPointError: After the step, with `on_nan="stop"`. Workers that train together stop
            together, at the end of the epoch.
    """

    def __init__(self, guard, on_nan):
        super().__init__()
        self.guard = guard
        self.on_nan = on_nan

    def on_train_batch_end(self, batch, logs=None):
        """Stops a training in one process."""
        if self.on_nan == "stop" and not self.model.is_multi_worker:
            self._stop_if_needed()

    def on_epoch_end(self, epoch, logs=None):
        """Stops the others, and reports."""
        if self.on_nan == "stop":
            self._stop_if_needed()
            return
        report = self._report()
        if report:
            logging.getLogger(__name__).warning("Epoch %d: %s. Left out.", epoch + 1, report)

    def _report(self):
        with self.model.distribute_strategy.scope():
            return self.guard.report()

    def _stop_if_needed(self):
        report = self._report()
        if report:
            raise FloatingPointError(
                f"{report}. The weights are those before it. A smaller learning rate or a penalty "
                "may help; on_nan='skip' leaves such micro-batches out and goes on."
            )
