"""Gradients accumulated over a window of steps."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf

from geans import distribution, values
from geans.rules.base import PLAYERS, Game, Rule, check_order


@keras.saving.register_keras_serializable(package="geans")
class Window(Rule):
    """Accumulates gradients at frozen weights and updates at the window's end: the rule of GEAN.

    With K micro-batches of n_i samples each, the gradient of a player is

        sum_i n_i grad L(x_i, z_i) / sum_i n_i

    A window that is incomplete at the epoch's end is applied there.

    Args:
        every: Number of steps, `"epoch"`, or a schedule from a window's first step to its number of
            steps: `keras.optimizers.schedules.PiecewiseConstantDecay([4000, 6000], [1, 2, 4])`.
        order: `"simultaneous"`, or `"alternating"`: `discriminator_steps` windows for the
            discriminator, then one for the generator.
        discriminator_steps: Discriminator windows per generator window.

    Raises:
        ValueError: If an argument is invalid.
    """

    def __init__(
        self,
        every: int | str | keras.optimizers.schedules.LearningRateSchedule = "epoch",
        order: str = "simultaneous",
        discriminator_steps: int = 1,
    ) -> None:
        super().__init__()
        _check_every(every)
        check_order(order, discriminator_steps)
        self.every = every
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.waits_for_epoch_end = every == "epoch"

    def build_state(self, game: Game) -> None:
        """Creates the sums of gradients and weights, and the counters."""
        self.sums, self.weight_sums = {}, {}
        for name, player in game.players.items():
            self.sums[name] = [self.add_sum(v.shape) for v in player.trained_variables]
            self.weight_sums[name] = self.add_sum()
        self.window_steps = self.add_counter()
        self.windows = self.add_counter()

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Accumulates the gradients of the players in turn."""

        def accumulate(players, inputs):
            for name, gradients in game.gradients(players, *inputs).items():
                for total, part in zip(self.sums[name], gradients.weighted(), strict=True):
                    total.assign_add(part)
                self.weight_sums[name].assign_add(gradients.weight)

        self._in_turn(accumulate, (batch, game.draw(batch)))

    def end_step(self, game: Game) -> None:
        """Ends the window if it is complete."""
        self.window_steps.assign_add(1)
        if self.every != "epoch":
            received = tf.convert_to_tensor(self.window_steps)
            first = tf.convert_to_tensor(game.steps) - received
            size = tf.cast(self.every(first), "int64") if callable(self.every) else self.every
            tf.cond(received >= size, lambda: self._end_window(game), lambda: None)

    def end_epoch(self, game: Game) -> None:
        """Ends an incomplete window."""
        started = tf.convert_to_tensor(self.window_steps) > 0
        tf.cond(started, lambda: self._end_window(game), lambda: None)

    def _end_window(self, game):
        strategy = game.distribute_strategy
        self._in_turn(lambda players, _: strategy.run(self._apply, args=(game, players)))
        self.window_steps.assign(0)
        self.windows.assign_add(1)

    def _apply(self, game, players):
        gradients = {}
        for name in players:
            weight = tf.convert_to_tensor(self.weight_sums[name])
            sums = [tf.convert_to_tensor(total) for total in self.sums[name]]
            means = [tf.math.divide_no_nan(total, weight) for total in sums]
            gradients[name] = distribution.Gradients(means, weight)
        game.apply(gradients)
        self._clear(players)

    def _clear(self, players):
        for name in players:
            for total in (*self.sums[name], self.weight_sums[name]):
                total.assign(tf.zeros(total.shape))

    def _in_turn(self, act, data=None):
        if self.order == "simultaneous":
            act(PLAYERS, data)
            return
        turn = tf.convert_to_tensor(self.windows) % (self.discriminator_steps + 1)
        branches = [functools.partial(act, (name,)) for name in PLAYERS]
        distribution.cond(turn < self.discriminator_steps, *branches, data)

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        if callable(self.every):
            return f"{self.order} updates in windows of {type(self.every).__name__}"
        words = "once per epoch" if self.every == "epoch" else f"every {self.every} steps"
        return f"{self.order} updates {words}"


def _check_every(every):
    scheduled = isinstance(every, keras.optimizers.schedules.LearningRateSchedule)
    if every != "epoch" and not scheduled and not values.is_count(every):
        raise ValueError(
            "update_every must be a number of steps, 1 or more, 'epoch', or a schedule of "
            f"keras.optimizers.schedules. Received: update_every={every!r}."
        )
