"""Export of a generator: as a SavedModel, or a file for LiteRT, ONNX or Keras.

All but the last are loaded without Keras and geans.
"""

import collections
import functools
import importlib.util
import itertools
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from geans import files
from geans.types import PathLike

CALIBRATION_SAMPLES = 256
"""Samples from which the ranges of an int8 file's activations are taken."""


def saved_model(model: keras.Model, path: PathLike, *, ema: bool = True) -> None:
    """Writes a SavedModel; the object that TensorFlow loads from it has these functions.

    - `serving_default`: the generator's inputs, such as float32 latents `(batch, latent_dim)` (and
      labels, or the images of a translation), to samples `(batch, ...)`. It is the only signature,
      so `tf.lite.TFLiteConverter.from_saved_model(path)` needs no options. (LiteRT lacks operations
      of `networks.video`.)
    - `sample(count, seed)`: the samples of `model.sample(count, seed)`; not for translations. With
      labels `sample(count, seed, labels)`, and with the codes of an InfoGAN `category=` and
      `continuous=`: one for all or one for each, as in `model.sample`.

    Args:
        model: A `geans` model.
        path: Directory to create; it must be new or empty.
        ema: Whether to write the EMA generator, if there is one, or the raw generator.

    Raises:
        ValueError: If `model` or `path` is invalid.

    Example:
        >>> import tempfile
        >>> from geans import GAN, export, networks
        >>> model = GAN(networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export.saved_model(model, folder)
        ...     loaded = tf.saved_model.load(folder)
        ...     loaded.sample(3, 0).shape
        TensorShape([3, 2])
    """
    network = _network(model, ema)
    path = files.path_of(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} exists. Pass a new or an empty directory to export into.")
    inputs = model.sampling_network(ema=False).inputs  # Copies have names of their own.
    signature = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in inputs]

    @tf.function(input_signature=signature, autograph=False)
    def generate(*inputs):
        return network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    served = tf.Module()
    served.weights = [variable.value for variable in network.variables]
    served.serving_default = generate
    if model.draws_samples:
        served.sample = _sampler(model, generate)
    tf.saved_model.save(served, str(path), {"serving_default": generate})


def litert(model: keras.Model, path: PathLike, *, ema: bool = True, int8: bool = False) -> None:
    """Writes a `.tflite` file, for phones, browsers and microcontrollers.

    Its one signature has the names of the generator's inputs, such as `latents` and `labels`, and
    the output `output_0`. (LiteRT lacks operations of `networks.video`.)

    Args:
        model, ema: As in `saved_model`.
        path: File to write, which must not exist.
        int8: Whether weights and activations are integers of 8 bits, whose ranges are taken from
            samples: a quarter of the size, and not quite the same images. Inputs and outputs stay
            floats.

    Raises:
        ValueError: If `model` or `path` is invalid.
    """
    network = _network(model, ema)
    options: dict[str, Any] = {}
    if int8:
        inputs = keras.tree.flatten(model.sampling_inputs(CALIBRATION_SAMPLES, 0))
        names = [each.name for each in model.generator.inputs]
        samples = [
            {name: np.asarray(part[i : i + 1]) for name, part in zip(names, inputs, strict=True)}
            for i in range(CALIBRATION_SAMPLES)
        ]
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: iter(samples)
    with _new_file(path, ".tflite") as unfinished, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter", UserWarning)  # Calibrates.
        network.export(unfinished, "litert", verbose=False, **options)


def onnx(model: keras.Model, path: PathLike, *, ema: bool = True) -> None:
    """Writes an `.onnx` file, whose inputs have the names of the generator's.

    Args:
        model, ema, path: As in `litert`.

    Raises:
        ValueError: If `model` or `path` is invalid, or the packages of `geans[onnx]` are missing.
    """
    _check_model(model)
    network_to_onnx(model.sampling_network(ema), path)


