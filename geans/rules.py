"""Update rules: when the players move, and in which order.

A rule is what makes a GAN a GAN (`EveryStep`) and a GEAN a GEAN (`Window`).
"""

import functools
import inspect

import keras
import tensorflow as tf

from geans import distribution, values

PLAYERS = ("discriminator", "generator")
ORDERS = ("simultaneous", "alternating")


class EpochUpdate(keras.callbacks.Callback):
    """Has the rule end the epoch, which is where GEAN updates the players.

    Part of the algorithm, not an observer: `fit` puts it first, so that pictures, metrics and
    checkpoints see the updated weights.
    """

    def on_epoch_end(self, epoch, logs=None):
        """Ends the epoch."""
        self.model.update()


@keras.saving.register_keras_serializable(package="geans")
class Rule(keras.layers.Layer):
    """Base class of update rules.

    Subclassing guide. A rule must override `step(game, batch)`. It may override

    - `build_state(game)` to create variables: `self.add_sum` for what each replica adds up,
      `self.add_counter` for integers, `self.add_weight(..., trainable=False)` for anything else.
      They are saved and restored with the model;
    - `end_step(game)`, called once after each step, outside the replicas;
    - `end_epoch(game)`, called at each epoch's end, outside the replicas;
    - `description`, a few words for `summary`.

    Constructor arguments are kept as attributes of the same names; `get_config` follows from it.
    Logs, the check for NaN, the controller of an adaptive augmentation, the EMA generator and the
    counters are the model's, once per step, however many gradients a rule takes.

    `game` is the model, of which a rule uses

    - `game.gradients(players, batch, noise=None)`: a dict from player to `Gradients`, all from one
      forward pass;
    - `game.draw(batch)`: latents and seed for the argument `noise`, to use them twice;
    - `game.apply(gradients)`: updates each player of such a dict by its optimizer;
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
        """Creates the rule's variables; the model's constructor calls it."""

    def step(self, game, batch):
        """Trains on one batch.

        Args:
            game: The model.
            batch: `distribution.Batch` of this replica.
        """
        raise NotImplementedError(f"{type(self).__name__} must override step(game, batch).")

    def end_step(self, game):
        """Runs after each step, outside the replicas."""

    def end_epoch(self, game):
        """Runs after each epoch, outside the replicas."""

    @property
    def description(self):
        """When the players move, in words."""
        return f"updates by {type(self).__name__}"

    def add_counter(self):
        """Adds an integer variable, 0 at first, that is changed outside the replicas."""
        return distribution.add_counter(self)

    def add_sum(self, shape=()):
        """Adds a float variable, 0 at first, to which each replica adds a part of its own."""
        return distribution.local_sum(shape)

    def get_config(self):
        """The constructor's arguments."""
        _, *names = inspect.signature(type(self).__init__).parameters
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(getattr(self, name)) for name in names if name != "kwargs"}

    @classmethod
    def from_config(cls, config):
        """The rule of a `get_config` dict."""
        return cls(**keras.saving.deserialize_keras_object(config))


@keras.saving.register_keras_serializable(package="geans")
class EveryStep(Rule):
    """Updates the players at every step (Goodfellow et al. 2014, algorithm 1).

    Args:
        order: `"alternating"`: the discriminator `discriminator_steps` times, then the generator
            against the updated discriminator. `"simultaneous"`: both at once, from one shared
            forward pass.
        discriminator_steps: Discriminator updates per generator update (n_critic of the WGAN
            paper). More than one needs `order="alternating"`.

    Raises:
        ValueError: If an argument is invalid.
    """

    def __init__(self, order="alternating", discriminator_steps=1):
        super().__init__()
        _check_order(order, discriminator_steps)
        self.order = order
        self.discriminator_steps = discriminator_steps

    def step(self, game, batch):
        """Updates both players on one batch."""
        if self.order == "simultaneous":
            game.apply(game.gradients(PLAYERS, batch))
            return
        for player in ("discriminator",) * self.discriminator_steps + ("generator",):
            game.apply(game.gradients((player,), batch))

    @property
    def description(self):
        """When the players move, in words."""
        return f"{self.order} updates every step"


@keras.saving.register_keras_serializable(package="geans")
class Window(Rule):
    """Accumulates gradients at frozen weights and updates at the window's end: the rule of GEAN.

    With K micro-batches of n_i samples each, a player's update is along

        sum_i n_i grad L(x_i, z_i) / sum_i n_i

    the gradient of one batch of sum_i n_i samples, in the memory of one micro-batch. A window that
    the epoch's end cuts short is applied there.

    Args:
        every: Number of steps, `"epoch"`, or a schedule from the step with which a window begins to
            its number of steps, so that windows can grow over the training:
            `keras.optimizers.schedules.PiecewiseConstantDecay([4000, 6000], [1, 2, 4])`.
        order: `"simultaneous"`, or `"alternating"`: `discriminator_steps` windows for the
            discriminator, then one for the generator against the updated discriminator.
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
        """Creates the sums of gradients and of their weights, and the counters."""
        self.sums, self.weight_sums = {}, {}
        for name, player in game.players.items():
            self.sums[name] = [self.add_sum(v.shape) for v in player.trained_variables]
            self.weight_sums[name] = self.add_sum()
        self.window_steps = self.add_counter()
        self.windows = self.add_counter()

    def step(self, game, batch):
        """Accumulates the gradients of the players whose window it is."""

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
        """Ends a window that the epoch's end cuts short."""
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
        """When the players move, in words."""
        if callable(self.every):
            return f"{self.order} updates in windows of {type(self.every).__name__}"
        words = "once per epoch" if self.every == "epoch" else f"every {self.every} steps"
        return f"{self.order} updates {words}"


def of_arguments(update_every, order, discriminator_steps):
    """The rule of a model's arguments: `EveryStep` for `update_every=1`, otherwise a `Window`.

    Example:

    >>> of_arguments(1, "alternating", 5).description
    'alternating updates every step'
    """
    if values.is_count(update_every) and update_every == 1:
        return EveryStep(order, discriminator_steps)
    return Window(update_every, order, discriminator_steps)


def _check_every(every):
    scheduled = isinstance(every, keras.optimizers.schedules.LearningRateSchedule)
    if every != "epoch" and not scheduled and not values.is_count(every):
        raise ValueError(
            "update_every must be a number of steps, 1 or more, 'epoch', or a schedule of "
            f"keras.optimizers.schedules. Received: update_every={every!r}."
        )


def _check_order(order, discriminator_steps):
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}. Received: order={order!r}.")
    if not values.is_count(discriminator_steps):
        raise ValueError(
            f"discriminator_steps must be 1 or more. Received: {discriminator_steps!r}."
        )
    if order == "simultaneous" and discriminator_steps > 1:
        raise ValueError(
            "In simultaneous order both players move together. For "
            f"discriminator_steps={discriminator_steps} pass order='alternating'."
        )
