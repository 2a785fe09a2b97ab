"""Checks of what a model is given: batches, labels, inputs of the generator."""

import contextlib
import logging
import math
import re
import types

import keras
import numpy as np
import tensorflow as tf

TOLERANCE = 1e-3
"""How far samples may lie outside the range of the generator."""

ENOUGH = 8
"""From so many samples on, images without a negative number are taken for images in [0, 1]."""

MARK = "geans: "


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
