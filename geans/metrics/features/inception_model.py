"""Layers of TensorFlow's Inception of 2015-12-05, and their tensors in its PyTorch port."""

import keras
import numpy as np

IMAGE_SHAPE = (299, 299, 3)
CLASSES = 1008
BATCH_NORM_EPSILON = 1e-3
# Independent of Keras' global settings.
LAYER_OPTIONS = {"data_format": "channels_last", "dtype": "float32"}
# Maximum number of names in an error message.
MOST_NAMES = 5


def build():
    """Returns the Keras model, without its weights, to "features" (n, 2048) and "logits" (n, 1008).

    Images have shape (n, 299, 299, 3), in [-1, 1]. `assign` folds batch normalisation into the
    convolutions.
    """
    images = keras.Input(IMAGE_SHAPE, dtype="float32")
    x = _convolution(images, "Conv2d_1a_3x3", 32, 3, 2, padding="valid")
    x = _convolution(x, "Conv2d_2a_3x3", 32, 3, padding="valid")
    x = _convolution(x, "Conv2d_2b_3x3", 64, 3)
    x = _max_pool(x, strides=2)
    x = _convolution(x, "Conv2d_3b_1x1", 80, 1)
    x = _convolution(x, "Conv2d_4a_3x3", 192, 3, padding="valid")
    x = _max_pool(x, strides=2)
    for letter, pooled in zip("bcd", (32, 64, 64), strict=True):
        x = _block_35(x, f"Mixed_5{letter}", pooled)
    x = _block_35_to_17(x, "Mixed_6a")
    for letter, width in zip("bcde", (128, 160, 160, 192), strict=True):
        x = _block_17(x, f"Mixed_6{letter}", width)
    x = _block_17_to_8(x, "Mixed_7a")
    x = _block_8(x, "Mixed_7b", _average_pool)
    # In the graph of 2015 the last block takes maxima, unlike the paper's and all later ones.
    x = _block_8(x, "Mixed_7c", _max_pool)
    pool_3 = keras.layers.GlobalAveragePooling2D(**LAYER_OPTIONS)(x)
    logits = keras.layers.Dense(CLASSES, use_bias=False, dtype="float32", name="fc")(pool_3)
    return keras.Model(images, {"features": pool_3, "logits": logits}, name="inception_2015_12_05")


def _convolution(x, name, filters, size, strides=1, *, padding="same"):
    return keras.layers.Conv2D(
        filters, size, strides, padding, activation="relu", name=name, **LAYER_OPTIONS
    )(x)


def _max_pool(x, strides=1):
    padding = "same" if strides == 1 else "valid"
    return keras.layers.MaxPooling2D(3, strides, padding, **LAYER_OPTIONS)(x)


def _average_pool(x):
    # TensorFlow's, and so Keras', does not count the padding, as PyTorch's default does.
    return keras.layers.AveragePooling2D(3, 1, "same", **LAYER_OPTIONS)(x)


def _branch(x, block, *convolutions):
    """Convolutions (name, filters, size[, strides]) in sequence; strided ones are unpadded."""
    for name, filters, size, *strides in convolutions:
        padding = "valid" if strides else "same"
        x = _convolution(x, f"{block}.{name}", filters, size, *strides, padding=padding)
    return x


def _concatenate(*branches):
    return keras.layers.Concatenate(axis=-1, dtype="float32")(branches)


def _block_35(x, name, pooled):
    return _concatenate(
        _branch(x, name, ("branch1x1", 64, 1)),
        _branch(x, name, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        _branch(
            x, name, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)
        ),
        _branch(_average_pool(x), name, ("branch_pool", pooled, 1)),
    )


def _block_35_to_17(x, name):
    return _concatenate(
        _branch(x, name, ("branch3x3", 384, 3, 2)),
        _branch(
            x,
            name,
            ("branch3x3dbl_1", 64, 1),
            ("branch3x3dbl_2", 96, 3),
            ("branch3x3dbl_3", 96, 3, 2),
        ),
        _max_pool(x, strides=2),
    )


