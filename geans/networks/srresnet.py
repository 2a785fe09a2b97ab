"""Residual network that enlarges images.

After SRResNet (Ledig et al. 2017, arXiv 1609.04802, section 2.1.1) without its batch normalization,
as in EDSR (Lim et al. 2017, arXiv 1707.02921, section 3.1): nothing depends on the other images of
a batch, and colours keep their range. Features are doubled by nearest neighbours and a convolution,
which leaves no checkerboards (Odena et al. 2016, Distill).

The network adds details to the enlarged input, nearly none before training (`OUTPUT_GAIN`): it
begins as bilinear interpolation.
"""

import keras

from geans.networks import checks, image_layers, style
from geans.types import Shape

SCALES = (2, 4, 8)
BLOCK_GAIN = 0.02
OUTPUT_GAIN = 1e-4


def generator(
    input_shape: Shape = (16, 16, 3),
    output_channels: int = 3,
    *,
    width: int = 64,
    blocks: int = 16,
    scale: int = 4,
    seed: int | None = None,
) -> keras.Model:
    """Builds a residual network from images to larger ones.

    Args:
        input_shape: `(height, width, channels)`.
        output_channels: Channels of the resulting images; the enlarged input is added if it has as
            many.
        width: Channels of all layers but the last.
        blocks: Residual blocks; 16 in the paper.
        scale: How many times as high and wide the result is: 2, 4 or 8.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: images to float32 images in [-1, 1], `scale` times as large.

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator((16, 24, 3), width=4, blocks=1).output_shape
        (None, 64, 96, 3)
    """
    checks.check_image_shape("input_shape", input_shape)
    checks.check_sizes(output_channels=output_channels, width=width, blocks=blocks)
    if scale not in SCALES:
        raise ValueError(
            f"scale must be one of {', '.join(map(str, SCALES))}: targets are so many times as "
            f'large as their sources. Received: scale={scale!r}. "downscaled:..." are such data.'
        )
    seeds = checks.layer_seeds("generator", seed)

    images = keras.Input(input_shape, name="images")
    x = first = _convolution(images, width, seeds)
    for _ in range(blocks):
        inner = keras.layers.ReLU()(_convolution(x, width, seeds))
        x = keras.layers.Add()([x, _convolution(inner, width, seeds, BLOCK_GAIN)])
    x = keras.layers.Add()([first, _convolution(x, width, seeds)])
    for _ in range(scale.bit_length() - 1):
        x = keras.layers.UpSampling2D()(x)
        x = keras.layers.ReLU()(_convolution(x, width, seeds))
    x = _convolution(x, output_channels, seeds, OUTPUT_GAIN)
    if output_channels == input_shape[-1]:
        options = {"interpolation": "bilinear", "dtype": "float32"}
        enlarged = keras.layers.UpSampling2D(scale, **options)(images)
        x = keras.layers.Add(dtype="float32")([enlarged, x])
    outputs = image_layers.ImageRange(name="translated")(x)
    return keras.Model(images, outputs, name="generator")


def _convolution(x, channels, seeds, scale=2.0):
    initializer = style.he(seeds, scale)
    return keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer=initializer)(x)
