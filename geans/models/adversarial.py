"""The game that every model of the zoo plays: networks, losses, `fit`, sampling and saving."""

import keras
import numpy as np
import tensorflow as tf

from geans import augment, losses, penalties
from geans.models import (
    adaptive,
    checks,
    distribution,
    finiteness,
    game,
    generative,
    network_checks,
    resuming,
    saving,
    step_lengths,
)
from geans.models.player import Player, get_optimizer, local_sum
from geans.models.update_rule import EpochUpdate, UpdateRule

checks.check_backend()


class SeenMean(keras.metrics.Mean):
    """A mean that is NaN, not 0, while nothing was seen: a player that was idle has no loss."""

    def result(self):
        """The mean of what was seen."""
        return tf.math.divide(self.total, self.count)


@keras.saving.register_keras_serializable(package="geans")
class AdversarialModel(saving.Saved, generative.GenerativeModel):
    """A generator and a discriminator, trained against each other by `fit`.

    *When* the players move is the update rule. With `update_every=1` they move at every step; with
    `update_every=K` or `"epoch"` their gradients are summed over a window of K steps, or over an
    epoch, at frozen weights, and applied once. A window that the epoch's end cuts short is applied
    there.

    *In which order* they move is `order`. `"simultaneous"`: both at once, with the gradients of
    both taken from one shared forward pass. `"alternating"`: the discriminator
    `discriminator_steps` times, then the generator once, against the moved discriminator; all
    within a step when `update_every=1`, otherwise one window each.

    Subclassing guide: a family of the zoo overrides `compute_losses` and, if it needs labels or
    pairs, `unpack`. It never needs a `train_step` of its own: both rules, saving, averaging and
    logging are here.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: `keras.Model` from samples to raw logits of any shape.
        update_every: 1, a number of steps, `"epoch"`, or a schedule from the step with which a
            window begins to its number of steps, so that windows can grow over the training:
            `keras.optimizers.schedules.PiecewiseConstantDecay([4000, 6000], [1, 2, 4])`.
        order: `"simultaneous"` or `"alternating"`.
        discriminator_steps: Discriminator updates per generator update (n_critic of the WGAN
            paper). More than one needs `order="alternating"`.
        ema_half_life: Samples after which a weight's share in the EMA generator has
            halved; `None` keeps no average.
        seed: Integer from which all latents of the training follow; `None` draws one.
        name: Name of the model.

    Raises:
        ValueError: If the networks do not fit each other or an argument has no meaning.
    """

    def __init__(
        self,
        generator,
        discriminator,
        *,
        update_every=1,
        order="alternating",
        discriminator_steps=1,
        ema_half_life=20_000,
        seed=None,
        name=None,
    ):
        self.check_networks(generator, discriminator)
        checks.check_rule(update_every, order, discriminator_steps)
        checks.check_ema(ema_half_life)
        checks.check_seed(seed)
        super().__init__(generator, ema_half_life, name=name)
        self.discriminator = discriminator
        self.update_every = update_every
        self.order = order
        self.discriminator_steps = discriminator_steps
        self.seed = int(np.random.default_rng().integers(2**31)) if seed is None else int(seed)
        collects = update_every != 1
        self.generator_player = Player([generator], collects=collects)
        self.discriminator_player = Player([discriminator], collects=collects)
        self.rule = UpdateRule(
            {"discriminator": self.discriminator_player, "generator": self.generator_player},
            update_every,
            order,
            discriminator_steps,
            after_generator_update=self._after_generator_update,
        )
        self.guard = finiteness.FiniteGuard(self.rule.players)
        self.held = self.controller = None
        self.steps = self.add_weight(
            initializer="zeros", dtype="int64", trainable=False, aggregation="only_first_replica"
        )
        self.samples_seen = local_sum((), dtype="int64")
        self._seen_means = [SeenMean(name=name) for name in self.logged]
        # Without this, fit would feed images to call(latents) to build the model (keras#20164).
        self.built = True

    logged = ("generator_loss", "discriminator_loss", "real_logits", "fake_logits")
    """What `fit` logs the epoch's mean of; a family may add to it."""

    training_data = None
    """What `fit` was given, for observers while it runs."""

    @property
    def metrics(self):
        """The means of the epoch that `fit` logs."""
        return [*self._seen_means, *([self.controller.mean] if self.controller else [])]

    # Compiling and fitting

    def compile(
        self,
        generator_optimizer=None,
        discriminator_optimizer=None,
        loss="non_saturating",
        penalty=None,
        *,
        augmentation=None,
        step_length="fixed",
        jit_compile=False,
        on_nan="stop",
        **kwargs,
    ):
        """Sets what the players minimise and how they move.

        Args:
            generator_optimizer: Optimizer or name, of Keras or `geans.optimizers`; `None` is
                `Adam(2e-4, beta_1=0.5)` (Radford et al. 2016).
            discriminator_optimizer: Likewise; never the same object.
            loss: Name or object of `geans.losses`.
            penalty: Object of `geans.penalties`, or `None`.
            augmentation: Name or object of `geans.augment`: random transformations of all images
                that the discriminator sees, for small data. `None` for none.
            step_length: `"fixed"`, `"curvature"` or an object of `geans.models.step_lengths`.
            jit_compile: Whether XLA compiles the computation of the gradients.
            on_nan: What a NaN or an infinity in a loss or a gradient does: `"stop"` raises a
                `FloatingPointError` after the step; `"skip"` goes on. Nobody moves along it.
            **kwargs: `run_eagerly` and `steps_per_execution`, as in Keras.

        Raises:
            ValueError: If a name is unknown or both players share an optimizer.
        """
        checks.check_compile_arguments(kwargs)
        networks = (self.generator, self.discriminator)
        chosen = (generator_optimizer, discriminator_optimizer)
        movers = [get_optimizer(*pair) for pair in zip(chosen, networks, strict=True)]
        checks.check_optimizers(*movers)
        checks.check_on_nan(on_nan)
        step_length = step_lengths.get(step_length)
        checks.check_step_length(step_length, self, penalties.get(penalty))
        # Bare, compile() makes an RMSprop that nobody uses. XLA around the whole step would also
        # take in the update of all replicas, and fail.
        super().compile(optimizer=None, jit_compile=False, **kwargs)
        checks.check_distribution(self, networks, jit_compile, self.steps_per_execution)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            distribution.synchronize_batch_norms(networks)
        self.loss = losses.get(loss)
        self.penalty = penalties.get(penalty)
        self.augmentation = augment.get(augmentation)
        checks.check_augmentation(self.augmentation, self.generator.output_shape)
        self.on_nan = on_nan
        self.jit_compile_gradients = bool(jit_compile) and not self.run_eagerly
        with self.distribute_strategy.scope():
            self.controller = adaptive.controller_of(self.augmentation, self.loss)
            self.generator_player.set_optimizer(movers[0])
            self.discriminator_player.set_optimizer(movers[1])
            self.held = step_length and step_lengths.HeldBatch(self.batch_spec, self.latent_dim)
        self.rule.set_step_length(step_length, self._held_losses)
        self._gradient_function = self.compute_gradients
        if self.jit_compile_gradients:
            self._gradient_function = tf.function(
                self.compute_gradients, autograph=False, jit_compile=True
            )
        self._window_function = tf.function(self.rule.end_window, autograph=False)

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", **kwargs):
        """Trains both players, as `keras.Model.fit` does one network.

        Args:
            x: Samples, as a batched `tf.data.Dataset` or an array; floats, images in [-1, 1]. Of
                `(samples, labels)` the labels are ignored.
            y: Labels that come with an array; ignored.
            batch_size: Of arrays, 32 by default. Under GEAN it is the micro-batch.
            epochs: Number of passes; with `initial_epoch`, the number of the last one.
            verbose: As in Keras.
            **kwargs: `callbacks`, `shuffle`, `initial_epoch`, `steps_per_epoch`, as in Keras. With
                `geans.callbacks.Checkpoint` an interrupted training goes on exactly.

        Returns:
            `keras.callbacks.History` with the epoch means `generator_loss`, `discriminator_loss`
            (with its penalty), `real_logits` and `fake_logits`; of an adaptive augmentation also
            `augmentation_strength`.

        Raises:
            ValueError: If the data cannot be trained on; before the first step.
        """
        checks.check_compiled(self)
        checks.check_fit_arguments({"epochs": epochs, "batch_size": batch_size, **kwargs})
        waits = self.update_every == "epoch"
        steps_per_epoch = kwargs.get("steps_per_epoch")
        checks.check_data(self, x, y, needs_epoch_end=waits, steps_per_epoch=steps_per_epoch)
        callbacks = getattr(kwargs.get("callbacks"), "callbacks", kwargs.get("callbacks"))
        own = [EpochUpdate()] if self.update_every != 1 else []
        own.append(finiteness.FiniteWatch(self.guard, self.on_nan))
        observers = resuming.in_order(keras.tree.flatten(callbacks or []))
        kwargs |= {"y": y, "batch_size": batch_size, "epochs": epochs, "verbose": verbose}
        kwargs["callbacks"] = [*own, *observers]
        _set_plainly(self, "training_data", x)
        try:
            with resuming.resumed(self, x, kwargs) as x:
                return super().fit(self.numbered(x), **kwargs)
        finally:
            _set_plainly(self, "training_data", None)

    def test_step(self, data):
        """Refuses `evaluate`: there is no target to compare with."""
        raise ValueError(
            "An adversarial model has no loss that says how good it is. Draw samples with sample() "
            "and measure them with geans.metrics."
        )

    # The training step

    def train_step(self, data):
        """One micro-batch: gradients for those whose turn it is, and updates when they are due."""
        data, positions = distribution.split_positions(data)
        batch = self.unpack(data)
        size = _batch_size(batch)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            batch = keras.tree.map_structure(distribution.padded, batch)
            positions = None if positions is None else distribution.padded(positions)
        # A dataset of unknown length ends in the middle of a step, when its next batch does not
        # come: nothing may be counted or moved before it has.
        with tf.control_dependencies([size]):
            self.samples_seen.assign_add(size)
            self.rule.take_step(self._gradients, (batch, positions, size))
            tf.distribute.get_replica_context().merge_call(self._end_step, args=(size,))
        return self.get_metrics_result()

    def _end_step(self, strategy, size):
        with tf.control_dependencies(strategy.experimental_local_results(size)):
            self.steps.assign_add(1)
            self.rule.end_step(strategy, tf.convert_to_tensor(self.steps))

    def unpack(self, data):
        """What `compute_losses` gets of a batch: the samples; labels and weights are left aside."""
        samples, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        checks.check_spec(samples, self.generator.output_shape)
        return tf.cast(samples, self.variable_dtype)

    def check_batch(self, batch, what):
        """Refuses a batch that cannot be trained on; `fit` calls it before the first step.

        Args:
            batch: Samples, or a tuple of them and labels: arrays, tensors or `tf.TensorSpec`s.
            what: What the batch is, for the message.

        Raises:
            ValueError: If type, shape or values do not fit the networks.
        """
        samples, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        checks.check_samples(samples, self.generator, what)

    @staticmethod
    def check_networks(generator, discriminator):
        """Refuses networks that cannot play against each other.

        Raises:
            ValueError: If they cannot.
        """
        network_checks.check_networks(generator, discriminator)

    @property
    def batch_spec(self):
        """`tf.TensorSpec` of what `unpack` returns, or a structure of them."""
        return tf.TensorSpec((None, *self.generator.output_shape[1:]), self.variable_dtype)

    def compute_losses(self, batch, latents, seed, players):
        """The losses of `players`, and what to log, from one forward pass.

        Args:
            batch: What `unpack` returned: real samples, images in [-1, 1].
            latents: Float tensor of shape `(batch, latent_dim)`.
            seed: Integer tensor of shape `(2,)` for other random numbers.
            players: Names out of `PLAYERS` of those whose gradients will be taken.

        Returns:
            Losses to minimise, a dict from player to scalar, and a dict of scalars to log beside
            them.
        """
        fake = self.generator(latents, training=True)
        losses, logs, _ = self.play(self.judge(seed), batch, fake, seed, players)
        return losses, logs

    def judge(self, seed, *conditions):
        """The discriminator as a function of images, augmented as `compile` was told: see `game`.

        Args:
            seed: Integer tensor of shape `(2,)`.
            *conditions: Further inputs of the discriminator, such as labels.
        """
        return game.judge(self.discriminator, adaptive.augmentation_of(self), seed, conditions)

    def play(self, judge, real, fake, seed, players):
        """Adversarial losses with their penalty, logs, and the discriminator's outputs.

        What a family adds to the losses it adds to these; see `game.play`.
        """
        return game.play(self, judge, real, fake, seed, players)

    def compute_gradients(self, batch, latents, seed, players):
        """Each player's gradients, a dict of lists in the order of its variables, and the logs."""
        with tf.GradientTape(persistent=len(players) > 1) as tape:
            losses, logs = self.compute_losses(batch, latents, seed, players)
            logs |= {f"{name}_loss": loss for name, loss in losses.items()}
            losses = {
                name: self.rule.players[name].optimizer.scale_loss(loss)
                for name, loss in losses.items()
            }
        gradients = {
            name: tape.gradient(
                losses[name],
                self.rule.players[name].moving_variables,
                unconnected_gradients="zero",
            )
            for name in players
        }
        return gradients, logs

    def _gradients(self, data, players, turn):
        batch, positions, size = data
        latents = self.step_latents(_batch_size(batch), positions, 2 * turn)
        seed = self.step_seed(2 * turn + 1)
        gradients, logs = self._gradient_function(batch, latents, seed, players)
        if self.held:
            self.held.assign((batch, latents, seed))
        if self.controller:
            self.controller.receive(logs, size)
        for mean in self._seen_means:
            if mean.name in logs:
                mean.total.assign_add(distribution.weighted(size, logs[mean.name]))
                mean.count.assign_add(tf.cast(size, "float32"))
        step = tf.convert_to_tensor(self.steps)
        weights = {
            name: self.guard.weight(name, size, logs[f"{name}_loss"], gradients[name], step)
            for name in players
        }
        return gradients, weights

    def _held_losses(self, players):
        return self.compute_losses(*self.held.read(), players)[0]

    def update(self):
        """Moves the players along what they have received since the last update, if anything.

        `fit` calls it at every epoch's end. With `train_on_batch` it is the caller's to call.
        """
        if self.rule.window_steps.numpy() > 0:
            with self.distribute_strategy.scope():
                self._window_function(self.distribute_strategy)

    def _after_generator_update(self):
        if self.average is not None:
            self.average.follow(self.generator, tf.convert_to_tensor(self.samples_seen))
        if self.controller is not None:
            self.controller.end_update()

    # Showing

    def summary(self, **kwargs):
        """Prints both networks and the update rule; takes what `keras.Model.summary` takes."""
        print_line = kwargs.get("print_fn") or print
        print_line(f"{type(self).__name__} {self.name!r}: {self.order} updates {self.rule.rhythm}")
        for network in (self.generator, self.discriminator):
            network.summary(**kwargs)


def _set_plainly(model, name, value):
    # Keras would take data for a part of the model.
    object.__setattr__(model, name, value)


def _batch_size(batch):
    return tf.shape(keras.tree.flatten(batch)[0], out_type="int64")[0]
