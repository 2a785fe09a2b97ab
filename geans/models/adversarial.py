"""The base class of all models: `compile`, `fit`, summary and saving."""

from __future__ import annotations

from typing import Any, NoReturn, Self

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import augment, distribution, losses, penalties, rules
from geans.models import (
    adaptive,
    checks,
    data_checks,
    execution,
    finiteness,
    learning_rates,
    network_checks,
    own_networks,
    resuming,
    saving,
)
from geans.models.game import Game, set_untracked
from geans.models.players import get_optimizer
from geans.types import Config, PathLike

checks.check_backend()

OBJECTS = ("generator", "discriminator", "rule")  # Arguments that a config holds serialized.


@keras.saving.register_keras_serializable(package="geans")
class AdversarialModel(Game):
    """A generator and a discriminator, trained against each other by `fit`.

    Subclasses override `compute_losses` and, for labels or pairs, `unpack`; not `train_step`.

    Args:
        generator: `keras.Model` from latents `(batch, latent_dim)` to samples. A subclassed one
            must have been called on a batch.
        discriminator: `keras.Model`, likewise, from samples to raw logits of any shape.
        update: `"accumulate"` gradients within windows, `"pullback"` at the end of each,
            `"extragradient"` or `"svre"`.
        update_every: 1 for `rules.EveryStep` and `rules.Extragradient`; a number of steps,
            `"epoch"` or a schedule of the number of steps for `rules.Window` and `rules.SVRE`; the
            windows of `rules.Pullback`.
        order: `"simultaneous"` or `"alternating"`.
        discriminator_steps: Discriminator updates per generator update; 1 if `"simultaneous"`.
        reuse_fakes: Whether an alternating step generates samples once, for both players.
        rule: Object of `geans.rules` instead of these five.
        ema_half_life: Samples that halve a weight's share in the EMA generator; `None` for no EMA.
        seed: Integer that determines all latents of the training; `None` draws one, which
            `keras.utils.set_random_seed` determines.
        name: Name of the model.

    Raises:
        ValueError: If the networks do not fit each other or an argument is invalid.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        update: str = "accumulate",
        update_every: rules.Every = 1,
        order: str = "alternating",
        discriminator_steps: int = 1,
        reuse_fakes: bool = False,
        rule: rules.Rule | None = None,
        ema_half_life: float | None = 20_000,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        self.check_networks(generator, discriminator)
        checks.check_rule(rule)
        arguments = update, update_every, order, discriminator_steps, reuse_fakes
        rule = rule or rules.of_arguments(*arguments)
        if ema_half_life is not None:
            checks.check_positive("ema_half_life", ema_half_life)
        checks.check_seed(seed)
        super().__init__(generator, discriminator, rule, ema_half_life, seed, name=name)

    training_data = None
    """What `fit` was given, for observers while it runs."""

    def compile(
        self,
        generator_optimizer: str | Config | keras.Optimizer | None = None,
        discriminator_optimizer: str | Config | keras.Optimizer | None = None,
        loss: losses.Identifier = "non_saturating",
        penalty: penalties.Identifier | None = None,
        *,
        augmentation: Any = None,
        jit_compile: bool = False,
        on_nan: str = "stop",
        steps_per_execution: int | str | None = "auto",
        **kwargs: Any,
    ) -> None:
        """Configures the training.

        Args:
            generator_optimizer: Optimizer or name, of Keras or `geans.optimizers`; `None` is
                `Adam(2e-4, beta_1=0.5)` of Keras (Radford et al. 2016).
            discriminator_optimizer: Likewise; must be a different object.
            loss: Name or object of `geans.losses`.
            penalty: Object of `geans.penalties`, or `None`.
            augmentation: Name or object of `geans.augment`, or random image layers of Keras, for
                all images the discriminator sees.
            jit_compile: Whether to compile the gradients with XLA.
            on_nan: A NaN or an infinity skips the update; `"stop"` then raises a
                `FloatingPointError`, `"skip"` continues.
            steps_per_execution: Steps per call of the compiled loop, after each of which callbacks
                see the batch. `"auto"` is several if steps are short and no callback would notice.
            **kwargs: `run_eagerly`, as in Keras.

        Raises:
            ValueError: If a name is unknown or both players share an optimizer.
        """
        checks.check_compile_arguments(kwargs, steps_per_execution)
        networks = (self.generator, self.discriminator)
        given = (generator_optimizer, discriminator_optimizer)
        optimizers = list(map(get_optimizer, given, networks))
        checks.check_optimizers(*optimizers)
        checks.check_on_nan(on_nan)
        checks.check_jit_compile(jit_compile, self.rule)
        checks.check_precision(networks)
        # By default compile() makes an RMSprop that is never used. XLA around the whole step would
        # include the update of all replicas, and fail.
        self.chooses_steps = steps_per_execution in ("auto", None)
        kwargs["steps_per_execution"] = 1 if self.chooses_steps else steps_per_execution
        super().compile(optimizer=None, jit_compile=False, **kwargs)
        checks.check_distribution(self, networks, jit_compile, self.steps_per_execution)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            distribution.synchronize_batch_norms(networks)
        self.loss, self.penalty = losses.get(loss), penalties.get(penalty)
        self.augmentation = augment.get(augmentation)
        shape = self.sampling_network(ema=False).output_shape
        checks.check_augmentation(self.augmentation, shape, jit_compile)
        self.on_nan = on_nan
        discriminators = [self.discriminator, *getattr(self.discriminator, "layers", ())]
        separate = list(filter(network_checks.judges_separately, discriminators))
        set_untracked(self, "separate_discriminators", separate)
        parts = {id(each): own_networks.parts(each) for each in discriminators}
        parts = {key: found for key, found in parts.items() if found}
        set_untracked(self, "discriminator_parts", parts)
        self.jit_compile_gradients = bool(jit_compile) and not self.run_eagerly
        with self.distribute_strategy.scope():
            self.controller = None
            if isinstance(self.augmentation, augment.Adaptive):
                self.controller = adaptive.StrengthController(self.augmentation, self.loss)
            self.find_trained_variables()
        self._set_optimizers(*optimizers)

    def _set_optimizers(self, *optimizers):
        players = (self.generator_player, self.discriminator_player)
        with self.distribute_strategy.scope():
            for player, optimizer in zip(players, optimizers, strict=True):
                player.set_optimizer(optimizer)
            self.updates_followed.assign(tf.cast(optimizers[0].iterations, "int64"))
        compute = self.compute_gradients
        if self.jit_compile_gradients:
            compute = tf.function(compute, autograph=False, jit_compile=True)
        self._gradient_function = compute
        self._end_epoch = tf.function(self.end_epoch, autograph=False)
        self.train_function = None

    @property
    def optimizer(self) -> learning_rates.BothOptimizers | None:
        """Both optimizers under one learning rate, for Keras' callbacks."""
        optimizers = self.generator_optimizer, self.discriminator_optimizer
        return learning_rates.BothOptimizers(*optimizers) if self.compiled else None

    @optimizer.setter
    def optimizer(self, optimizer):
        """Takes the None that `compile` passes to Keras."""

    @property
    def generator_optimizer(self) -> keras.Optimizer:
        """The generator's optimizer; a new one may be set after `compile`."""
        return self.generator_player.optimizer

    @generator_optimizer.setter
    def generator_optimizer(self, optimizer):
        self._replace_optimizers(optimizer, self.discriminator_optimizer)

    @property
    def discriminator_optimizer(self) -> keras.Optimizer:
        """The discriminator's optimizer; a new one may be set after `compile`."""
        return self.discriminator_player.optimizer

    @discriminator_optimizer.setter
    def discriminator_optimizer(self, optimizer):
        self._replace_optimizers(self.generator_optimizer, optimizer)

    def _replace_optimizers(self, *optimizers):
        if not self.compiled:
            raise ValueError("Pass the optimizers to compile(); later they can be replaced.")
        networks = (self.generator, self.discriminator)
        optimizers = list(map(get_optimizer, optimizers, networks))
        checks.check_optimizers(*optimizers)
        self._set_optimizers(*optimizers)

    def fit(
        self,
        x: Any = None,
        y: npt.ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains both players.

        Args:
            x: Batched `tf.data.Dataset`, generator or `keras.utils.PyDataset` of float samples, or
                an array: images in [-1, 1], or what the generator's last activation can make.
            y: Labels of an array; ignored, like those of a dataset.
            batch_size: Batch size for arrays, 32 by default; under GEAN the micro-batch.
            epochs, verbose: As in Keras.
            **kwargs: `callbacks`, `shuffle`, `initial_epoch`, `steps_per_epoch`, as in Keras. With
                `geans.callbacks.Checkpoint` an interrupted training resumes exactly. Callbacks of
                the learning rate multiply both players' by the same factor.

        Returns:
            `keras.callbacks.History` of epoch means: `generator_loss`, `discriminator_loss` (with
            penalty), `real_logits`, `fake_logits` and, if adaptive, `augmentation_strength`.

        Raises:
            ValueError: If the data are invalid; before the first step, or before the step whose
                batch is invalid.
        """
        if not self.compiled:
            raise ValueError("Call compile() before fit(): it sets the optimizers and the loss.")
        checks.check_fit_arguments({"epochs": epochs, "batch_size": batch_size, **kwargs})
        y = np.asarray(y) if isinstance(y, (list, tuple)) else y
        x, first = data_checks.check_data(self, x, y, kwargs.get("steps_per_epoch"))
        callbacks = getattr(kwargs.get("callbacks"), "callbacks", kwargs.get("callbacks"))
        observers = resuming.in_order(keras.tree.flatten(callbacks or []))
        self.optimizer.check(observers)  # type: ignore[union-attr]
        if any(map(checks.saves_model, observers)):
            self.check_savable()
        own = [rules.EpochUpdate()] if type(self.rule).end_epoch is not rules.Rule.end_epoch else []
        own.append(finiteness.FiniteWatch())
        kwargs |= {"y": y, "batch_size": batch_size, "epochs": epochs, "verbose": verbose}
        kwargs["callbacks"] = [*own, *observers]
        set_untracked(self, "training_data", x)
        if self.chooses_steps:
            self.steps_per_execution = execution.steps_at_once(self, observers, x, first, kwargs)
        try:
            with (
                data_checks.plain_errors(),
                finiteness.idle_epochs_ignored(observers),
                resuming.resumed(self, x, kwargs) as x,
            ):
                return super().fit(self.with_batch_positions(x), **kwargs)
        finally:
            set_untracked(self, "training_data", None)

    def train_on_batch(
        self, x: Any, y: npt.ArrayLike | None = None, *, return_dict: bool = False, **kwargs: Any
    ) -> list[float] | dict[str, float]:
        """Trains one step on one batch; `update()` ends a window or an epoch.

        Args:
            x, y: Samples and labels, as in `fit`.
            return_dict: Whether to return a dict by name rather than a list.
            **kwargs: Arguments of Keras for targets, which are invalid here.

        Returns:
            Means of what `fit` logs, since `reset_metrics()`.

        Raises:
            ValueError: If the batch is invalid.
            FloatingPointError: If a loss or a gradient is not finite, unless `on_nan="skip"`.
        """
        checks.check_fit_arguments(kwargs)
        y = np.asarray(y) if isinstance(y, (list, tuple)) else y
        self.check_batch(x if y is None else (x, y), "The batch")
        with data_checks.plain_errors():
            logs = super().train_on_batch(x, y, return_dict=return_dict)
        finiteness.stop_or_warn(self)
        return logs

    def test_step(self, data: Any) -> NoReturn:
        """Raises an error: samples have no targets to evaluate against."""
        raise ValueError(
            "An adversarial model has no loss that says how good it is. Draw samples with sample() "
            "and measure them with geans.metrics."
        )

    # What a family may override

    def check_batch(self, batch: Any, what: str) -> None:
        """Raises a `ValueError` if a batch does not fit the networks; called before the first step.

        Args:
            batch: Samples or a tuple of samples and labels: arrays, tensors or `tf.TensorSpec`s.
            what: Description of the batch for the error message.
        """
        samples, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        data_checks.check_samples(samples, self.generator.output_shape, self.sample_range, what)

    check_networks = staticmethod(network_checks.check_networks)
    """Raises a `ValueError` if the networks do not fit each other or the model."""

    def summary(self, **kwargs: Any) -> None:
        """Prints the update rule and both networks; arguments as in `keras.Model.summary`."""
        print_line = kwargs.get("print_fn") or print
        print_line(f"{type(self).__name__} {self.name!r}: {self.rule.description}")
        for network in (self.generator, self.discriminator):
            network.summary(**kwargs)

    def save(self, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the model to a `.keras` file, from which training continues exactly."""
        checks.check_file_name(filepath)
        self.check_savable()
        super().save(filepath, overwrite, **kwargs)

    def check_savable(self) -> None:
        """Raises a `ValueError` if the networks could not be loaded from a saved model."""
        own_networks.check_savable(self.generator, "generator")
        own_networks.check_savable(self.discriminator, "discriminator")

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        objects = {name: serialize(getattr(self, name)) for name in OBJECTS}
        return objects | {name: getattr(self, name) for name in ("ema_half_life", "seed", "name")}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Creates a model from its config."""
        objects = {name: keras.saving.deserialize_keras_object(config[name]) for name in OBJECTS}
        return cls(**{**config, **objects})

    def get_compile_config(self) -> Config:
        """Returns the arguments of `compile`, so that a loaded model has its optimizers."""
        return saving.compile_config(self) if self.compiled else {}

    def compile_from_config(self, config: Config) -> None:
        """Compiles the model from a compile config."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store: Any) -> None:
        """Saves the model's counters and the networks' random states."""
        saving.save(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        saving.load(self, store)
