"""When the players move, and in which order: what makes a GAN a GAN and a GEAN a GEAN."""

import functools

import keras
import tensorflow as tf

from geans.models import distribution
from geans.models.step_lengths import curvature, inner_product

PLAYERS = ("discriminator", "generator")
ORDERS = ("simultaneous", "alternating")


class EpochUpdate(keras.callbacks.Callback):
    """Applies at the epoch's end what the players have received: the update of GEAN.

    Part of the algorithm, not an observer: `fit` puts it first by itself, so that pictures,
    metrics and checkpoints see the moved weights.
    """

    def on_epoch_end(self, epoch, logs=None):
        """Moves the players."""
        self.model.update()


@keras.saving.register_keras_serializable(package="geans")
class UpdateRule(keras.layers.Layer):
    """Moves the players at every step, or along what a window of steps has summed.

    Args:
        players: Dict from the names in `PLAYERS` to `Player`s.
        update_every: 1, a number of steps, `"epoch"`, or a schedule that gives the number of steps
            from the number of the step with which a window begins.
        order: `"simultaneous"` or `"alternating"`.
        discriminator_steps: Discriminator updates per generator update, in alternating order.
        after_generator_update: Called outside the replicas whenever the generator has moved.
    """

    def __init__(self, players, update_every, order, discriminator_steps, after_generator_update):
        super().__init__(name="update_rule", dtype="float32")
        self.players = players
        self.update_every = update_every
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.after_generator_update = after_generator_update
        self.step_length = None
        self.window_steps = self._add_counter()
        self.windows = self._add_counter()
        self.built = True

    @property
    def rhythm(self):
        """When the players move, in words."""
        if callable(self.update_every):
            return f"in windows of {type(self.update_every).__name__}"
        words = {1: "every step", "epoch": "once per epoch"}
        return words.get(self.update_every, f"every {self.update_every} steps")

    def _add_counter(self):
        return self.add_weight(
            initializer="zeros", dtype="int64", trainable=False, aggregation="only_first_replica"
        )

    def set_step_length(self, step_length, held_losses):
        """Has updates scaled by a `CurvatureStep`, or, with `None`, left as optimizers make them.

        Args:
            step_length: A `CurvatureStep` or `None`.
            held_losses: Function from players' names to a dict of their losses on the micro-batch
                that came last.
        """
        self.step_length = step_length
        self.held_losses = held_losses

    def take_step(self, gradients_of, data):
        """Has the players whose turn it is move, or receive, along a micro-batch's gradients.

        Args:
            gradients_of: Function of `data`, a tuple of players and the turn's number within the
                step, which returns dicts from player to gradients and to their weight, the number
                of samples that they are the mean of.
            data: Tensors of this replica, in any structure, that `gradients_of` needs.
        """
        if self.update_every == 1:
            for turn, players in enumerate(self._turns_within_step()):
                gradients, weights = gradients_of(data, players, turn)
                for name, after in self._in_order(players):
                    self.players[name].apply(gradients[name], weights[name], after)
        else:

            def receive(players, data):
                self._receive(players, *gradients_of(data, players, 0))

            self._in_turn(receive, data)

    def end_step(self, strategy, steps):
        """Closes step `steps` (from 1), outside the replicas: there a conditional may update."""
        if self.update_every == 1:
            self.after_generator_update()
            return
        self.window_steps.assign_add(1)
        if self.update_every != "epoch":
            in_window = tf.convert_to_tensor(self.window_steps)
            due = in_window >= self._window_size(steps - in_window)
            tf.cond(due, lambda: self.end_window(strategy), lambda: None)

    def _window_size(self, first_step):
        if callable(self.update_every):
            return tf.cast(self.update_every(first_step), "int64")
        return self.update_every

    def end_window(self, strategy):
        """Moves the players whose turn it is along what they have received."""
        self._in_turn(lambda players, _: self._apply_received(strategy, players))
        self.window_steps.assign(0)
        self.windows.assign_add(1)

    def _turns_within_step(self):
        if self.order == "simultaneous":
            return [PLAYERS]
        return [("discriminator",)] * self.discriminator_steps + [("generator",)]

    def _in_turn(self, act, data=None):
        if self.order == "simultaneous":
            act(PLAYERS, data)
            return
        turn = tf.convert_to_tensor(self.windows) % (self.discriminator_steps + 1)
        branches = [functools.partial(act, (name,)) for name in PLAYERS]
        distribution.cond(turn < self.discriminator_steps, *branches, data)

    def _in_order(self, players):
        """Pairs of a name and of the player that comes before."""
        return zip(players, [None, *(self.players[name] for name in players)], strict=False)

    def _receive(self, players, gradients, weights):
        for name in players:
            self.players[name].receive(gradients[name], weights[name])

    def _apply_received(self, strategy, players):
        if self.step_length is None:
            for name, after in self._in_order(players):
                strategy.run(self.players[name].apply_received, args=(after,))
        else:
            strategy.run(lambda: self._apply_scaled(players))
        if "generator" in players:
            self.after_generator_update()

    def _apply_scaled(self, players):
        # All is known before anyone moves: in simultaneous order both step from the same weights.
        proposed = {name: self.players[name].propose_received() for name in players}
        factors = {name: self._factor(name, *proposed[name]) for name in players}
        for name, (_, moves) in proposed.items():
            self.players[name].move(moves, factors[name])

    def _factor(self, name, gradients, moves):
        def loss():
            return self.held_losses((name,))[name]

        bend = curvature(loss, self.players[name].moving_variables, moves)
        return self.step_length.factor(inner_product(gradients, moves), bend)
