"""Convolutional networks (Radford et al. 2016, arXiv 1511.06434).

The image is halved while it stays even and at least 4 pixels remain: 64 and 32 come down to 4, 28
to 7, 12 to 6. Channels double with each halving, from `width` next to the image.

Differences from the paper:

- No batch normalisation in the discriminator by default: it couples the samples of a batch, which
  makes per-sample gradient penalties (WGAN-GP, section 4) and gradient accumulation inexact.
- Kernels of 4 instead of 5, divisible by the stride, to avoid checkerboard artefacts (Odena et al.
  2016, doi 10.23915/distill.00003).
"""

import math

import keras

from geans.networks import checks, image_layers
from geans.types import Shape


def generator(
    latent_dim: int = 64,
    output_shape: Shape = (28, 28, 1),
    *,
    width: int = 64,
    normalization: str | None = "batch",
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from latents to images.

    Args:
        latent_dim: Length of a latent vector, at least 1.
        output_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels of the last hidden layer; each layer before has twice as many.
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
    halvings = checks.halvings("output_shape", output_shape)
    checks.check_sizes(latent_dim=latent_dim, width=width)
    checks.check_normalization(normalization, "batch")
    base = [side >> halvings for side in output_shape[:2]]
    widths = [width << level for level in range(halvings)][::-1]
    seeds = checks.layer_seeds("generator", seed)

    latents = keras.Input((latent_dim,), name="latents")
    units = math.prod(base) * widths[0]
    x = image_layers.dense(latents, units, seeds, use_bias=normalization is None)
    x = keras.layers.Reshape((*base, widths[0]))(x)
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    for channels_out in widths[1:]:
        x = keras.layers.ReLU()(image_layers.doubled(x, channels_out, seeds, normalization))
    x = image_layers.doubled(x, output_shape[-1], seeds)
    images = keras.layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(
    input_shape: Shape = (28, 28, 1),
    *,
    width: int = 64,
    dense_units: int = 0,
    normalization: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels of the first layer; each layer after has twice as many.
        dense_units: Units of a dense layer before the logits, 0 for none, as in InfoGAN (Chen et
            al. 2016, arXiv 1606.03657, appendix C.1).
        normalization: `None`, or "batch" as in the paper.
        seed: As in `generator`.
    """
    halvings = checks.halvings("input_shape", input_shape)
    checks.check_sizes(width=width)
    checks.check_normalization(normalization, "batch")
    if dense_units != 0:
        checks.check_sizes(dense_units=dense_units)
    seeds = checks.layer_seeds("discriminator", seed)

    images = keras.Input(input_shape, name="images")
    x = keras.layers.LeakyReLU(0.2)(image_layers.halved(images, width, seeds))
    for level in range(1, halvings):
        x = image_layers.halved(x, width << level, seeds, normalization)
        x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Flatten()(x)
    if dense_units:
        x = keras.layers.LeakyReLU(0.2)(image_layers.dense(x, dense_units, seeds))
    logits = image_layers.dense(x, 1, seeds, dtype="float32", name="logits")
    return keras.Model(images, logits, name="discriminator")
