"""Generator of images from label maps, and encoder of their style (GauGAN).

After Park et al. 2019 (arXiv 1903.07291). At every size of the image, residual blocks normalise
features and then scale and shift them pixel by pixel, by what convolutions make of the map at that
size (SPADE, section 3 and appendix A). A dense layer makes the features of the smallest size from
latents, and the encoder such latents from real images.

Differences from the paper: no spectral normalization; the map is resized by averages, not nearest
neighbours; no normalization in the encoder, which would take an image's brightness and colours out
of its style. Widths go from `width` next to the image to 8 times that.
"""

import math

import keras
from keras import ops

from geans.networks import checks, image_layers, style
from geans.types import Shape

MOST_WIDENING = 8
MAP_WIDENING = 2
"""Channels made of the map for a normalization, relative to `width`: 128 to 64 in the paper."""

HEAD_GAIN = 0.01


def generator(
    input_shape: Shape = (64, 64, 3),
    output_channels: int = 3,
    *,
    latent_dim: int = 64,
    width: int = 64,
    normalization: str | None = "batch",
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from latents and label maps to images of the maps' size.

    Args:
        input_shape: `(height, width, channels)` of a map, both sides divisible by 4 and at least 8.
        output_channels: Channels of the images.
        latent_dim: Length of a latent vector; 256 in the paper.
        width: Channels next to the image; each smaller size has twice as many, up to 8 times.
        normalization: "batch", "instance" or `None`, before features are scaled and shifted.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: list of latents `(batch, latent_dim)` and maps to float32 images in
        [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator((32, 48, 5), latent_dim=16, width=2).output_shape
        (None, 32, 48, 3)
    """
    doublings = checks.halvings("input_shape", input_shape)
    checks.check_sizes(output_channels=output_channels, latent_dim=latent_dim, width=width)
    checks.check_normalization(normalization, "batch", "instance")
    seeds = checks.layer_seeds("generator", seed)
    base = [side >> doublings for side in input_shape[:2]]
    widths = [width * min(2**level, MOST_WIDENING) for level in range(doublings, -1, -1)]

    latents = keras.Input((latent_dim,), name="latents")
    maps = keras.Input(input_shape, name="maps")
    sizes = [maps]
    for _ in range(doublings):
        sizes.append(keras.layers.AveragePooling2D(2)(sizes[-1]))
    options = {"seeds": seeds, "normalization": normalization, "hidden": MAP_WIDENING * width}

    x = keras.layers.Dense(math.prod(base) * widths[0], kernel_initializer=style.he(seeds))(latents)
    x = keras.layers.Reshape((*base, widths[0]))(x)
    for level, channels in enumerate(widths):
        x = keras.layers.UpSampling2D()(x) if level else x
        x = _block(x, sizes[doublings - level], channels, **options)
    x = _convolution(keras.layers.LeakyReLU(0.2)(x), output_channels, seeds, scale=1.0)
    outputs = keras.layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model([latents, maps], outputs, name="generator")


def encoder(
    input_shape: Shape = (64, 64, 3),
    latent_dim: int = 64,
    *,
    width: int = 64,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images to the normal distributions of their latents.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        latent_dim: Length of a latent vector.
        width: Channels of the first layer; they double up to 8 times as many.
        seed: As in `generator`.

    Returns:
        A `keras.Model`: images to a list of float32 means and logarithms of variances, each
        `(batch, latent_dim)`.

    Raises:
        ValueError: As in `generator`.

    Example:
        >>> encoder((32, 48, 3), 16, width=2).output_shape
        [(None, 16), (None, 16)]
    """
    halvings = checks.halvings("input_shape", input_shape)
    checks.check_sizes(latent_dim=latent_dim, width=width)
    seeds = checks.layer_seeds("encoder", seed)
    x = images = keras.Input(input_shape, name="images")
    for level in range(halvings):
        channels = width * min(2**level, MOST_WIDENING)
        x = style.convolved(x, channels, image_layers.KERNEL_SIZE, seeds, strides=2)
    x = keras.layers.Flatten()(x)
    outputs = [
        keras.layers.Dense(
            latent_dim, kernel_initializer=style.he(seeds, HEAD_GAIN), dtype="float32", name=name
        )(x)
        for name in ("mean", "log_variance")
    ]
    return keras.Model(images, outputs, name="encoder")


def with_encoder(generator: keras.Model, encoder: keras.Model) -> keras.Model:
    """Joins a generator and an encoder, as they are trained: an autoencoder of images.

    Latents are drawn from the distribution that the encoder tells of an image, mean + noise *
    exp(log_variance / 2). Both networks remain accessible as `network.get_layer("generator")` and
    `network.get_layer("encoder")`.

    Args:
        generator: `keras.Model` of a list of latents and maps; it is renamed "generator".
        encoder: `keras.Model` of images to a list of means and logarithms of variances of latents;
            it is renamed "encoder".

    Returns:
        A `keras.Model` from the list of standard normal noise, maps and images to the list of
        generated images, means and logarithms of variances.

    Raises:
        ValueError: If the networks do not fit each other.

    Example:
        >>> both = with_encoder(generator(latent_dim=8, width=2), encoder(latent_dim=8, width=2))
        >>> [each.name for each in both.inputs], both.output_shape
        (['noise', 'maps', 'images'], [(None, 64, 64, 3), (None, 8), (None, 8)])
    """
    _check_fit(generator, encoder)
    generator.name, encoder.name = "generator", "encoder"
    latents_shape, maps_shape = generator.input_shape
    noise = keras.Input(latents_shape[1:], name="noise")
    maps = keras.Input(maps_shape[1:], name="maps")
    images = keras.Input(encoder.input_shape[1:], name="images")
    mean, log_variance = encoder(images)
    latents = mean + noise * ops.exp(log_variance / 2)
    outputs = [generator([latents, maps]), mean, log_variance]
    return keras.Model([noise, maps, images], outputs, name="with_encoder")


def _check_fit(generator, encoder):
    shapes = [getattr(each, "input_shape", None) for each in (generator, encoder)]
    outputs = [getattr(each, "output_shape", None) for each in (generator, encoder)]
    takes_both = isinstance(shapes[0], list) and len(shapes[0]) == 2
    if not takes_both or outputs != [shapes[1], [shapes[0][0]] * 2]:
        raise ValueError(
            "The generator must take latents and maps and make images, of which the encoder makes "
            "two arrays like the latents, as networks.spade makes them. Received: generator of "
            f"{shapes[0]} to {outputs[0]}, encoder of {shapes[1]} to {outputs[1]}."
        )


def _block(x, maps, channels, seeds, **options):
    """Residual block of appendix A: twice SPADE, leaky ReLU and a convolution."""
    shortcut, narrow = x, min(x.shape[-1], channels)
    if x.shape[-1] != channels:
        shortcut = _normalized(x, maps, seeds, **options)
        shortcut = _convolution(shortcut, channels, seeds, size=1, scale=1.0)
    for width in (narrow, channels):
        x = keras.layers.LeakyReLU(0.2)(_normalized(x, maps, seeds, **options))
        x = _convolution(x, width, seeds)
    return keras.layers.Add()([shortcut, x])


def _normalized(x, maps, seeds, normalization, hidden):
    """Normalizes features, and scales and shifts them by what the map says (equation 1)."""
    known = keras.layers.ReLU()(_convolution(maps, hidden, seeds))
    scale = _convolution(known, x.shape[-1], seeds, scale=HEAD_GAIN, bias_initializer="ones")
    shift = _convolution(known, x.shape[-1], seeds, scale=1.0)
    x = image_layers.normalized(x, normalization, parameters=False)
    return keras.layers.Add()([keras.layers.Multiply()([x, scale]), shift])


def _convolution(x, channels, seeds, size=3, scale=2.0, **options):
    options |= {"padding": "same", "kernel_initializer": style.he(seeds, scale)}
    return keras.layers.Conv2D(channels, size, **options)(x)
