"""Stochastic variance-reduced extragradient."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf

from geans import distribution
from geans.rules.base import PLAYERS, Game, trained_variables
from geans.rules.extragradient import extragradient_update
from geans.rules.window import Window


@keras.saving.register_keras_serializable(package="geans")
class SVRE(Window):
    """Extragradient updates along gradients of reduced variance.

    Windows take turns. The first measures: with the networks frozen at w_0, it accumulates the mean
    m of the gradients over its samples. In the second, every step makes an extragradient update
    along the differences from w_0 on one batch (here g of the same samples and latents), plus m:

        d(w) = g(w) - g(w_0) + m
        w'  <- w - U(d(w))
        w   <- w - U(d(w'))

    where U is the optimizer's update, called at both points, and w' takes new latents. A step of
    the second window costs four; the rule keeps two copies of the weights of both players and the
    sums of `Window`. In the paper a second window has a random length, with the mean of ours.

    Args:
        every: Number of steps of a window, or `"epoch"`.

    Raises:
        ValueError: If `every` is invalid, or when an optimizer scales its loss (float16).

    Reference: Chavdarova et al. 2019 (arXiv 1904.08598), algorithm 1.
    """

    def __init__(self, every: int | str = "epoch") -> None:
        super().__init__(every)
        self.waits_for_epoch_end = False

    def build_state(self, game: Game) -> None:
        """Creates the sums of a window, w_0 and m."""
        super().build_state(game)
        variables = trained_variables(game)
        self.anchors, self.means = self.add_copies(variables), self.add_copies(variables)

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Accumulates gradients, or updates both players."""
        if any(player.scales_loss for player in game.players.values()):
            raise ValueError(
                "SVRE adds up gradients of different windows, so no optimizer may scale the loss: "
                "use float32 or bfloat16 instead of float16."
            )
        measure = functools.partial(super().step, game)
        distribution.cond(self._measures(), measure, functools.partial(self._move, game), batch)

    def _measures(self):
        return tf.convert_to_tensor(self.windows) % 2 == 0

    def _move(self, game, batch):
        extragradient_update(game, lambda: self._reduced(game, batch))

    def _reduced(self, game, batch):
        """Returns the gradients d at the current weights."""
        variables, noise = trained_variables(game), game.draw(batch)
        here = game.gradients(PLAYERS, batch, noise)
        weights = list(map(tf.identity, variables))
        distribution.assign(variables, self.anchors)
        there = game.gradients(PLAYERS, batch, noise)
        distribution.assign(variables, weights)
        means, reduced = iter(self.means), {}
        for name in PLAYERS:
            pairs = zip(here[name].values, there[name].values, strict=True)
            values = [a - b + next(means) for a, b in pairs]
            weight = tf.minimum(here[name].weight, there[name].weight)
            reduced[name] = distribution.Gradients(values, weight)
        return reduced

    def _end_window(self, game):
        remember = functools.partial(game.distribute_strategy.run, self._remember, args=(game,))
        tf.cond(self._measures(), remember, lambda: None)
        self.window_steps.assign(0)
        self.windows.assign_add(1)

    def _remember(self, game):
        """Keeps the weights and their mean gradients over all replicas."""
        context = tf.distribute.get_replica_context()
        # Workers reduce what is on a device, which a variable's value is not yet.
        sums = {name: list(map(tf.identity, self.sums[name])) for name in PLAYERS}
        weights = {name: tf.identity(self.weight_sums[name]) for name in PLAYERS}
        sums, weights = context.all_reduce("sum", (sums, weights))
        means = [
            tf.math.divide_no_nan(total, weights[name]) for name in PLAYERS for total in sums[name]
        ]
        distribution.assign(self.means, means)
        distribution.assign(self.anchors, trained_variables(game))
        self._clear(PLAYERS)

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        every = "epoch" if self.every == "epoch" else f"window of {self.every} steps"
        return f"variance-reduced extragradient updates in every other {every}"
