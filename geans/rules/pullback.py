"""A part of what a window has moved the players is taken back at its end."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf

from geans import distribution, optimizers, values
from geans.rules.base import PLAYERS, EveryStep, Game
from geans.types import Config

NEVER = 2**62
"""Steps of a window that does not end by itself."""


@keras.saving.register_keras_serializable(package="geans")
class Pullback(EveryStep):
    """Moves the players at every step, and takes a part of it back at the end of each window.

    Of what a window of K steps has moved a player's weights from their values at its start, the
    anchor, a share is kept:

        w <- anchor + share (w - anchor)

    The moments of the optimizers are not touched. By default only the discriminator is pulled back,
    and the generator trains against one that is ahead of its anchor; give the generator 2 to 4
    times the discriminator's learning rate. With the same share for both players this is
    Lookahead-minmax.

    Every window size keeps one copy of the weights of each player that is pulled back, and the
    state of its outer optimizer. Without one, replicas and workers exchange nothing, as their
    weights are equal; else as much as for an update.

    Args:
        window: Number of steps, `"epoch"`, or several numbers for nested windows, such as
            `(5, 50)`, each a multiple of the one before.
        share: Share of a window's movement that is kept, above 0 and at most 1: a number for both
            players, or a dict by player, in which a player that is missing has 1. `None` is .5 for
            the discriminator.
        order, discriminator_steps, reuse_fakes: As in `EveryStep`.
        outer: Optimizer, or its name, that makes the step from the anchor at the window's end: with
            anchor - w as the gradient, and the share, which may then be 1, as the learning rate.
            Each player of `share` has one of its own. `None` is the formula above.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Chavdarova et al. 2021 (arXiv 2006.14567), algorithms 1 and 3, where both players
    have one share.

    Example:
        >>> Pullback(5).description
        'alternating updates every step, pulled back to 50% of the discriminator every 5 steps'
    """

    def __init__(
        self,
        window: int | str | Sequence[int] = 5,
        share: float | dict[str, float] | None = None,
        order: str = "alternating",
        discriminator_steps: int = 1,
        reuse_fakes: bool = False,
        outer: str | Config | keras.Optimizer | None = None,
    ) -> None:
        super().__init__(order, discriminator_steps, reuse_fakes)
        _check_windows(window)
        _check_share(share)
        self.window = window
        self.share = share
        self.outer = outer and keras.optimizers.serialize(optimizers.get(outer))

    @property
    def shares(self) -> dict[str, float]:
        """Dict of the shares by player, without those of 1 that leave a player where it is."""
        shares = _shares_of(self.share)
        return {name: share for name, share in shares.items() if share < 1 or self.outer}

    def build_state(self, game: Game) -> None:
        """Creates the anchors and outer optimizers, and counts the steps since they were set."""
        self.window_steps = self.add_counter()
        self.anchors, self.outer_optimizers = {}, {}
        for window, (name, share) in itertools.product(
            _windows_of(self.window), self.shares.items()
        ):
            key, variables = f"{name} {window}", game.players[name].trained_variables
            self.anchors[key] = self.add_copies(variables)
            if self.outer:
                self.outer_optimizers[key] = self._outer_optimizer(share, variables)

    def _outer_optimizer(self, share, variables):
        found = optimizers.get(self.outer)
        optimizer = type(found).from_config(found.get_config() | {"learning_rate": share})
        optimizer.build(variables)
        return optimizer

    def step(self, game: Game, batch: distribution.Batch) -> None:
        """Updates both players on one batch; before the first of a window, sets the anchors."""
        for window in _windows_of(self.window):
            begins = tf.convert_to_tensor(self.window_steps) % window == 0
            set_anchors = functools.partial(self._set_anchors, game, window)
            distribution.cond(begins, set_anchors, lambda _: None, None)
        super().step(game, batch)

    def end_step(self, game: Game) -> None:
        """Pulls the players back if a window is complete."""
        self.window_steps.assign_add(1)
        for window in _windows_of(self.window):
            ends = tf.convert_to_tensor(self.window_steps) % window == 0
            tf.cond(ends, functools.partial(self.pull_back, game, window), lambda: None)

    def end_epoch(self, game: Game) -> None:
        """Pulls the players back if a window is an epoch."""
        if self.window == "epoch":
            started = tf.convert_to_tensor(self.window_steps) > 0
            tf.cond(started, functools.partial(self.pull_back, game, NEVER), lambda: None)
            self.window_steps.assign(0)

    def _set_anchors(self, game, window, _):
        for name in self.shares:
            variables = game.players[name].trained_variables
            distribution.assign(self.anchors[f"{name} {window}"], variables)

    def pull_back(self, game: Game, window: int | str) -> None:
        """Moves the players at the end of a window of so many steps; subclasses may override."""
        for name, share in self.shares.items():
            key, variables = f"{name} {window}", game.players[name].trained_variables
            if self.outer:
                strategy = game.distribute_strategy
                strategy.run(self._step_from_anchor, args=(key, variables))
                continue
            for anchor, variable in zip(self.anchors[key], variables, strict=True):
                variable.assign(anchor + share * (variable - anchor))

    def _step_from_anchor(self, key, variables):
        # The optimizer sums over replicas.
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        pairs = zip(self.anchors[key], variables, strict=True)
        gradients = [(anchor - variable) / replicas for anchor, variable in pairs]
        distribution.assign(variables, self.anchors[key])
        self.outer_optimizers[key].apply(gradients, variables)

    @property
    def description(self) -> str:
        """When the players are updated, in words."""
        shares = " and ".join(f"{share:.0%} of the {name}" for name, share in self.shares.items())
        steps = " and ".join(map(str, _windows_of(self.window)))
        often = "once per epoch" if self.window == "epoch" else f"every {steps} steps"
        by = f" by {self.outer['class_name']}" if self.outer else ""
        return f"{super().description}, pulled back to {shares} {often}{by}"


def _windows_of(window):
    if isinstance(window, (list, tuple)):
        return window
    return (NEVER if window == "epoch" else window,)


def _check_windows(window):
    windows = _windows_of(window)
    nested = all(map(values.is_count, windows)) and windows and windows[0] > 1
    if not nested or any(b <= a or b % a for a, b in itertools.pairwise(windows)):
        raise ValueError(
            "window must be a number of steps, 2 or more, 'epoch', or several numbers, each a "
            f"multiple of the one before. Received: window={window!r}."
        )


def _shares_of(share):
    """Returns the shares by player that `Pullback` was given."""
    share = {"discriminator": 0.5} if share is None else share
    return share if isinstance(share, dict) else dict.fromkeys(PLAYERS, share)


def _check_share(share):
    shares = _shares_of(share)
    fit = [values.is_number(value) and 0 < value <= 1 for value in shares.values()]
    if not shares.keys() <= set(PLAYERS) or not all(fit):
        raise ValueError(
            "share must be a number above 0, at most 1, or a dict of such numbers by player "
            f"({', '.join(PLAYERS)}). Received: share={share!r}."
        )
