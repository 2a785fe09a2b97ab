"""The range of a network's outputs, read from its last activation."""

import math

import keras

UNBOUNDED = (-math.inf, math.inf)
RANGES = {
    "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "imagerange": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
}
"""Ranges of the functions, layers and operations of these names."""

SAME_RANGE = ("Reshape", "Flatten", "Permute", "Transpose", "Identity", "UpSampling", "Cropping")


def of(network):
    """Returns the lowest and highest value that a network's (first) output can have."""
    return of_tensor(network.outputs[0])


def of_tensor(tensor):
    """Returns the range of a symbolic tensor, looking through layers that do not change it."""
    history = getattr(tensor, "_keras_history", None)
    return UNBOUNDED if history is None else _of_operation(history.operation, history.tensor_index)


def _of_operation(operation, index=0):
    if isinstance(operation, keras.Model):
        outputs = getattr(operation, "outputs", None)
        return of_tensor(outputs[index]) if outputs else UNBOUNDED
    if isinstance(operation, keras.layers.Wrapper):
        return _of_operation(operation.layer)
    kind = type(operation).__name__
    if kind == "Rescaling":
        return _scaled(_of_input(operation), operation.scale, operation.offset)
    if kind == "ReLU" and operation.max_value is not None:
        return 0.0, float(operation.max_value)
    activation = getattr(getattr(operation, "activation", None), "__name__", kind)
    if kind.startswith(SAME_RANGE) or (kind, activation) == ("Activation", "linear"):
        return _of_input(operation)
    return RANGES.get(activation.replace("_", "").lower(), UNBOUNDED)


def _of_input(operation):
    try:
        return of_tensor(operation.input)
    except AttributeError:  # A layer that is shared has several.
        return UNBOUNDED


def _scaled(bounds, scale, offset):
    if not all(isinstance(number, (int, float)) for number in (scale, offset)):
        return UNBOUNDED  # One number per channel.
    return tuple(sorted(bound * scale + offset for bound in bounds))
