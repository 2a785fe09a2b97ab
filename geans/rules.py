"""Update rules: when and in which order the players are updated."""

import functools
import inspect
import itertools

import keras
import tensorflow as tf

from geans import distribution, values

PLAYERS = ("discriminator", "generator")
ORDERS = ("simultaneous", "alternating")
UPDATES = ("accumulate", "pullback")
NEVER = 2**62
"""Steps of a window that does not end by itself."""


class EpochUpdate(keras.callbacks.Callback):
    """Callback that ends the rule's epoch; `fit` puts it first, before observers of the weights."""

    def on_epoch_end(self, epoch, logs=None):
        """Ends the epoch."""
        self.model.update()


@keras.saving.register_keras_serializable(package="geans")
class Rule(keras.layers.Layer):
    """Base class of update rules.

    Subclasses must override `step(game, batch)`. They may override

    - `build_state(game)`: creates variables, which are saved with the model, by `self.add_sum`,
      `self.add_counter` or `self.add_weight(..., trainable=False)`;
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

    def __init__(self, **kwargs):
        super().__init__(**{"name": "update_rule", "dtype": "float32", **kwargs})

    def build_state(self, game):
        """Creates the rule's variables; called by the model's constructor."""

    def step(self, game, batch):
        """Trains `game`, the model, on one `distribution.Batch` of this replica."""
        raise NotImplementedError(f"{type(self).__name__} must override step(game, batch).")

    def end_step(self, game):
        """Runs after each step, outside the replicas."""

    def end_epoch(self, game):
        """Runs after each epoch, outside the replicas."""

    @property
    def description(self):
        """When the players are updated, in words."""
        return f"updates by {type(self).__name__}"

    def add_counter(self):
        """Adds an integer variable, initially 0, that is changed outside the replicas."""
        return distribution.add_counter(self)

    def add_sum(self, shape=()):
        """Adds a float variable, initially 0, that sums the replicas' parts."""
        return distribution.local_sum(shape)

    def get_config(self):
        """Returns the constructor's arguments."""
        _, *names = inspect.signature(type(self).__init__).parameters
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(getattr(self, name)) for name in names if name != "kwargs"}

    @classmethod
    def from_config(cls, config):
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

    def __init__(self, order="alternating", discriminator_steps=1, reuse_fakes=False):
        super().__init__()
        _check_order(order, discriminator_steps)
        if reuse_fakes and order != "alternating":
            raise ValueError(
                "In simultaneous order both players have the same samples anyway. Pass "
                "reuse_fakes=True with order='alternating'."
            )
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.reuse_fakes = bool(reuse_fakes)

    def step(self, game, batch):
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
    def description(self):
        """When the players are updated, in words."""
        return f"{self.order} updates every step"


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

    Every window size keeps one copy of the weights of each player that is pulled back. Replicas and
    workers exchange nothing for it, as their weights are equal.

    Args:
        window: Number of steps, `"epoch"`, or several numbers for nested windows, such as
            `(5, 50)`, each a multiple of the one before.
        share: Share of a window's movement that is kept, above 0 and at most 1: a number for both
            players, or a dict by player, in which a player that is missing has 1. `None` is .5 for
            the discriminator.
        order, discriminator_steps, reuse_fakes: As in `EveryStep`.

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
        window=5,
        share=None,
        order="alternating",
        discriminator_steps=1,
        reuse_fakes=False,
    ):
        super().__init__(order, discriminator_steps, reuse_fakes)
        _check_windows(window)
        _check_share(share)
        self.window = window
        self.share = share

    @property
    def shares(self):
        """Dict of the shares below 1, by player."""
        return {name: share for name, share in _shares_of(self.share).items() if share < 1}

    def build_state(self, game):
        """Creates the anchors, and counts the steps since they were set."""
        self.window_steps = self.add_counter()
        self.anchors = {}
        for window in _windows_of(self.window):
            for name in self.shares:
                shapes = [v.shape for v in game.players[name].trained_variables]
                anchors = [self.add_weight(shape, trainable=False) for shape in shapes]
                self.anchors[f"{name} {window}"] = anchors

    def step(self, game, batch):
        """Updates both players on one batch; before the first of a window, sets the anchors."""
        for window in _windows_of(self.window):
            begins = tf.convert_to_tensor(self.window_steps) % window == 0
            set_anchors = functools.partial(self._set_anchors, game, window)
            distribution.cond(begins, set_anchors, lambda _: None, None)
        super().step(game, batch)

    def end_step(self, game):
        """Pulls the players back if a window is complete."""
        self.window_steps.assign_add(1)
        for window in _windows_of(self.window):
            ends = tf.convert_to_tensor(self.window_steps) % window == 0
            tf.cond(ends, functools.partial(self._pull_back, game, window), lambda: None)

    def end_epoch(self, game):
        """Pulls the players back if a window is an epoch."""
        if self.window == "epoch":
            started = tf.convert_to_tensor(self.window_steps) > 0
            tf.cond(started, functools.partial(self._pull_back, game, NEVER), lambda: None)
            self.window_steps.assign(0)

    def _set_anchors(self, game, window, _):
        for anchors, variables, _ in self._pulled(game, window):
            distribution.assign(anchors, list(map(tf.convert_to_tensor, variables)))

    def _pull_back(self, game, window):
        for anchors, variables, share in self._pulled(game, window):
            for anchor, variable in zip(anchors, variables, strict=True):
                variable.assign(anchor + share * (variable - anchor))

    def _pulled(self, game, window):
        for name, share in self.shares.items():
            yield self.anchors[f"{name} {window}"], game.players[name].trained_variables, share

    @property
    def description(self):
        """When the players are updated, in words."""
        shares = " and ".join(f"{share:.0%} of the {name}" for name, share in self.shares.items())
        steps = " and ".join(map(str, _windows_of(self.window)))
        often = "once per epoch" if self.window == "epoch" else f"every {steps} steps"
        return f"{super().description}, pulled back to {shares} {often}"


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

    def __init__(self, every="epoch", order="simultaneous", discriminator_steps=1):
        super().__init__()
        _check_every(every)
        _check_order(order, discriminator_steps)
        self.every = every
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.waits_for_epoch_end = every == "epoch"

    def build_state(self, game):
        """Creates the sums of gradients and weights, and the counters."""
        self.sums, self.weight_sums = {}, {}
        for name, player in game.players.items():
            self.sums[name] = [self.add_sum(v.shape) for v in player.trained_variables]
            self.weight_sums[name] = self.add_sum()
        self.window_steps = self.add_counter()
        self.windows = self.add_counter()

    def step(self, game, batch):
        """Accumulates the gradients of the players in turn."""

        def accumulate(players, inputs):
            for name, gradients in game.gradients(players, *inputs).items():
                for total, part in zip(self.sums[name], gradients.weighted(), strict=True):
                    total.assign_add(part)
                self.weight_sums[name].assign_add(gradients.weight)

        self._in_turn(accumulate, (batch, game.draw(batch)))

    def end_step(self, game):
        """Ends the window if it is complete."""
        self.window_steps.assign_add(1)
        if self.every != "epoch":
            received = tf.convert_to_tensor(self.window_steps)
            first = tf.convert_to_tensor(game.steps) - received
            size = tf.cast(self.every(first), "int64") if callable(self.every) else self.every
            tf.cond(received >= size, lambda: self._end_window(game), lambda: None)

    def end_epoch(self, game):
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
    def description(self):
        """When the players are updated, in words."""
        if callable(self.every):
            return f"{self.order} updates in windows of {type(self.every).__name__}"
        words = "once per epoch" if self.every == "epoch" else f"every {self.every} steps"
        return f"{self.order} updates {words}"


