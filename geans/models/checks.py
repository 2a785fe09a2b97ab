"""Checks of arguments before training."""

import keras
import tensorflow as tf

from geans import rules, values
from geans.distribution import batch_norms
from geans.models.finiteness import ON_NAN

MOST_SAMPLES = 10**7
"""More than this `sample` does not draw at once."""

OPTIMIZER_NUMBERS = {"learning_rate", "beta_1", "beta_2", "rho", "momentum", "epsilon"}
OPTIMIZER_NUMBERS |= {"weight_decay", "clipnorm", "clipvalue", "global_clipnorm"}


def check_backend():
    """Raises if Keras does not run on TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"geans trains on the TensorFlow backend. Received: {keras.backend.backend()!r}. "
            "Set KERAS_BACKEND=tensorflow before Keras is imported."
        )


def check_rule(rule):
    """Raises if `rule` is not an update rule, or already belongs to a model."""
    if rule is not None and not isinstance(rule, rules.Rule):
        raise ValueError(f"rule must be an object of geans.rules. Received: rule={rule!r}.")
    if rule is not None and rule.weights:
        raise ValueError(
            f"A rule keeps the state of one model. Make another: {type(rule).__name__}(...)."
        )


def check_positive(name, value):
    """Raises if `value` is not a positive number."""
    if not values.is_number(value) or value <= 0:
        raise ValueError(f"{name} must be a positive number. Received: {name}={value!r}.")


def check_compile_arguments(arguments, steps):
    """Raises if `compile` gets an argument of Keras that it does not support."""
    unknown = sorted(set(arguments) - {"run_eagerly"})
    if unknown:
        raise ValueError(
            f"compile() of an adversarial model does not take {', '.join(unknown)}. It takes "
            "generator_optimizer, discriminator_optimizer, loss, penalty, augmentation, "
            "jit_compile, run_eagerly and steps_per_execution."
        )
    if steps not in ("auto", None) and not values.is_count(steps):
        raise ValueError(
            "steps_per_execution must be 'auto', or 1 or more. Received: "
            f"steps_per_execution={steps!r}."
        )


def check_fit_arguments(arguments):
    """Raises if `fit` gets an argument of Keras that it would silently ignore."""
    targets = ("validation_data", "validation_split", "class_weight", "sample_weight")
    unknown = [name for name in targets if not _is_nothing(arguments.get(name))]
    if unknown:
        raise ValueError(
            f"fit() of an adversarial model has no meaning for {', '.join(unknown)}: there is no "
            "target to compare with. Evaluate samples in a callback instead."
        )
    for name in ("epochs", "batch_size", "steps_per_epoch"):
        if arguments.get(name) is not None and not values.is_count(arguments[name]):
            raise ValueError(f"{name} must be 1 or more. Received: {name}={arguments[name]!r}.")
    first = arguments.get("initial_epoch", 0)
    if not values.is_integer(first) or first < 0:
        raise ValueError(f"initial_epoch must be 0 or more. Received: initial_epoch={first!r}.")
    for callback in keras.tree.flatten(arguments.get("callbacks") or []):
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                f"callbacks must be objects of keras.callbacks.Callback. Received: {callback!r}."
            )
        if saves_model(callback):
            check_file_name(callback.filepath)


def saves_model(callback):
    """Whether a callback saves whole models."""
    saves = isinstance(callback, keras.callbacks.ModelCheckpoint)
    return saves and not callback.save_weights_only


def check_file_name(path):
    """Raises a `ValueError` if a model cannot be saved to a file of that name."""
    if str(path).endswith((".h5", ".hdf5")):
        raise ValueError(
            "A geans model is saved to a .keras file, which holds all that training needs to "
            f"continue; .h5 files do not. Received: {str(path)!r}."
        )


def check_optimizers(*optimizers):
    """Raises if the players share an optimizer, or one accumulates gradients or keeps an EMA."""
    if len({id(optimizer) for optimizer in optimizers}) < len(optimizers):
        raise ValueError(
            "Each player needs an optimizer of its own, but generator_optimizer and "
            f"discriminator_optimizer are the same object: {optimizers[0]!r}."
        )
    for optimizer in optimizers:
        if optimizer.gradient_accumulation_steps:
            raise ValueError(
                "gradient_accumulation_steps of an optimizer and the update rule do not go "
                f"together. Received: {optimizer.gradient_accumulation_steps}. Pass update_every "
                "to geans.GEAN instead."
            )
        if optimizer.use_ema:
            raise ValueError(
                "The average of an optimizer with use_ema=True would never be used. Pass "
                "ema_half_life to the model instead."
            )
        _check_numbers(optimizer)


def _check_numbers(optimizer):
    # Keras takes anything here, and fails, or writes NaN, in the first update.
    for name, value in optimizer.get_config().items():
        if name not in OPTIMIZER_NUMBERS or value is None or isinstance(value, (bool, dict)):
            continue
        if not values.is_number(value) or value < 0:
            raise ValueError(
                f"{name} of an optimizer must be a finite number, 0 or more. "
                f"Received: {name}={value!r} in {type(optimizer).__name__}."
            )


def check_jit_compile(jit_compile, rule):
    """Raises if XLA cannot compile the gradients of a rule."""
    if jit_compile and getattr(rule, "reuse_fakes", False):
        raise ValueError(
            "With jit_compile, XLA computes the gradients of a turn by itself, without the samples "
            "of another. Pass jit_compile=False, or reuse_fakes=False to the model."
        )


def check_on_nan(on_nan):
    """Raises if `on_nan` is invalid."""
    if on_nan not in ON_NAN:
        raise ValueError(f"on_nan must be one of {', '.join(ON_NAN)}. Received: on_nan={on_nan!r}.")


def check_precision(networks):
    """Raises if a network's weights are not float32, as they are in mixed precision too."""
    for weight in (weight for network in networks for weight in network.weights):
        if "float" in weight.dtype and weight.dtype != "float32":
            raise ValueError(
                f"geans trains weights in float32. Received: {weight.path!r} in {weight.dtype}. "
                "Make the networks under the policy 'float32', 'mixed_bfloat16' or 'mixed_float16':"
                " keras.config.set_dtype_policy(...)."
            )


