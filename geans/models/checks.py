"""Checks of arguments and data before training."""

import contextlib
import logging
import math
import re
import types

import keras
import numpy as np
import tensorflow as tf

from geans import rules, values
from geans.distribution import batch_norms
from geans.models.finiteness import ON_NAN

MOST_SAMPLES = 10**7
"""More than this `sample` does not draw at once."""

TOLERANCE = 1e-3
"""How far samples may lie outside the range of the generator."""

ENOUGH = 8
"""From so many samples on, images without a negative number are taken for images in [0, 1]."""

MARK = "geans: "

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


def check_spec(real, input_shape):
    """Raises if a batch (tensor or `tf.TensorSpec`) does not fit the discriminator's input."""
    if not hasattr(real, "dtype") or not hasattr(real, "shape"):
        hint = f" with the keys {sorted(real)}" if isinstance(real, dict) else ""
        raise ValueError(
            "Each batch must be a tensor of samples, or (samples, labels). Received: a "
            f"{type(real).__name__}{hint}. Map the dataset to its samples first."
        )
    dtype = np.dtype(getattr(real.dtype, "as_numpy_dtype", real.dtype))
    # bfloat16 is of kind "V" to NumPy.
    if dtype.kind not in "fV" or not tf.as_dtype(dtype).is_floating:
        raise ValueError(
            f"Samples must be floats, images in [-1, 1]. Received: {dtype.name}. "
            "geans.data.images.from_arrays(images) converts uint8 images."
        )
    if not tf.TensorShape(input_shape).is_compatible_with(real.shape):
        raise ValueError(
            f"The discriminator takes batches of shape {tuple(input_shape)}. "
            f"Received samples of shape {tuple(real.shape)}."
        )


def check_inputs(inputs, generator):
    """Raises if the inputs (latents, conditions) do not fit the generator."""
    given, wanted = keras.tree.flatten(inputs), generator.inputs
    names = ", ".join(f"{each.name} {tuple(each.shape)}" for each in wanted)
    if len(given) != len(wanted) or not all(hasattr(each, "shape") for each in given):
        raise ValueError(
            f"The generator takes arrays or tensors: {names}. Received: {type(inputs).__name__}."
        )
    for each, tensor in zip(given, wanted, strict=True):
        if not tf.TensorShape(tensor.shape).is_compatible_with(each.shape):
            raise ValueError(
                f"The generator takes {names}. Received: {tuple(each.shape)} for {tensor.name}."
            )


def check_data(model, x, y, steps_per_epoch):
    """Checks all of an array, or the first batch of other data, with the model's `check_batch`.

    Later batches are checked in their steps. Returns the data, a generator from its start, and
    their first batch: of an array all, `None` if unknown.
    """
    if x is None or isinstance(x, (str, bytes, dict, list, tuple, int, float, np.generic)):
        raise ValueError(
            "fit() needs samples: an array or a batched tf.data.Dataset. Received: a "
            f"{type(x).__name__}."
        )
    if model.sample_range == (0, 1) and len(model.generator.outputs[0].shape) == 4:
        logging.getLogger(__name__).warning(
            "The generator ends in a sigmoid, so its images are in [0, 1]; geans' pictures and "
            "metrics take images in [-1, 1]. End it in tanh and scale images by x / 127.5 - 1."
        )
    if isinstance(x, (np.ndarray, tf.Tensor)):
        if len(x) == 0:
            raise ValueError(f"The dataset is empty. Received an array of shape {x.shape}.")
        model.check_batch(x if y is None else (x, y), "The array")
        return x, x
    if isinstance(x, tf.data.Dataset):
        _check_cardinality(x, model.rule.waits_for_epoch_end, steps_per_epoch)
        model.check_batch(x.element_spec, "The dataset")
        # A dataset from a generator need not know its shapes.
        first = next(iter(x.take(1)), None)
    elif isinstance(x, keras.utils.PyDataset):
        first = x[0]
    elif isinstance(x, types.GeneratorType):
        first = next(x, None)
        x = _from_start(first, x)
    else:
        return x, None
    if first is None:
        raise ValueError("The dataset is empty: it ended before its first batch.")
    model.check_batch(first, "The first batch")
    return x, first


def _from_start(first, others):
    yield first
    yield from others


def check_samples(samples, shape, bounds, what):
    """Raises if type, shape or values do not fit; `bounds` is the range of the values."""
    check_spec(samples, shape)
    if not isinstance(samples, tf.TensorSpec):
        _check_values(np.asarray(samples), bounds, what)