def of_arguments(update, update_every, order, discriminator_steps, reuse_fakes):
    """Returns the rule of an `AdversarialModel`'s arguments."""
    values.check_name("update", update, UPDATES)
    if update == "pullback":
        return Pullback(update_every, None, order, discriminator_steps, reuse_fakes)
    if values.is_count(update_every) and update_every == 1:
        return EveryStep(order, discriminator_steps, reuse_fakes)
    if reuse_fakes:
        raise ValueError(
            "Within a window the discriminator does not move between the turns, so there is "
            f"nothing to reuse. Received: reuse_fakes=True, update_every={update_every!r}."
        )
    return Window(update_every, order, discriminator_steps)


def _check_every(every):
    scheduled = isinstance(every, keras.optimizers.schedules.LearningRateSchedule)
    if every != "epoch" and not scheduled and not values.is_count(every):
        raise ValueError(
            "update_every must be a number of steps, 1 or more, 'epoch', or a schedule of "
            f"keras.optimizers.schedules. Received: update_every={every!r}."
        )


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


def _check_order(order, steps):
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}. Received: order={order!r}.")
    if not values.is_count(steps):
        raise ValueError(f"discriminator_steps must be 1 or more. Received: {steps!r}.")
    if order == "simultaneous" and steps > 1:
        raise ValueError(
            "In simultaneous order both players move together. For "
            f"discriminator_steps={steps} pass order='alternating'."
        )