def _block_17(x, name, width):
    return _concatenate(
        _branch(x, name, ("branch1x1", 192, 1)),
        _branch(
            x,
            name,
            ("branch7x7_1", width, 1),
            ("branch7x7_2", width, (1, 7)),
            ("branch7x7_3", 192, (7, 1)),
        ),
        _branch(
            x,
            name,
            ("branch7x7dbl_1", width, 1),
            ("branch7x7dbl_2", width, (7, 1)),
            ("branch7x7dbl_3", width, (1, 7)),
            ("branch7x7dbl_4", width, (7, 1)),
            ("branch7x7dbl_5", 192, (1, 7)),
        ),
        _branch(_average_pool(x), name, ("branch_pool", 192, 1)),
    )


def _block_17_to_8(x, name):
    return _concatenate(
        _branch(x, name, ("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2)),
        _branch(
            x,
            name,
            ("branch7x7x3_1", 192, 1),
            ("branch7x7x3_2", 192, (1, 7)),
            ("branch7x7x3_3", 192, (7, 1)),
            ("branch7x7x3_4", 192, 3, 2),
        ),
        _max_pool(x, strides=2),
    )


def _block_8(x, name, pool):
    single = _branch(x, name, ("branch3x3_1", 384, 1))
    double = _branch(x, name, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    return _concatenate(
        _branch(x, name, ("branch1x1", 320, 1)),
        _branch(single, name, ("branch3x3_2a", 384, (1, 3))),
        _branch(single, name, ("branch3x3_2b", 384, (3, 1))),
        _branch(double, name, ("branch3x3dbl_3a", 384, (1, 3))),
        _branch(double, name, ("branch3x3dbl_3b", 384, (3, 1))),
        _branch(pool(x), name, ("branch_pool", 192, 1)),
    )


def tensor_shapes(model):
    """Returns a dict from name to shape of the PyTorch port's tensors that the Keras model uses."""
    shapes = {"fc.weight": (CLASSES, 2048), "fc.bias": (CLASSES,)}
    for layer in _convolutions(model):
        height, width, channels, filters = layer.kernel.shape
        shapes[f"{layer.name}.conv.weight"] = (filters, channels, height, width)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{layer.name}.bn.{part}"] = (filters,)
    return shapes


def assign(model, tensors):
    """Puts the PyTorch port's tensors into the Keras model.

    Args:
        model: The model that `build` returns.
        tensors: Dict from the names of `tensor_shapes` to arrays; "num_batches_tracked" is ignored.

    Raises:
        ValueError: If a tensor is missing, left over, of another shape, or not of finite floats.
    """
    counts = ".bn.num_batches_tracked"
    tensors = {name: each for name, each in tensors.items() if not name.endswith(counts)}
    _check(tensors, tensor_shapes(model))
    for layer in _convolutions(model):
        layer.set_weights(_folded(tensors, layer.name))
    # Its bias is not used: logits without it are what the Inception score takes.
    model.get_layer("fc").set_weights([tensors["fc.weight"].T])


def _convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def _folded(tensors, name):
    """A convolution and its batch normalisation as one kernel and bias, rounded only at the end."""
    kernel = tensors[f"{name}.conv.weight"].astype("float64")
    scale, shift, mean, variance = (
        tensors[f"{name}.bn.{part}"].astype("float64")
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + BATCH_NORM_EPSILON)
    return [kernel.transpose(2, 3, 1, 0) * scale, shift - mean * scale]


def _check(tensors, shapes):
    common = [name for name in shapes if name in tensors]
    wrong = {
        "Missing": [name for name in shapes if name not in tensors],
        "Unknown": [name for name in tensors if name not in shapes],
        "Of another shape": [
            f"{name} {tensors[name].shape} for {shapes[name]}"
            for name in common
            if tensors[name].shape != shapes[name]
        ],
        "Not of finite floats, or negative variances": [
            name for name in common if not _is_sound(name, tensors[name])
        ],
    }
    if any(wrong.values()):
        found = " ".join(f"{what}: {_listed(names)}." for what, names in wrong.items() if names)
        raise ValueError(f"These are not the weights of inception-2015-12-05. {found}")


def _is_sound(name, tensor):
    lowest = 0 if name.endswith(".running_var") else -np.inf
    return tensor.dtype.kind == "f" and np.isfinite(tensor).all() and (tensor >= lowest).all()


def _listed(names):
    more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*names[:MOST_NAMES], *more])
