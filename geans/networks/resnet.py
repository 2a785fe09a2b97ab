"""Residual networks, SNGAN's (Miyato et al. 2018, arXiv 1802.05957, B.4).

The generator doubles a small image (4 pixels wide for sizes of 32 and 64, 7 for 28), one residual
block each time. The discriminator halves the image down to at most 8 pixels (32: 8, 28: 7), then
two blocks keep that size. All blocks have `width` channels, as in the paper's table 3 for 32x32:
256 in the generator and 128 in the discriminator there.

The paper has `normalization="spectral"` in the discriminator, the default here is `None`; choose
"spectral" where no penalty bounds the discriminator. `keras.layers.SpectralNormalization` does one
power iteration per training call and, unlike the paper (section 2.2), its gradient treats the norm
as a constant.
"""

import math

import keras

from geans.networks import checks, image_layers
from geans.types import Shape

# The paper stops at 8 pixels for 32; a sum over fewer positions sees no arrangement of parts.
LARGEST_TOP = 8


def generator(
    latent_dim: int = 64,
    output_shape: Shape = (28, 28, 1),
    *,
    width: int = 64,
    normalization: str | None = "batch",
    seed: int | None = None,
) -> keras.Model:
    """Builds a residual network from latents to images.

    Args:
        latent_dim: Length of a latent vector, at least 1; 128 in the paper.
        output_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels of all blocks; 256 in the paper.
        normalization: "batch" or `None`.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: latents to float32 images `(batch, *output_shape)` in [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator(16, (32, 32, 3), width=8).output_shape
        (None, 32, 32, 3)
    """
    doublings = checks.halvings("output_shape", output_shape)
    checks.check_sizes(latent_dim=latent_dim, width=width)
    checks.check_normalization(normalization, "batch")
    base = [side >> doublings for side in output_shape[:2]]
    seeds = checks.layer_seeds("generator", seed)

    latents = keras.Input((latent_dim,), name="latents")
    x = keras.layers.Dense(math.prod(base) * width, kernel_initializer=_glorot(seeds))(latents)
    x = keras.layers.Reshape((*base, width))(x)
    for _ in range(doublings):
        x = _upsampling_block(x, width, normalization, seeds)
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    x = _convolution(output_shape[-1], 3, seeds)(x)
    images = keras.layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    input_shape: Shape = (28, 28, 1),
    *,
    width: int = 64,
    normalization: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels of all blocks; 128 in the paper.
        normalization: `None`, or "spectral" as in the paper: the largest singular value of each
            kernel, reshaped to `(height * width * channels_in, channels_out)`, is held at 1.
        seed: As in `generator`; also seeds the vectors of the power iteration.

    Example:
        >>> discriminator((32, 32, 3), width=8, normalization="spectral").output_shape
        (None, 1)
    """
    checks.halvings("input_shape", input_shape)
    checks.check_sizes(width=width)
    checks.check_normalization(normalization, "spectral")
    seeds = checks.layer_seeds("discriminator", seed)
    bound = _spectral if normalization == "spectral" else _unbounded

    images = keras.Input(input_shape, name="images")
    x = _first_block(images, width, bound, seeds)
    while min(x.shape[1:3]) > LARGEST_TOP and not any(side % 2 for side in x.shape[1:3]):
        x = _downsampling_block(x, width, bound, seeds)
    for _ in range(2):
        x = keras.layers.Add()([x, _residual(x, width, bound, seeds)])
    x = keras.ops.sum(keras.layers.ReLU()(x), axis=(1, 2))
    head = keras.layers.Dense(1, kernel_initializer=_glorot(seeds), dtype="float32", name="head")
    network = keras.Model(images, bound(head)(x), name="discriminator")
    _draw_power_vectors(network, seeds)
    return network


def _upsampling_block(x, width, normalization, seeds):
    shortcut = _convolution(width, 1, seeds)(keras.layers.UpSampling2D()(x))
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    x = _convolution(width, 3, seeds, scale=2.0)(keras.layers.UpSampling2D()(x))
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    x = _convolution(width, 3, seeds, scale=2.0)(x)
    return keras.layers.Add()([shortcut, x])


def _first_block(images, width, bound, seeds):
    # No ReLU before the first convolution: it would delete the dark half of the image. The shortcut
    # halves first, which is cheaper and, for a 1x1 convolution, the same function.
    shortcut = bound(_convolution(width, 1, seeds))(keras.layers.AveragePooling2D(2)(images))
    x = bound(_convolution(width, 3, seeds, scale=2.0))(images)
    x = bound(_convolution(width, 3, seeds, scale=2.0))(keras.layers.ReLU()(x))
    return keras.layers.Add()([shortcut, keras.layers.AveragePooling2D(2)(x)])


def _downsampling_block(x, width, bound, seeds):
    shortcut = bound(_convolution(width, 1, seeds))(keras.layers.AveragePooling2D(2)(x))
    x = keras.layers.AveragePooling2D(2)(_residual(x, width, bound, seeds))
    return keras.layers.Add()([shortcut, x])


def _residual(x, width, bound, seeds):
    for _ in range(2):
        x = bound(_convolution(width, 3, seeds, scale=2.0))(keras.layers.ReLU()(x))
    return x


def _convolution(channels, kernel_size, seeds, scale=1.0):
    return keras.layers.Conv2D(
        channels, kernel_size, padding="same", kernel_initializer=_glorot(seeds, scale)
    )


def _glorot(seeds, scale=1.0):
    # The authors' code draws the 3x3 kernels of the blocks at twice the variance of the others.
    return keras.initializers.VarianceScaling(scale, "fan_avg", "uniform", seed=next(seeds))


def _spectral(layer):
    # In float32, or mixed precision would write the kernel back rounded to 8 bits of mantissa.
    return keras.layers.SpectralNormalization(layer, dtype="float32")


def _unbounded(layer):
    return layer


def _draw_power_vectors(network, seeds):
    """Draws the vectors of the power iteration anew: Keras' layer takes no seed for them."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.SpectralNormalization):
            shape = layer.vector_u.shape
            layer.vector_u.assign(keras.random.normal(shape, stddev=0.02, seed=next(seeds)))