def network_to_onnx(network: keras.Model, path: PathLike) -> None:
    """Writes a Keras model as `.onnx` file; as `onnx` does it with a generator."""
    if importlib.util.find_spec("tf2onnx") is None:
        raise ValueError('ONNX needs packages that are not installed: pip install "geans[onnx]".')
    network = _convertible(network)
    zeros = [tf.zeros([side or 1 for side in each.shape], each.dtype) for each in network.inputs]
    network(zeros if len(zeros) > 1 else zeros[0])  # Keras exports only what was called once.
    with _new_file(path, ".onnx") as unfinished:
        network.export(unfinished, "onnx", verbose=False)


def keras_file(model: keras.Model, path: PathLike, *, ema: bool = True) -> None:
    """Writes the generator as a `.keras` file, for `keras.saving.load_model`.

    Generators with layers of `geans`, such as those of `networks.style`, need `import geans` before
    they are loaded. `model.save` keeps the discriminator and optimizers too.

    Args:
        model, ema, path: As in `litert`.

    Raises:
        ValueError: If `model` or `path` is invalid.
    """
    _check_model(model)
    with _new_file(path, ".keras") as unfinished:
        model.sampling_network(ema).save(unfinished)


FORMATS = {"saved_model": saved_model, "litert": litert, "onnx": onnx, "keras": keras_file}
"""Names of formats, and the functions that write them."""


def _check_model(model):
    if not hasattr(model, "sampling_inputs"):
        raise ValueError(
            f"A geans model is exported, such as a GAN. Received: a {type(model).__name__}."
        )


def _network(model, ema):
    """Returns the generator of a model in a form that can be converted."""
    _check_model(model)
    return _convertible(model.sampling_network(ema))


def _new_file(path, ending):
    """Returns the context of `files.replacing` for a file that does not exist yet."""
    path = files.path_of(path)
    if path.suffix != ending:
        raise ValueError(f"The file must end in {ending}. Received: {path}.")
    if path.exists():
        raise ValueError(f"{path} exists. Pass the name of a new file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return files.replacing(path)


class _UpSampling2D(keras.layers.UpSampling2D):
    """Keras' layer with an output of known size, which LiteRT needs, for batches of any size."""

    def call(self, inputs):
        outputs, (_, *shape) = super().call(inputs), self.compute_output_shape(inputs.shape)
        return outputs if None in shape else tf.reshape(outputs, (-1, *shape))


class _CategoryEncoding(keras.layers.CategoryEncoding):
    """Keras' layer for one-hot labels, without the operation that LiteRT's int8 scales wrongly."""

    def call(self, inputs):
        classes = tf.range(self.num_tokens, dtype=inputs.dtype)
        return tf.cast(inputs[..., None] == classes, self.compute_dtype)


CONVERTIBLE = {
    keras.layers.UpSampling2D: _UpSampling2D,
    keras.layers.CategoryEncoding: _CategoryEncoding,
}


def _convertible(network):
    """Returns a copy of a network with the layers that `CONVERTIBLE` has for its own.

    A network without such, or that cannot be copied, is returned as it is.
    """
    kinds = set()

    def copy(layer):
        kind = CONVERTIBLE.get(type(layer), type(layer))
        if getattr(layer, "output_mode", "one_hot") != "one_hot":
            kind = type(layer)
        kinds.add(kind)
        return kind.from_config(layer.get_config())

    try:
        found = keras.models.clone_model(network, clone_function=copy, recursive=True)
        found.set_weights(network.get_weights())
    except Exception:  # Whatever the constructor of a layer may raise.
        return network
    return found if kinds & set(CONVERTIBLE.values()) else network


def _sampler(model, generate):
    """Returns a `tf.function` like `model.sample`, traced without and with every condition."""

    @functools.partial(tf.function, autograph=False)
    @functools.wraps(model.sampling_inputs)
    def sample(*args, **kwargs):
        inputs = keras.tree.flatten(model.sampling_inputs(*args, **kwargs))
        return generate(*map(tf.cast, inputs, [spec.dtype for spec in generate.input_signature]))

    numbers = [tf.TensorSpec((), "int32", name=name) for name in ("count", "seed")]
    options = [
        [{}, *({name: tf.TensorSpec(None, dtype, name)} for dtype in dtypes)]
        for name, dtypes in model.conditions.items()
    ]
    for chosen in itertools.product(*options):
        sample.get_concrete_function(*numbers, **dict(collections.ChainMap(*chosen)))
    return sample
