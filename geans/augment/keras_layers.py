"""Random image layers of Keras as an augmentation."""

from collections.abc import Sequence
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from geans import registry
from geans.augment import checks
from geans.types import Config

_STREAM = 2015_0327


@keras.saving.register_keras_serializable(package="geans")
class KerasLayers(registry.Configurable):
    """Random image layers of Keras, one after another: `keras.layers.RandomFlip` and the like.

    Random numbers follow from the seed of each call, not from the layers' own state, so that a
    resumed training repeats exactly. A layer applies to every image of a batch, as strongly as
    it draws. Rotations, zooms, translations and shears of Keras pass approximate gradients to the
    generator, which is why `ADA` has its own.

    Args:
        layers: Layer or list of layers; a `keras.Sequential` or `keras.layers.Pipeline` counts as
            a list. They have the methods of Keras' random image layers:
            `get_random_transformation(images, training, seed)` and
            `transform_images(images, transformation, training)`, and compute in float32. Those
            with a `value_range` need `value_range=(-1, 1)`.

    Raises:
        ValueError: If a layer cannot be seeded, passes no gradient, leaves the range or the shape
            of images, or if the images or the seed of a call are invalid.

    Example:
        >>> augmentation = KerasLayers(keras.layers.RandomTranslation(0.1, 0.1))
        >>> augmentation(tf.zeros((8, 4, 4, 3)), seed=tf.constant([0, 1])).shape
        TensorShape([8, 4, 4, 3])
    """

    def __init__(self, layers: keras.Layer | Sequence[keras.Layer]) -> None:
        self.layers = list(_flattened(layers))
        if not self.layers:
            raise ValueError("layers must have at least one layer. Received none.")
        for layer in self.layers:
            _check_settings(layer)
            _check_results(layer)

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns transformed images, of the shape and dtype of `images`.

        Args:
            images: Float `(batch, height, width, channels)` in [-1, 1].
            seed: Integer tensor `(2,)`; one seed transforms batches of equal size alike.
        """
        images = checks.checked_images(images)
        seeds = _Seeds(checks.stream_seed(seed, _STREAM))
        for layer in self.layers:
            result = _transformed(layer, images, seeds)
            if result.shape[1:] != images.shape[1:]:
                raise ValueError(
                    f"{layer.name} changes the shape of images, which the discriminator does not "
                    f"take. Received: {tuple(images.shape[1:])}, made {tuple(result.shape[1:])}."
                )
            images = result
        return images

    @property
    def supports_jit(self) -> bool:
        """Whether XLA can compile all layers."""
        return all(layer.supports_jit for layer in self.layers)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"layers": [keras.saving.serialize_keras_object(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Creates an object from its config."""
        return cls([keras.saving.deserialize_keras_object(layer) for layer in config["layers"]])


class _Seeds(keras.random.SeedGenerator):
    """Seeds that follow from one, for the draws of a call.

    Without the variable of its base class, since a call may be part of a graph.
    """

    def __init__(self, seed):
        self._seed, self._drawn = seed, 0

    def next(self, ordered=True):
        self._drawn += 1
        return tf.random.fold_in(self._seed, tf.constant(self._drawn, "int64"))


def _transformed(layer, images, seeds):
    inputs = tf.cast(images, "float32")
    transformation = layer.get_random_transformation(inputs, training=True, seed=seeds)
    return tf.cast(layer.transform_images(inputs, transformation, training=True), images.dtype)


def _flattened(layers):
    if isinstance(layers, list | tuple):
        for layer in layers:
            yield from _flattened(layer)
    elif isinstance(layers, keras.Sequential | keras.layers.Pipeline):
        yield from _flattened(layers.layers)
    else:
        yield layers


def _check_settings(layer):
    methods = ("get_random_transformation", "transform_images")
    if not isinstance(layer, keras.layers.Layer) or not all(
        hasattr(layer, name) for name in methods
    ):
        raise ValueError(
            "layers must be random image layers of Keras, such as keras.layers.RandomFlip, whose "
            f"methods {' and '.join(methods)} take a seed and images. Received: {layer!r}."
        )
    if tuple(getattr(layer, "value_range", (-1, 1))) != (-1, 1):
        raise ValueError(
            f"{layer.name} must take images in [-1, 1]. Received: value_range="
            f"{tuple(layer.value_range)}. Make it with value_range=(-1, 1)."
        )
    if layer.compute_dtype != "float32":
        raise ValueError(
            f"{layer.name} must compute in float32, since TensorFlow has no gradient of its "
            f"resampling in half precision. Received: {layer.compute_dtype}. Make it with "
            "dtype='float32'."
        )
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(
            f"{layer.name} must take images with the channels last. Received: data_format="
            f"{layer.data_format!r}."
        )


def _check_results(layer):
    """Raises if what a layer makes of noise does not repeat, or is of no use for a generator."""
    images = tf.random.stateless_uniform((8, 16, 16, 3), [0, 0], -1, 1)
    state = _state(layer)
    with tf.GradientTape() as tape:
        tape.watch(images)
        result = _transformed(layer, images, _Seeds(tf.constant([0, 0], "int64")))
    gradient = tape.gradient(result, images)
    again = _transformed(layer, images, _Seeds(tf.constant([0, 0], "int64")))
    if state != _state(layer) or not np.array_equal(result, again):
        raise ValueError(
            f"{layer.name} draws from its own state, not from the seed it is given, so that a "
            "resumed training would not repeat. List the layers it is made of, or use 'ada'."
        )
    if gradient is None or not np.any(gradient):
        raise ValueError(
            f"{layer.name} passes no gradient, without which a generator cannot learn. For "
            "colours, use 'ada' or 'diff_augment'."
        )
    if hasattr(layer, "value_range") and np.max(np.abs(result)) > 1.001:
        raise ValueError(
            f"{layer.name} makes images of [-1, 1] that leave this range, up to "
            f"{np.max(np.abs(result)):.2f}. For colours, use 'ada' or 'diff_augment'."
        )


def _state(layer):
    return [keras.ops.convert_to_numpy(variable).tolist() for variable in layer.variables]
