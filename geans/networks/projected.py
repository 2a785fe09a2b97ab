"""The generator of `style` against a discriminator that sees features of ImageNet.

Projected GAN (Sauer et al. 2021, arXiv 2111.01007, section 3.2): a network that was trained on
ImageNet, and is not trained further, shows the images as features of four sizes, and a small
convolutional head on each learns to tell real from generated ones. The first good pictures come
many times sooner than from a discriminator that starts from nothing.

Differences from the paper: the network is EfficientNet-Lite0, which the package has; its first
stages at the size of the images, without random mixing of channels and scales, with which training
diverged; no spectral or batch normalisation, but a gradient penalty with respect to the features
(penalties are taken there if a discriminator begins with a frozen model).

Fréchet distances (imagenet) come from later features of the same network, so they judge these
models more kindly than others: compare them by other features too.
"""

import keras

from geans import efficientnet
from geans.networks import checks, style
from geans.networks.style import generator
from geans.types import Shape

__all__ = ["discriminator", "features", "generator"]

STAGES = (0, 1, 2, 4)
SIZES = (8.0, 11.0, 10.0, 8.5)
"""About the root mean square of each stage's output, by which it is divided."""

SMALLEST_INPUT = 48


def discriminator(
    input_shape: Shape = (64, 64, 3),
    *,
    width: int = 32,
    max_width: int = 256,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images `(batch, *input_shape)` to raw float32 logits, one of each head.

    Images with a side below 48 pixels are doubled, as the features know little of smaller ones, and
    grey ones shown in three channels.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8, and 1 or
            3 channels.
        width: Channels of each head after the first halving; each further halving doubles them.
        max_width: Most channels.
        seed: As in `style.generator`; it concerns the heads.

    Returns:
        A `keras.Model` to logits `(batch, 4)`, of which only the heads are trainable.

    Raises:
        ValueError: If an argument is invalid.

    Example:
        >>> discriminator((32, 48, 3), width=8).output_shape
        (None, 4)
    """
    checks.halvings("input_shape", input_shape)
    checks.check_sizes(width=width, max_width=max_width)
    if input_shape[-1] not in (1, 3):
        raise ValueError(
            "The discriminator of 'projected' sees grey or RGB images, of 1 or 3 channels. "
            f"Received: input_shape={tuple(input_shape)}. The network 'style' takes others."
        )
    seeds = checks.layer_seeds("discriminator", seed)
    images = keras.Input(input_shape, name="images")
    heads = [_head(feature, width, max_width, seeds) for feature in _seen(images)]
    logits = keras.layers.Concatenate(dtype="float32", name="logits")(heads)
    return keras.Model(images, logits, name="discriminator")


def features(input_shape: Shape) -> keras.Model:
    """Returns a frozen `keras.Model` from images to the list of four features that the heads see.

    Their root mean square is about 1.

    Args:
        input_shape: `(height, width, channels)` of images in [-1, 1], with 1 or 3 channels.

    Example:
        >>> [feature.shape[1:] for feature in features((64, 64, 3)).outputs][2:]
        [(8, 8, 40), (4, 4, 112)]
    """
    images = keras.Input(input_shape, name="images")
    return keras.Model(images, _seen(images), name="seen")


def _seen(images):
    x = keras.layers.Rescaling(127.5 / 128, 0.5 / 128, dtype="float32", name="pixels")(images)
    factor = 1
    while factor * min(images.shape[1:3]) < SMALLEST_INPUT:
        factor *= 2
    if factor > 1:
        x = keras.layers.UpSampling2D(factor, interpolation="bilinear", dtype="float32")(x)
    if images.shape[-1] == 1:
        x = keras.layers.Concatenate(dtype="float32")([x, x, x])
    return _features(x.shape[1:])(x)


def _features(shape):
    """Returns the frozen network from pixels to features of about unit size."""
    stages = efficientnet.stages(shape, STAGES)
    scaled = [
        keras.layers.Rescaling(1 / size, dtype="float32")(output)
        for output, size in zip(stages.outputs, SIZES, strict=True)
    ]
    return keras.Model(stages.inputs[0], scaled, name="features")  # Of frozen layers.


def _head(feature, width, max_width, seeds):
    """Returns the logit of the head on a feature."""
    x, channels = feature, width
    if min(x.shape[1:3]) <= checks.SMALLEST_BASE:
        x = style.convolved(x, channels, 3, seeds)
    while min(x.shape[1:3]) > checks.SMALLEST_BASE:
        x = style.convolved(x, min(channels, max_width), 4, seeds, strides=2)
        channels *= 2
    options = {"kernel_initializer": style.he(seeds, 1.0), "dtype": "float32"}
    return keras.layers.Dense(1, **options)(keras.layers.Flatten()(x))
