"""A generator as a SavedModel, which TensorFlow serves and loads without Keras or geans."""

import pathlib

import keras
import tensorflow as tf


def saved_model(model, path, *, averaged=True):
    """Writes a SavedModel with two signatures.

    - `serving_default(latents)`: float32 `(batch, latent_dim)` to samples `(batch, ...)`.
    - `sample(count, seed)`: two integers to `count` samples, the same as
      `model.sample(count, seed)` gives.

    Both are also functions of the loaded object: `loaded.sample(16, 0)`.

    Args:
        model: A `geans` model.
        path: Directory to make; it must not exist or be empty.
        averaged: Whether to write the averaged generator, where there is one, or the live one.

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
    if not hasattr(model, "sampling_latents"):
        raise ValueError(
            f"saved_model exports a geans model, such as a GAN. Received: a {type(model).__name__}."
        )
    path = pathlib.Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} exists. Pass a new or an empty directory to export into.")
    network = (averaged and model.averaged_generator) or model.generator
    latent_dim = model.latent_dim

    def generate(latents):
        return network(latents, training=False)

    def sample(count, seed):
        return generate(model.sampling_latents(count, seed))

    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        "serving_default",
        generate,
        input_signature=[tf.TensorSpec((None, latent_dim), "float32", name="latents")],
    )
    archive.add_endpoint(
        "sample",
        sample,
        input_signature=[
            tf.TensorSpec((), "int32", name="count"),
            tf.TensorSpec((), "int32", name="seed"),
        ],
    )
    archive.write_out(str(path), verbose=False)
