"""Export of a generator as a SavedModel, which TensorFlow loads without Keras or geans."""

import pathlib

import keras
import tensorflow as tf


def saved_model(model, path, *, ema=True):
    """Writes a SavedModel with these signatures, which are also functions of the loaded object.

    - `serving_default`: the generator's inputs, such as float32 latents `(batch, latent_dim)` (and
      labels, or the images of a translation), to samples `(batch, ...)`;
    - `sample(count, seed)`: the samples of `model.sample(count, seed)`; not for translations.

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
    path = pathlib.Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} exists. Pass a new or an empty directory to export into.")
    network = (ema and model.ema_generator) or model.generator

    def generate(*inputs):
        return network(inputs if len(inputs) > 1 else inputs[0], training=False)

    def sample(count, seed):
        return network(model.sampling_inputs(count, seed), training=False)

    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in network.inputs]
    archive.add_endpoint("serving_default", generate, input_signature=signature)
    if model.latent_dim:
        numbers = [tf.TensorSpec((), "int32", name=name) for name in ("count", "seed")]
        archive.add_endpoint("sample", sample, input_signature=numbers)
    archive.write_out(str(path), verbose=False)
