"""PatchGAN, a discriminator of image patches.

Convolutions of 4x4 pixels: `layers` of them halve the image, C64-C128-C256 by default, then C512
and the layer of the logits keep its size but for one pixel. Images are normalized individually by
default, as in CycleGAN (Zhu et al. 2017, arXiv 1703.10593, appendix 7.2); on the drawbacks of
batch normalization see `geans.networks.dcgan`.

Reference: Isola et al. 2017 (arXiv 1611.07004), section 3.2 and appendix 6.1.2.
"""

import keras

from geans.networks import checks, image_layers
from geans.types import Shape

MOST_WIDENING = 8


def discriminator(
    input_shape: Shape = (64, 64, 3),
    *,
    source_channels: int = 0,
    width: int = 64,
    layers: int = 3,
    normalization: str | None = "instance",
    features: bool = False,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images to a logit for each of their patches.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4, at least 8 and more
            than twice 2^layers.
        source_channels: Channels of the source image if it is a second input (Pix2Pix), 0 if not
            (CycleGAN).
        width: Channels of the first layer; they double up to 8 times as many.
        layers: Halvings of the image, at least 1.
        normalization: "instance", "batch" or `None`, in all layers but the first and the last.
        features: Whether the outputs of the layers before the last are returned as well, for
            `losses.feature_matching`.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: images, or with `source_channels` a list of images and their sources, to
        raw float32 logits `(batch, rows, columns, 1)`; with `features` to a dict of the `"logits"`
        and `"features"`, a list.

    Raises:
        ValueError: If an argument is invalid or the image is too small for `layers`.

    Example:
        >>> [each.shape for each in discriminator((64, 64, 3), source_channels=1, width=8).inputs]
        [(None, 64, 64, 3), (None, 64, 64, 1)]
    """
    checks.halvings("input_shape", input_shape)
    checks.check_sizes(width=width, layers=layers)
    checks.check_normalization(normalization, "instance", "batch")
    _check_depth(input_shape, layers)
    seeds = checks.layer_seeds("discriminator", seed)

    images = keras.Input(input_shape, name="images")
    inputs, x = images, images
    if source_channels:
        checks.check_sizes(source_channels=source_channels)
        inputs = [images, keras.Input((*input_shape[:2], source_channels), name="sources")]
        x = keras.layers.Concatenate()(inputs)
    x = keras.layers.LeakyReLU(0.2)(image_layers.halved(x, width, seeds))
    found = [x]
    widths = [width * min(2**level, MOST_WIDENING) for level in range(1, layers + 1)]
    for channels in widths[:-1]:
        x = image_layers.halved(x, channels, seeds, normalization)
        x = keras.layers.LeakyReLU(0.2)(x)
        found.append(x)
    x = _convolution(x, widths[-1], seeds, use_bias=normalization is None)
    x = keras.layers.LeakyReLU(0.2)(image_layers.normalized(x, normalization))
    found.append(x)
    logits = _convolution(x, 1, seeds, dtype="float32", name="logits")
    outputs = {"logits": logits, "features": found} if features else logits
    return keras.Model(inputs, outputs, name="discriminator")


def receptive_field(layers: int = 3) -> int:
    """Returns the side of the square of pixels that a logit depends on: `9 * 2**layers - 2`.

    Example:
        >>> receptive_field(), receptive_field(1), receptive_field(5)  # The paper has all three.
        (70, 16, 286)
    """
    checks.check_sizes(layers=layers)
    return 9 * 2**layers - 2


def _convolution(x, channels, seeds, **options):
    x = keras.layers.ZeroPadding2D(1)(x)
    options["kernel_initializer"] = image_layers.normal(seeds)
    return keras.layers.Conv2D(channels, image_layers.KERNEL_SIZE, **options)(x)


def _check_depth(input_shape, layers):
    # The two last layers take one pixel each.
    size = min(input_shape[:2])
    if -(-size >> layers) < 3:
        raise ValueError(
            f"After {layers} halvings, images of {size} pixels are too small for a "
            f"logit. Received: layers={layers}. Take fewer layers or larger images."
        )
