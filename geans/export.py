"""Export of a generator as a SavedModel, which TensorFlow loads without Keras or geans."""

import collections
import functools
import itertools

import keras
import tensorflow as tf

from geans import files


def saved_model(model, path, *, ema=True):
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
    if not hasattr(model, "sampling_inputs"):
        raise ValueError(
            f"saved_model exports a geans model, such as a GAN. Received: a {type(model).__name__}."
        )
    path = files.path_of(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} exists. Pass a new or an empty directory to export into.")
    network = _convertible((ema and model.ema_generator) or model.generator)
    inputs = model.generator.inputs  # Copies have names of their own.
    signature = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in inputs]

    @tf.function(input_signature=signature, autograph=False)
    def generate(*inputs):
        return network(list(inputs) if len(inputs) > 1 else inputs[0], training=False)

    served = tf.Module()
    served.weights = [variable.value for variable in network.variables]
    served.serving_default = generate
    if model.latent_dim:
        served.sample = _sampler(model, generate)
    tf.saved_model.save(served, str(path), {"serving_default": generate})


class _UpSampling2D(keras.layers.UpSampling2D):
    """Keras' layer with an output of known size, which LiteRT needs, for batches of any size."""

    def call(self, inputs):
        outputs, (_, *shape) = super().call(inputs), self.compute_output_shape(inputs.shape)
        return outputs if None in shape else tf.reshape(outputs, (-1, *shape))


def _convertible(network):
    """Returns a copy of a network with `UpSampling2D` that has `_UpSampling2D`, if it can be made.

    Other networks are returned as they are.
    """
    kinds = set()

    def copy(layer):
        kind = _UpSampling2D if type(layer) is keras.layers.UpSampling2D else type(layer)
        kinds.add(kind)
        return kind.from_config(layer.get_config())

    try:
        found = keras.models.clone_model(network, clone_function=copy, recursive=True)
        found.set_weights(network.get_weights())
    except Exception:  # Whatever the constructor of a layer may raise.
        return network
    return found if _UpSampling2D in kinds else network


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
