"""A generator as a SavedModel, which TensorFlow serves and loads without Keras or geans."""

import pathlib

import keras
import tensorflow as tf


def saved_model(model, path, *, ema=True):
    """Writes a SavedModel with these signatures.

    - `serving_default(latents)`: float32 `(batch, latent_dim)` to samples `(batch, ...)`; with
      conditions `serving_default(latents, labels)`, of a translation `serving_default(images)`:
      what the generator takes, in its order.
    - `sample(count, seed)`: two integers to `count` samples, the same as
      `model.sample(count, seed)` gives; a translation, which needs images, has none.

    Both are also functions of the loaded object: `loaded.sample(16, 0)`.

    Args:
        model: A `geans` model.
        path: Directory to make; it must not exist or be empty.
        ema: Whether to write the EMA generator, where there is one, or the raw one.

    Raises:
        ValueError: If `model` is no model of `geans`, or `path` no empty or new directory.

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
