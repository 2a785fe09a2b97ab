"""Updates along the gradients at the point to which an update would lead."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf

from geans import distribution
from geans.rules.base import PLAYERS, Game, Rule, trained_variables


def extragradient_update(game, gradients):
    """Updates both players along `gradients()` at the point to which an update leads."""
    variables = trained_variables(game)
    start = list(map(tf.identity, variables))
    game.apply(gradients())
    ahead = gradients()
    distribution.assign(variables, start)
    game.apply(ahead)


@keras.saving.register_keras_serializable(package="geans")
class Extragradient(Rule):
    """Updates both players along their gradients at the point to which an update would lead.

    With gradients g and the optimizer's update U,

        w' <- w - U(g(w))
        w  <- w - U(g(w'))

    The optimizers are called at both points, so that the moments of Adam see both gradients
    (ExtraAdam), and their learning-rate schedules count two updates.

    Args:
        fresh_batch: Whether g(w') is of the next batch. Two steps then make an update, between
            which the networks are at w', and an epoch of an odd number of steps leaves its last
            batch out. By default both gradients are of the same samples and latents, as Mishchenko
            et al. 2020 (arXiv 1905.11373) recommend, and a step costs two.

    Reference: Gidel et al. 2019 (arXiv 1802.10551), algorithms 2 and 4.
    """

    def __init__(self, fresh_batch: bool = False) -> None:
        super().__init__()
        self.fresh_batch = bool(fresh_batch)

    def build_state(self, game: Game) -> None:
        """Creates a copy of the weights, if the second batch is another."""
        if self.fresh_batch:
            self.start = self.add_copies(trained_variables(game))
            self.is_ahead = self.add_counter()

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Updates both players on one batch, or on the second of two."""
        if not self.fresh_batch:
            noise = game.draw(batch)
            extragradient_update(game, lambda: game.gradients(PLAYERS, batch, noise))
            return
        variables, gradients = trained_variables(game), game.gradients(PLAYERS, batch)
        distribution.cond(
            tf.convert_to_tensor(self.is_ahead) > 0,
            lambda _: distribution.assign(variables, self.start),
            lambda _: distribution.assign(self.start, variables),
            None,
        )
        game.apply(gradients)

    def end_step(self, game: Game) -> None:
        """Notes whether the networks are at w'."""
        if self.fresh_batch:
            self.is_ahead.assign(1 - self.is_ahead)

    def end_epoch(self, game: Game) -> None:
        """Leaves w', if the second batch has not come."""
        if self.fresh_batch:
            variables = trained_variables(game)
            go_back = functools.partial(distribution.assign, variables, self.start)
            tf.cond(tf.convert_to_tensor(self.is_ahead) > 0, go_back, lambda: None)
            self.is_ahead.assign(0)

    @property
    def updates_per_step(self) -> int:  # type: ignore[override]
        """Updates of the optimizers per step."""
        return 1 if self.fresh_batch else 2

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        return f"extragradient updates every {'two steps' if self.fresh_batch else 'step'}"