def check_distribution(model, networks, jit_compile, steps_per_execution):
    """Raises if the `tf.distribute` strategy does not support an argument."""
    strategy = model.distribute_strategy
    with strategy.scope():
        if not tf.distribute.has_strategy():
            return
    names = ("MirroredStrategy", "MultiWorkerMirroredStrategy", "OneDeviceStrategy")
    if not isinstance(strategy, tuple(getattr(tf.distribute, name) for name in names)):
        raise ValueError(
            f"geans trains under {', '.join(names)}. Received: {type(strategy).__name__}."
        )
    for network in networks:
        for variable in network.variables:
            if not strategy.extended.variable_created_in_scope(variable.value):
                raise ValueError(
                    f"{network.name} was made outside the scope of the strategy, so its variable "
                    f"{variable.path} is on one device only. Make the networks and the model, and "
                    "call compile(), within `with strategy.scope():`."
                )
    replicas = strategy.num_replicas_in_sync
    if steps_per_execution > 1 and replicas > 1:
        raise ValueError(
            f"On {replicas} replicas Keras fails to run several steps in one call. Received: "
            f"steps_per_execution={steps_per_execution}. Leave it at 1."
        )
    if jit_compile and replicas > 1 and batch_norms(networks):
        raise ValueError(
            f"With jit_compile, XLA computes the gradients on each of the {replicas} replicas by "
            "itself, but batch normalisation takes its statistics from all. Pass "
            "jit_compile=False, or use networks without batch normalisation."
        )


def check_augmentation(augmentation, shape, jit_compile):
    """Raises if the samples, one output or a list, cannot be augmented, or not within XLA."""
    if jit_compile and not getattr(augmentation, "supports_jit", True):
        raise ValueError(
            "XLA cannot compile these layers of Keras. Received: jit_compile=True. Pass "
            "jit_compile=False, or augmentation='ada'."
        )
    if augmentation is not None:
        for each in shape if isinstance(shape, list) else [shape]:
            sides = [side or 16 for side in each[1:]]  # None is any.
            augmentation(tf.zeros((1, *sides)), tf.zeros(2, "int64"))


def check_sampling(count, seed, batch_size):
    """Raises if a number of samples, the batch size or the seed is invalid."""
    if not values.is_count(count, MOST_SAMPLES):
        raise ValueError(
            f"count must be 1 or more, at most {MOST_SAMPLES:,}. Received: count={count!r}. For "
            "more samples, draw several times with different seeds."
        )
    if not values.is_count(batch_size):
        raise ValueError(f"batch_size must be 1 or more. Received: batch_size={batch_size!r}.")
    check_seed(seed)


def check_seed(seed):
    """Raises if `seed` is not an integer of 63 bits, or `None`."""
    if seed is not None and not (values.is_integer(seed) and abs(seed) < 2**63):
        raise ValueError(f"seed must be an integer, or None. Received: seed={seed!r}.")


def _is_nothing(value):
    return value is None or (isinstance(value, float) and value == 0.0)
