"""Fully connected networks for points and small images: 128-128-784 against 128-128-1.

Kernels are Glorot uniform, biases are zero.
"""

import math
from collections.abc import Sequence

import keras

from geans import values
from geans.networks import checks
from geans.types import Shape


def generator(
    latent_dim: int = 64,
    output_shape: Shape = (28, 28, 1),
    *,
    units: Sequence[int] = (128, 128),
    activation: str = "relu",
    output_activation: str = "auto",
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from latents to images or points.

    Args:
        latent_dim: Length of a latent vector, at least 1.
        output_shape: Shape of one sample, `(height, width, channels)` or `(dimensions,)`.
        units: Widths of the hidden layers.
        activation: Keras activation of the hidden layers.
        output_activation: Keras activation of the output; "auto" is tanh for images and linear for
            points.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: latents `(batch, latent_dim)` to float32 `(batch, *output_shape)`.

    Raises:
        ValueError: If a size is not an integer from 1 to 65,536, or an activation is unknown.

    Example:
        >>> generator(2, (2,)).output_shape
        (None, 2)
    """
    checks.check_sizes(latent_dim=latent_dim)
    _check_sizes(output_shape=output_shape, units=units)
    if output_activation == "auto":
        output_activation = "linear" if len(output_shape) == 1 else "tanh"
    seeds = checks.layer_seeds("generator", seed)
    latents = keras.Input((latent_dim,), name="latents")
    x = _hidden(latents, units, activation, seeds)
    x = _dense(math.prod(output_shape), seeds)(x)
    x = keras.layers.Reshape(output_shape)(x)
    samples = keras.layers.Activation(output_activation, dtype="float32", name="samples")(x)
    return keras.Model(latents, samples, name="generator")


def discriminator(
    input_shape: Shape = (28, 28, 1),
    *,
    units: Sequence[int] = (128, 128),
    activation: str = "relu",
    input_scale: float = 1.0,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from samples `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: Shape of one sample, `(height, width, channels)` or `(dimensions,)`.
        units, activation, seed: As in `generator`.
        input_scale: Factor applied to the samples, to bring points near [-1, 1]: 1/4 for a grid
            from -4 to 4.

    Example:
        >>> discriminator((2,), input_scale=1 / 4).output_shape
        (None, 1)
    """
    _check_sizes(input_shape=input_shape, units=units)
    seeds = checks.layer_seeds("discriminator", seed)
    samples = keras.Input(input_shape, name="samples")
    x = keras.layers.Flatten()(samples)
    x = keras.layers.Rescaling(input_scale)(x)
    x = _hidden(x, units, activation, seeds)
    logits = _dense(1, seeds, dtype="float32", name="logits")(x)
    return keras.Model(samples, logits, name="discriminator")


def _hidden(x, units, activation, seeds):
    for width in units:
        x = _dense(width, seeds, activation=activation)(x)
    return x


def _dense(units, seeds, **options):
    kernel_initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.layers.Dense(units, kernel_initializer=kernel_initializer, **options)


def _check_sizes(**sizes):
    for name, found in sizes.items():
        is_shape = hasattr(found, "__len__")
        if not is_shape or not all(values.is_count(size, checks.LARGEST) for size in found):
            raise ValueError(
                f"{name} must hold integers from 1 to {checks.LARGEST:,}. "
                f"Received: {name}={found!r}."
            )
