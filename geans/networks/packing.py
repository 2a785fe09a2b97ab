"""Discriminators that judge several samples at once, which exposes a lack of variety."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from geans import values
from geans.types import Config, Shape

MOST_SAMPLES = 64


@keras.saving.register_keras_serializable(package="geans")
class Pack(keras.layers.Layer):
    """Layer that concatenates samples along the last axis: (n, ..., c) becomes (n / m, ..., m c).

    If m does not divide n, the first samples fill up the last pack.

    Args:
        samples: Samples per pack, m, from 1 to `MOST_SAMPLES`.
        **kwargs: As in `keras.layers.Layer`.

    Example:
        >>> Pack(2)(ops.array([[1.0], [2.0], [3.0]])).numpy().tolist()
        [[1.0, 2.0], [3.0, 1.0]]
    """

    def __init__(self, samples: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        values.check_count("samples", samples, most=MOST_SAMPLES)
        self.samples = samples

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the packs, in the order of the samples."""
        count = ops.shape(inputs)[0]
        packs = -(-count // self.samples)
        inputs = ops.take(inputs, ops.arange(packs * self.samples) % count, axis=0)
        *rest, last = inputs.shape[1:]
        grouped = ops.reshape(inputs, (packs, self.samples, *rest, last))
        # Behind each other, sample by sample, in the axis before the last.
        side_by_side = ops.moveaxis(grouped, 1, -2)
        return ops.reshape(side_by_side, (packs, *rest, self.samples * last))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        """Returns the shape of the packs, whose number is unknown."""
        return (None, *input_shape[1:-1], self.samples * input_shape[-1])

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "samples": self.samples}


def packed(discriminator: keras.Model, samples: int) -> keras.Model:
    """Builds a discriminator of samples from one of packs (PacGAN).

    Samples are judged m at a time, all real or all generated. Penalties on squared gradients remain
    means over samples, 1 / m of those over packs.

    Args:
        discriminator: `keras.Model` from packs (batch, ..., m c) to logits.
        samples: Samples per pack, m; it must divide the last axis.

    Returns:
        A `keras.Model` from samples (batch, ..., c) to the logits of batch / m packs, rounded up.

    Raises:
        ValueError: If `samples` is not a positive integer or does not divide the channels.

    Reference: Lin et al. 2018 (PacGAN), section 3.

    Example:
        >>> from geans import networks
        >>> network = networks.packed(networks.mlp.discriminator((6,)), samples=3)
        >>> network(ops.zeros((12, 2))).shape
        TensorShape([4, 1])
    """
    values.check_count("samples", samples, most=MOST_SAMPLES)
    *rest, last = discriminator.input_shape[1:]
    if last % samples:
        raise ValueError(
            f"A discriminator of {samples} samples side by side takes a multiple of {samples} "
            f"channels. Received: input_shape={discriminator.input_shape}."
        )
    inputs = keras.Input((*rest, last // samples), name="samples")
    logits = discriminator(Pack(samples, name="pack")(inputs))
    return keras.Model(inputs, logits, name="packed_discriminator")
