"""The base class of update rules, and when the players move at every step."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self, TypeAlias

import keras
import tensorflow as tf

from geans import distribution, values
from geans.types import Config, Shape

PLAYERS = ("discriminator", "generator")
ORDERS = ("simultaneous", "alternating")

Every: TypeAlias = int | str | Sequence[int] | keras.optimizers.schedules.LearningRateSchedule
"""Steps of a window: a number, `"epoch"`, numbers of nested windows, or a schedule."""


class Game(Protocol):
    """What a rule uses of the model, see `Rule`."""

    players: dict[str, Any]
    steps: keras.Variable
    distribute_strategy: tf.distribute.Strategy

    def gradients(
        self,
        players: Sequence[str],
        batch: distribution.Batch,
        noise: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> dict[str, distribution.Gradients]:
        """Returns a dict from player to `Gradients`, computed in one forward pass."""

    def draw(self, batch: distribution.Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws latents and a seed, to use as `noise`."""

    def fakes_reused(self) -> AbstractContextManager[None]:
        """Within it, the same inputs of the generator give the same samples."""

    def apply(self, gradients: dict[str, distribution.Gradients]) -> None:
        """Updates each player of a dict."""


class EpochUpdate(keras.callbacks.Callback):
    """Callback that ends the rule's epoch; `fit` puts it first, before observers of the weights."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Ends the epoch."""
        self.model.update()


@keras.saving.register_keras_serializable(package="geans")
class Rule(keras.layers.Layer):
    """Base class of update rules.

    Subclasses must override `step(game, batch)`. They may override

    - `build_state(game)`: creates variables, which are saved with the model, by `self.add_sum`,
      `self.add_counter`, `self.add_copies` or `self.add_weight(..., trainable=False)`;
    - `end_step(game)` and `end_epoch(game)`, called outside the replicas;
    - `description`, a few words for `summary`.

    Keep constructor arguments as attributes of the same names, for `get_config`. The model logs,
    checks for NaN, counts and updates the EMA. `game` is the model, of which a rule uses

    - `game.gradients(players, batch, noise=None)`: dict from player to `Gradients`, computed in
      one forward pass;
    - `game.draw(batch)`: latents and seed to use as `noise` more than once;
    - `game.fakes_reused()`: a context in which the same inputs of the generator give the same
      samples, computed once;
    - `game.apply(gradients)`: updates each player of such a dict;
    - `game.players[name].trained_variables`: a player's variables;
    - `game.steps`: number of finished steps.

    Example:
        >>> @keras.saving.register_keras_serializable(package="doctest")
        ... class Simultaneous(Rule):
        ...     def step(self, game, batch):
        ...         game.apply(game.gradients(PLAYERS, batch))
    """

    waits_for_epoch_end = False
    """Whether nothing is updated before the epoch's end."""

    updates_per_step = 1
    """Updates of an optimizer per step, in the mean, of rules that do not accumulate gradients."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"name": "update_rule", "dtype": "float32", **kwargs})

    def build_state(self, game: Game) -> None:
        """Creates the rule's variables; called by the model's constructor."""

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Trains `game`, the model, on one `distribution.Batch` of this replica."""
        raise NotImplementedError(f"{type(self).__name__} must override step(game, batch).")

    def end_step(self, game: Game) -> None:
        """Runs after each step, outside the replicas."""

    def end_epoch(self, game: Game) -> None:
        """Runs after each epoch, outside the replicas."""

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        return f"updates by {type(self).__name__}"

    def add_counter(self) -> keras.Variable:
        """Adds an integer variable, initially 0, that is changed outside the replicas."""
        return distribution.add_counter(self)

    def add_sum(self, shape: Shape = ()) -> keras.Variable:
        """Adds a float variable, initially 0, that sums the replicas' parts."""
        return distribution.local_sum(shape)

    def add_copies(self, variables: Sequence[keras.Variable]) -> list[keras.Variable]:
        """Adds a float variable, initially 0, of the shape of each of `variables`."""
        return [self.add_weight(variable.shape, trainable=False) for variable in variables]

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        _, *names = inspect.signature(type(self).__init__).parameters
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(getattr(self, name)) for name in names if name != "kwargs"}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Creates a rule from its config."""
        return cls(**keras.saving.deserialize_keras_object(config))


@keras.saving.register_keras_serializable(package="geans")
class EveryStep(Rule):
    """Updates the players at every step.

    Args:
        order: `"alternating"`: first the discriminator, then the generator against the updated
            discriminator. `"simultaneous"`: both at once, from one shared forward pass.
        discriminator_steps: Discriminator updates per generator update (n_critic of WGAN); above 1
            only if alternating.
        reuse_fakes: Whether the generator's turn takes the samples of the discriminator's instead
            of new ones; the generator then runs once a step. Only if alternating.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1.
    """

    def __init__(
        self, order: str = "alternating", discriminator_steps: int = 1, reuse_fakes: bool = False
    ) -> None:
        super().__init__()
        check_order(order, discriminator_steps)
        if reuse_fakes and order != "alternating":
            raise ValueError(
                "In simultaneous order both players have the same samples anyway. Pass "
                "reuse_fakes=True with order='alternating'."
            )
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.reuse_fakes = bool(reuse_fakes)

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Updates both players on one batch."""
        if self.order == "simultaneous":
            game.apply(game.gradients(PLAYERS, batch))
            return
        turns = ("discriminator",) * self.discriminator_steps + ("generator",)
        if not self.reuse_fakes:
            for player in turns:
                game.apply(game.gradients((player,), batch))
            return
        noise = game.draw(batch)
        with game.fakes_reused():
            for player in turns:
                game.apply(game.gradients((player,), batch, noise))

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        return f"{self.order} updates every step"


def trained_variables(game):
    """Returns the variables that both players train, in the order of `PLAYERS`."""
    return [v for name in PLAYERS for v in game.players[name].trained_variables]


def check_order(order, steps):
    """Raises a `ValueError` unless order and number of discriminator steps fit each other."""
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}. Received: order={order!r}.")
    if not values.is_count(steps):
        raise ValueError(f"discriminator_steps must be 1 or more. Received: {steps!r}.")
    if order == "simultaneous" and steps > 1:
        raise ValueError(
            "In simultaneous order both players move together. For "
            f"discriminator_steps={steps} pass order='alternating'."
        )