def check_labels(labels, num_classes, what):
    """Raises if labels (array, tensor or `tf.TensorSpec`) are not integers below `num_classes`."""
    dtype = np.dtype(getattr(labels.dtype, "as_numpy_dtype", labels.dtype))
    if len(labels.shape) != 1 or dtype.kind not in "iu":
        raise ValueError(
            f"{what} must have integer labels of shape (batch,). Received: {dtype.name} of shape "
            f"{tuple(labels.shape)}. np.argmax(labels, axis=1) makes them of one-hot ones."
        )
    if isinstance(labels, tf.TensorSpec):
        return
    values_ = np.asarray(labels)
    if values_.size and not 0 <= values_.min() <= values_.max() < num_classes:
        raise ValueError(
            f"{what} must have labels from 0 to {num_classes - 1}, as num_classes={num_classes} "
            f"says. Received: {values_.min()} to {values_.max()}."
        )


def one_label_each(labels, count, num_classes, what):
    """Returns integers `(count,)` below `num_classes`, from one label for all or one for each."""
    if tf.is_symbolic_tensor(labels):  # In an exported model.
        valid = tf.reduce_all((labels >= 0) & (labels < num_classes))
        tf.debugging.Assert(
            valid, [f"{what} must be from 0 to {num_classes - 1}. Received:", labels]
        )
        return tf.broadcast_to(labels, [count])
    labels = np.asarray(labels)
    labels = np.full(count, labels) if labels.ndim == 0 else labels
    check_labels(labels, num_classes, what)
    if len(labels) != count:
        raise ValueError(f"{count} samples need as many {what}. Received: {len(labels)}.")
    return labels


def _check_cardinality(dataset, needs_epoch_end, steps_per_epoch):
    cardinality = int(dataset.cardinality())
    if cardinality == 0:
        raise ValueError("The dataset is empty: its cardinality is 0.")
    if cardinality == tf.data.INFINITE_CARDINALITY and steps_per_epoch is None:
        who = "update_every='epoch'" if needs_epoch_end else "fit()"
        raise ValueError(
            f"{who} needs to know where an epoch ends, but the dataset is infinite. "
            "Pass steps_per_epoch to fit()."
        )


def _check_values(values, bounds, what):
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise ValueError(f"{what} holds NaN or infinity, first in sample {index}.")
    low, high = bounds
    least, most = float(values.min()), float(values.max())
    unscaled = (low, high) == (-1, 1) and least >= 0 and most > 0 and len(values) >= ENOUGH
    if least < low - TOLERANCE or most > high + TOLERANCE or unscaled:
        raise ValueError(
            f"{what} reaches from {least:g} to {most:g}, but the generator's last activation can "
            f"only make samples in [{low:g}, {high:g}]. {_advice(low, high, least, most)}"
        )


def _advice(low, high, least, most):
    """Returns what to do with samples from `least` to `most` to use all of a range."""
    formulas = {
        (-1, 1): "x / 127.5 - 1" if most > 1 else "2 * x - 1",
        (0, 1): "x / 255" if most > 1 else "(x + 1) / 2",
    }
    formula = formulas.get((low, high))
    if formula is None or least < min(low, -1) - TOLERANCE or most > 255:
        return "Scale the samples to that range, or change the activation."
    return f"Scale images by {formula}."


def in_range(samples, bounds, *, finite):
    """Returns a batch; raises within a graph, before it is used, if a value is out of bounds.

    With `finite`, NaN and infinity are out of bounds as well.
    """
    low, high = bounds
    if finite:
        numbers = tf.reduce_all(tf.math.is_finite(samples))
        samples = _ensured(samples, numbers, "A batch holds NaN or infinity.")
    if not math.isfinite(low) and not math.isfinite(high):
        return samples
    least, most = tf.reduce_min(samples), tf.reduce_max(samples)
    # NaN is not outside, nor are the least and the most of an empty batch.
    outside = (low - TOLERANCE > least) | (most > high + TOLERANCE)
    message = f"A batch reaches from {{}} to {{}}, but the generator makes [{low:g}, {high:g}]."
    return _ensured(samples, ~outside, message, least, most)


def labels_in_range(labels, num_classes):
    """Returns a batch of labels; raises within a graph if one is not below `num_classes`."""
    inside = tf.reduce_all((labels >= 0) & (labels < num_classes))
    message = f"A batch has labels from {{}} to {{}}, but num_classes={num_classes}."
    return _ensured(labels, inside, message, tf.reduce_min(labels), tf.reduce_max(labels))


def _ensured(tensor, condition, message, *numbers):
    def fail():
        text = tf.strings.format(MARK + message, numbers)
        with tf.control_dependencies([tf.debugging.Assert(False, [text])]):
            return tf.constant(0)

    with tf.control_dependencies([tf.cond(condition, lambda: tf.constant(0), fail)]):
        return tf.identity(tensor)


@contextlib.contextmanager
def plain_errors():
    """Raises as a `ValueError` what a check within a graph has found."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(MARK + r"(.*?\.)(?=[\]'\n])", str(error))
        if not found:
            raise
        raise ValueError(f"{found[1]} The weights are those before it.") from None


def check_augmentation(augmentation, shape):
    """Raises if the samples, one output or a list, cannot be augmented."""
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
