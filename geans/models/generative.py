"""Sampling from a generator or its EMA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import distribution, export, values
from geans.models import attributes, checks, data_checks, latent_space, projection
from geans.models.players import EMANetwork
from geans.types import PathLike

BATCHES_AT_ONCE = 16
FORMATS = {"tf_saved_model": "saved_model", "litert": "litert", "onnx": "onnx"}
"""Formats of `export` by the names that Keras has for them."""


class GenerativeModel(distribution.Distributed):
    """A generator, its EMA, and sampling; arguments as in `AdversarialModel`."""

    def __init__(
        self, generator: keras.Model, ema_half_life: float | None, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.generator = generator
        self.ema_half_life = ema_half_life
        self.ema = None if ema_half_life is None else EMANetwork(generator, ema_half_life)
        # What tf.lite.TFLiteConverter.from_keras_model reads; Keras sets it in build().
        self._build_shapes_dict = {"input_shape": generator.input_shape}

    draws_samples = True
    """Whether `sample` draws samples; if not, the generator needs images that the user has."""

    @property
    def noise_dim(self) -> int:
        """Number of leading latent columns that are standard normal: here all."""
        return self.latent_dim

    @property
    def conditions(self) -> dict[str, tf.TypeSpec]:
        """Dict from further arguments of `sampling_inputs` to the types that an export takes."""
        return {}

    @property
    def ema_generator(self) -> keras.Model | None:
        """The EMA generator, which `sample` uses by default, or `None` without `ema_half_life`.

        Until the first update it has the weights of the generator, whoever has set them.
        """
        if self.ema is None:
            return None
        if tf.executing_eagerly():
            self.ema.start(self.generator)
        return self.ema.network

    def sampling_network(self, ema: bool = True) -> keras.Model:
        """Returns the EMA generator if it is asked for and there is one, else the raw generator."""
        return (ema and self.ema_generator) or self.generator

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns samples of the EMA generator, or of the raw one without EMA."""
        network = self.sampling_network()
        data_checks.check_inputs(inputs, network)
        return network(inputs, training=training)

    def sample(
        self,
        count: int,
        seed: int | None = None,
        ema: bool = True,
        batch_size: int = 256,
        *,
        truncation: float | None = None,
        **conditions: Any,
    ) -> np.ndarray:
        """Draws samples.

        Args:
            count: Number of samples, at most 10 million.
            seed: Integer that determines the latents; `None` draws one, as in the constructor.
            ema: Whether to use the EMA generator, if there is one, or the raw generator.
            batch_size: Samples computed at once.
            truncation: Largest absolute noise, see `latent_space.truncate`; below 2, samples are
                more typical and less varied. `None` for no limit.
            **conditions: Further arguments of the model's `sampling_inputs`, such as `labels`.

        Returns:
            Array `(count, ...)`, images in [-1, 1].

        Raises:
            ValueError: If an argument is out of range or a condition is unknown to the model.
        """
        options = {"truncation": truncation, **conditions}
        return _joined(list(self.sample_batches(count, seed, ema, batch_size, **options)))

    def sample_batches(
        self,
        count: int,
        seed: int | None = None,
        ema: bool = True,
        batch_size: int = 256,
        *,
        truncation: float | None = None,
        **conditions: Any,
    ) -> Iterator[np.ndarray]:
        """Draws the samples of `sample` in parts, to save memory; arguments as there.

        Returns:
            Iterator of arrays `(n, ...)` of 16 times `batch_size` samples; the last may be shorter.
        """
        checks.check_sampling(count, seed, batch_size)
        seed = values.given_or_random(seed)
        inputs = self.sampling_inputs(count, seed, **conditions)
        if truncation is not None:
            inputs = latent_space.truncate(self, inputs, truncation)
        return self._in_parts(inputs, ema, batch_size)

    def export(
        self,
        filepath: PathLike,
        format: str = "tf_saved_model",
        *,
        ema: bool = True,
        verbose: Any = None,
        **options: Any,
    ) -> None:
        """Writes the generator for use elsewhere, by the functions of `geans.export`.

        Args:
            filepath: Directory or file to make.
            format: `"tf_saved_model"`, `"litert"` or `"onnx"`.
            ema: Whether to write the EMA generator, if there is one, or the raw generator.
            verbose: Ignored: nothing is printed.
            **options: Further arguments of the format's function, such as `int8=True`.

        Raises:
            ValueError: If `format` is another, or `filepath` is invalid.
        """
        values.check_name("format", format, FORMATS)
        export.FORMATS[FORMATS[format]](self, filepath, ema=ema, **options)

    def generate(self, inputs: Any, ema: bool = True, batch_size: int = 256) -> Any:
        """Computes the generator's outputs for given inputs, in the generator's structure.

        Args:
            inputs: Array `(n, latent_dim)`, or the structure that the generator takes.
            ema, batch_size: As in `sample`.

        Raises:
            ValueError: If the inputs do not fit the generator.
        """
        data_checks.check_inputs(inputs, self.sampling_network(ema))
        checks.check_sampling(1, None, batch_size)
        return _joined(list(self._in_parts(inputs, ema, batch_size)))

    def project(self, images: npt.ArrayLike, **options: Any) -> projection.Projection:
        """Finds the latents whose samples come nearest to images; see `projection.project`."""
        return projection.project(self, images, **options)

    def attribute_directions(self, labels: npt.ArrayLike, **options: Any) -> dict[Any, np.ndarray]:
        """Finds directions that change an attribute; see `attributes.attribute_directions`."""
        return attributes.attribute_directions(self, labels, **options)

    def _in_parts(self, inputs, ema, batch_size):
        network = self.sampling_network(ema)
        chunk = batch_size * BATCHES_AT_ONCE
        starts = range(0, len(keras.tree.flatten(inputs)[0]), chunk)
        return (self._draw(network, _part(inputs, i, chunk), batch_size) for i in starts)

    def _draw(self, network, inputs, batch_size):
        if self.is_multi_worker:
            # Any worker may draw by itself; predict would share the latents out among all.
            starts = range(0, len(keras.tree.flatten(inputs)[0]), batch_size)
            parts = [network(_part(inputs, i, batch_size), training=False) for i in starts]
            return _joined(list(map(_in_float32, parts)))
        return _in_float32(network.predict(inputs, batch_size=batch_size, verbose=0))

    def sampling_inputs(self, count: Any, seed: Any) -> Any:
        """Returns the generator inputs of `sample`: float32 latents `(count, latent_dim)`.

        `count` and `seed` are integers or scalar tensors. Subclasses may add conditions.
        """
        return self.draw_latents(count, tf.stack([seed, 0]))


def _part(inputs, start, size):
    return keras.tree.map_structure(lambda array: array[start : start + size], inputs)


def _in_float32(outputs):
    return keras.tree.map_structure(lambda output: np.asarray(output, "float32"), outputs)


def _joined(parts):
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
