"""One step of the adversarial game, from a batch to updated networks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import keras
import numpy.typing as npt
import tensorflow as tf

from geans import distribution, rules, values
from geans.models import adaptive, data_checks, generative, output_ranges, reused_fakes
from geans.models.players import Player

Losses: TypeAlias = tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]
"""What `compute_losses` returns: losses by player, and what is logged."""


class SeenMean(keras.metrics.Mean):
    """Mean metric that is NaN instead of 0 if nothing was seen."""

    def result(self):
        """Returns the mean of what was seen."""
        return tf.math.divide(self.total, self.count)


class Game(generative.GenerativeModel):
    """The `game` that update rules receive; arguments as in `AdversarialModel`."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        rule: rules.Rule,
        ema_half_life: float | None,
        seed: int | None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(generator, ema_half_life, name=name)
        self.discriminator = discriminator
        self.seed = values.given_or_random(seed)
        self.sample_range = output_ranges.of(generator)
        self.generator_player = Player([generator])
        self.discriminator_player = Player([discriminator])
        self.rule = rule
        self.rule.build_state(self)
        self.controller: adaptive.StrengthController | None = None
        set_untracked(self, "_draws", {})
        set_untracked(self, "_fakes", {})
        set_untracked(self, "_logged", {})
        # By id, discriminators with a frozen model, in two (`own_networks.parts`); see `compile`.
        set_untracked(self, "discriminator_parts", {})
        self.steps = distribution.add_counter(self)
        self.updates_followed = distribution.add_counter(self)
        self.samples_seen = distribution.local_sum((), dtype="int64")
        self._seen_means = [SeenMean(name=name) for name in self.logged]
        # Without this, fit would feed images to call(latents) to build the model (keras#20164).
        self.built = True

    on_nan = "stop"
    separate_discriminators: Sequence[keras.Model] = ()
    """Discriminators known to judge each sample by itself, found by `compile`."""

    logged: tuple[str, ...] = ("generator_loss", "discriminator_loss", "real_logits", "fake_logits")
    """What `fit` logs the epoch's mean of; a family may add to it."""

    def find_trained_variables(self) -> None:
        """Finds what each player trains; the rule starts anew if it is not what it was."""
        found = {name: player.trainable_now() for name, player in self.players.items()}
        for name, variables in found.items():
            if not variables:
                raise ValueError(f"The {name} has nothing to train: all its layers are frozen.")
        before = {name: player.trained_variables for name, player in self.players.items()}
        if keras.tree.map_structure(id, found) != keras.tree.map_structure(id, before):
            for name, player in self.players.items():
                player.set_trained_variables(found[name])
            rule = type(self.rule).from_config(self.rule.get_config())
            del self.rule
            self.rule = rule
            self.rule.build_state(self)

    @property
    def latent_dim(self) -> int:
        """Number of columns of the latents."""
        return self.generator.input_shape[-1]

    @property
    def players(self) -> dict[str, Player]:
        """Dict of the players, in the order of their updates."""
        return {"discriminator": self.discriminator_player, "generator": self.generator_player}

    @property
    def metrics(self) -> list[keras.Metric]:
        """Epoch means that `fit` logs."""
        return [*self._seen_means, *([self.controller.mean] if self.controller else [])]

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Trains on one micro-batch by the update rule."""
        # By replica: their steps are traced in turns, up to each point where they meet.
        self._draws[distribution.replica()], self._logged[distribution.replica()] = 0, set()
        with distribution.step(self, data) as batch:
            self.rule.step(self, batch)
        return self.get_metrics_result()

    def unpack(self, data: Any) -> Any:
        """Returns the samples of a batch, without labels and weights, for `compute_losses`."""
        samples, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.checked(samples, self.generator.output_shape, self.sample_range)

    def checked(
        self, samples: tf.Tensor, shape: tuple[int | None, ...], bounds: tuple[float, float]
    ) -> tf.Tensor:
        """Returns a batch as float32; raises in the step if shape or values do not fit."""
        data_checks.check_spec(samples, shape)
        samples = tf.cast(tf.ensure_shape(samples, shape), "float32")
        return data_checks.in_range(samples, bounds, finite=self.on_nan == "stop")

    def gradients(
        self,
        players: Sequence[str],
        batch: distribution.Batch,
        noise: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> dict[str, distribution.Gradients]:
        """Returns a dict from player to `Gradients`, from one forward pass, and logs the losses.

        Args:
            players: Names out of `rules.PLAYERS`.
            batch: `distribution.Batch` of this replica.
            noise: Latents and seed as returned by `draw`; `None` draws new ones.
        """
        latents, seed = self.draw(batch) if noise is None else noise
        values, logs = self._gradient_function(batch.content, latents, seed, players)
        self._log(players, logs, batch.size)
        step = tf.convert_to_tensor(self.steps)
        return {
            name: self.players[name].checked(values[name], batch.size, logs[f"{name}_loss"], step)
            for name in players
        }

    def draw(self, batch: distribution.Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws latents and a seed for a batch."""
        replica = distribution.replica()
        first = 2 * self._draws[replica]
        self._draws[replica] += 1
        size = distribution.batch_size(batch.content)
        return self.step_latents(size, batch.positions, first), self.step_seed(first + 1)

    @contextlib.contextmanager
    def fakes_reused(self) -> Iterator[None]:
        """Within it, the same inputs of the generator give the same samples, computed once."""
        self._fakes[distribution.replica()] = {}
        try:
            yield
        finally:
            del self._fakes[distribution.replica()]

    def compute_gradients(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> tuple[dict[str, list[tf.Tensor]], dict[str, tf.Tensor]]:
        """Returns a dict of each player's list of gradients, and the logs; see `compute_losses`."""
        earlier = list(self._fakes.get(distribution.replica(), {}).values())
        with tf.GradientTape(persistent=len(players) > 1) as tape:
            for each in earlier:
                tape.watch(each.outputs)
            losses, logs = self.compute_losses(batch, latents, seed, players)
            for name in players:
                losses[name] += self.players[name].regularization()
            if "generator" in players:
                losses["generator"] += tf.add_n([0.0, *added_losses(self.generator)])
            logs |= {f"{name}_loss": loss for name, loss in losses.items()}
            scaled = {
                name: self.players[name].optimizer.scale_loss(loss) for name, loss in losses.items()
            }
        gradients = {
            name: tape.gradient(
                scaled[name], self.players[name].trained_variables, unconnected_gradients="zero"
            )
            for name in players
            if name == "discriminator" or not earlier
        }
        if "generator" in players and earlier:
            variables = self.generator_player.trained_variables
            loss = scaled["generator"]
            gradients["generator"] = reused_fakes.through(tape, loss, earlier, variables)
        return gradients, logs

    def compute_losses(
        self, batch: Any, latents: tf.Tensor, seed: tf.Tensor, players: Sequence[str]
    ) -> Losses:
        """Computes losses and logs from one forward pass.

        Args:
            batch: Output of `unpack`: real samples, images in [-1, 1].
            latents: Float tensor of shape `(batch, latent_dim)`.
            seed: Integer tensor of shape `(2,)` for other random numbers.
            players: Names out of `rules.PLAYERS` whose gradients will be taken.

        Returns:
            A dict from player to the scalar loss to minimise, and a dict of scalars to log.
        """
        fake = self.generate_batch(latents)
        discriminate = self.augmented_discriminator(seed)
        losses, logs, _ = self.adversarial_losses(discriminate, batch, fake, seed, players)
        return losses, logs

    def generate_batch(self, inputs: Any) -> Any:
        """Returns the generator's outputs in training, float32 in half precision too."""
        made = self._fakes.get(distribution.replica())
        if made is None:
            return in_float32(self.generator(inputs, training=True))
        key = tuple(map(id, keras.tree.flatten(inputs)))
        if key not in made:
            with tf.GradientTape() as tape:
                fakes = in_float32(self.generator(inputs, training=True))
            outputs = [*keras.tree.flatten(fakes), *added_losses(self.generator)]
            made[key] = reused_fakes.Made(inputs, fakes, outputs, tape)
        return made[key].fakes

    def augmented_discriminator(
        self, seed: tf.Tensor, *conditions: tf.Tensor, discriminator: keras.Model | None = None
    ) -> Callable[..., Any]:
        """Returns the discriminator as a function of images, which it augments, and `training`.

        Args:
            seed: Integer tensor of shape `(2,)`; one seed transforms real and fake images alike.
            *conditions: Further inputs of the discriminator, such as labels.
            discriminator: Network to use instead of the model's.
        """
        network = discriminator or self.discriminator
        beginning, rest = self.discriminator_parts.get(id(network), (None, network))
        seen = {}

        def see(images):
            # Once for the loss and the penalty. The images are kept, lest others get their id.
            if id(images) not in seen:
                found = self.augmented(images, seed)
                if beginning is not None:
                    found = in_float32(beginning(found, training=False))
                seen[id(images)] = images, found
            return seen[id(images)][1]

        def judge(found, training, conditions=conditions):
            inputs = [*keras.tree.flatten(found), *conditions]
            inputs = inputs if len(inputs) > 1 else inputs[0]
            return in_float32(rest(inputs, training=training))

        def discriminate(images, training):
            output = judge(see(images), training)
            discriminate.added_losses = added_losses(network)
            return output

        def both(real, fake):
            found = tf.concat([see(real), see(fake)], 0)
            output = judge(found, True, [tf.concat([each, each], 0) for each in conditions])
            count = tf.shape(real)[0]
            halves = (lambda whole: whole[:count]), (lambda whole: whole[count:])
            return [keras.tree.map_structure(half, output) for half in halves]

        if beginning is not None:
            discriminate.penalized = judge, see  # type: ignore[attr-defined]
        elif any(network is each for each in self.separate_discriminators):
            discriminate.both = both  # type: ignore[attr-defined]
        return discriminate

    def logits(
        self,
        images: npt.ArrayLike,
        *conditions: npt.ArrayLike,
        seed: tuple[int, int] = (0, 0),
        training: bool = False,
    ) -> tf.Tensor:
        """Returns the discriminator's logits of images, augmented as in training.

        Args:
            images: Batch in the range of the data.
            *conditions: Further inputs of the discriminator, such as labels.
            seed: Two integers that determine the augmentation.
            training: Whether layers such as batch normalization behave as in training.
        """
        discriminate = self.augmented_discriminator(
            tf.constant(seed), *map(tf.convert_to_tensor, conditions)
        )
        return logits_of(discriminate(tf.convert_to_tensor(images), training))

    def augmented(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns `images` with the augmentation of `compile`."""
        if self.augmentation is None:
            return images
        return (self.controller.augment if self.controller else self.augmentation)(images, seed)

    def adversarial_losses(
        self,
        discriminate: Callable[..., Any],
        real: tf.Tensor,
        fake: tf.Tensor,
        seed: tf.Tensor,
        players: Sequence[str],
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor], tuple[Any, Any]]:
        """Computes the adversarial losses with their penalty.

        Args:
            discriminate: Output of `augmented_discriminator`.
            real, fake: Real and generated samples, float32.
            seed, players: As in `compute_losses`.

        Returns:
            Losses and logs as in `compute_losses`, and the discriminator's outputs on real samples
            (`None` if no loss needs them) and on generated ones.
        """
        losses, logs, real_output, real_logits = {}, {}, None, None
        added: list[tf.Tensor] = []
        if "generator" not in players and getattr(discriminate, "both", None):
            # One pass of twice as many samples is quicker, unless its slope in real ones is wanted.
            real_output, fake_output = discriminate.both(real, fake)  # type: ignore[attr-defined]
            real_logits = logits_of(real_output)
        else:
            if "discriminator" in players or self.loss.generator_uses_real:
                real_output = discriminate(real, training=True)
                real_logits = logits_of(real_output)
                added += getattr(discriminate, "added_losses", [])
            fake_output = discriminate(fake, training=True)
            added += getattr(discriminate, "added_losses", [])
        fake_logits = logits_of(fake_output)
        if "discriminator" in players:
            losses["discriminator"] = self.loss.discriminator(real_logits, fake_logits)
            losses["discriminator"] += tf.add_n([0.0, *added])
            if self.penalty is not None:
                judge, inputs = discriminate, (real, fake)
                if hasattr(discriminate, "penalized"):
                    judge, see = discriminate.penalized
                    inputs = see(real), see(fake)

                def logits(inputs, training):
                    return logits_of(judge(inputs, training=training))

                losses["discriminator"] += self.penalty(logits, *inputs, seed, self.steps)
            if self.controller is not None:
                logs["real_sign"] = adaptive.mean_sign(real_logits)
            logs["real_logits"] = tf.reduce_mean(real_logits)
            logs["fake_logits"] = tf.reduce_mean(fake_logits)
        if "generator" in players:
            losses["generator"] = self.loss.generator(real_logits, fake_logits)
        return losses, logs, (real_output, fake_output)

    def _log(self, players, logs, size):
        # A player's first gradients of a step count, at the weights with which it began.
        logged = self._logged[distribution.replica()]
        if not logged.isdisjoint(players):
            return
        logged.update(players)
        if self.controller:
            self.controller.receive(logs, size)
        for mean in self._seen_means:
            if mean.name in logs:
                mean.total.assign_add(distribution.weighted(size, logs[mean.name]))
                mean.count.assign_add(tf.cast(size, "float32"))

    def apply(self, gradients: dict[str, distribution.Gradients]) -> None:
        """Updates the players of a dict from name to `Gradients`, along the mean over replicas."""
        before = None
        for name, each in gradients.items():
            self.players[name].apply(each, after=before)
            before = self.players[name]

    def goes_on(self) -> bool | tf.Tensor:
        """Whether no gradient was left out, under `on_nan="stop"`."""
        if self.on_nan == "skip":
            return True
        left_out = [tf.convert_to_tensor(player.left_out) for player in self.players.values()]
        return tf.equal(tf.add_n(left_out), 0)

    def end_step(self) -> None:
        """Ends a step, outside the replicas."""
        self.steps.assign_add(1)
        self.rule.end_step(self)
        self._follow_generator()

    def end_epoch(self) -> None:
        """Ends an epoch, outside the replicas."""
        self.rule.end_epoch(self)
        self._follow_generator()

    def _follow_generator(self):
        updates = tf.convert_to_tensor(self.generator_player.optimizer.iterations)

        def follow():
            self.updates_followed.assign(tf.cast(updates, "int64"))
            if self.ema is not None:
                self.ema.follow(self.generator, tf.convert_to_tensor(self.samples_seen))
            if self.controller is not None:
                self.controller.end_update()

        tf.cond(updates != tf.convert_to_tensor(self.updates_followed), follow, lambda: None)

    def update(self) -> None:
        """Applies accumulated gradients, if any; call it yourself after `train_on_batch`."""
        with self.distribute_strategy.scope():
            self._end_epoch()

    def draw_latents(self, count: tf.Tensor | int, seed: tf.Tensor) -> tf.Tensor:
        """Draws float32 latents `(count, latent_dim)` from the standard normal prior.

        Args:
            count: Number of rows, an integer or a scalar tensor.
            seed: Integer tensor of shape `(2,)`, which determines the latents.
        """
        return tf.random.stateless_normal((count, self.latent_dim), seed)


def set_untracked(model, name, value):
    """Sets an attribute without Keras tracking it."""
    object.__setattr__(model, name, value)


def in_float32(outputs):
    """Returns tensors as float32, in which losses and penalties are computed."""
    return keras.tree.map_structure(lambda output: tf.cast(output, "float32"), outputs)


def added_losses(network):
    """Returns what the layers added to the loss in their latest call, without weight decay."""
    if not isinstance(network, keras.Layer):
        return []
    weights = sum(weight.regularizer is not None for weight in network.trainable_weights)
    losses = network.losses  # Keras puts those of the weights last.
    return losses[: len(losses) - weights]


def logits_of(output):
    """Returns the logits of a discriminator's output: a tensor, or a dict with `"logits"`."""
    return output["logits"] if isinstance(output, dict) else output
