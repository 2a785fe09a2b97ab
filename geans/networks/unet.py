"""U-Net that translates images (Isola et al. 2017, arXiv 1611.07004, section 6.1).

Strided convolutions halve the image until its shorter side is one pixel; transposed ones double it
again, with skip connections. Widths go from `width` to 8 times that, as the paper's
C64-C128-C256-C512-...-C512.

The innermost layer has no normalization, as in the authors' code: over one pixel it would leave
only zeros. The paper also applies dropout at inference; here only `network(images, training=True)`
does.
"""

import keras

from geans import values
from geans.networks import checks, image_layers
from geans.types import Shape

MOST_WIDENING = 8
DROPOUT_LAYERS = 3


def generator(
    input_shape: Shape = (64, 64, 3),
    output_channels: int = 3,
    *,
    width: int = 64,
    normalization: str | None = "batch",
    dropout: float = 0.5,
    seed: int | None = None,
) -> keras.Model:
    """Builds a U-Net from images to images of the same size.

    Args:
        input_shape: `(height, width, channels)`, the shorter side a power of 2 and at least 8, the
            longer one a multiple of it; 256 in the paper.
        output_channels: Channels of the resulting images.
        width: Channels of the outermost layer; they double up to 8 times as many.
        normalization: "batch", "instance" (as batches of one image in the paper), or `None`.
        dropout: Dropout rate of the three innermost decoder layers, from 0 to below 1.
        seed: Integer; the same seed gives the same initial weights and dropout. `None` draws one.

    Returns:
        A `keras.Model`: images to float32 images of the same size in [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator((64, 64, 1), 3, width=8).output_shape
        (None, 64, 64, 3)
    """
    _check(input_shape, dropout)
    checks.check_sizes(output_channels=output_channels, width=width)
    checks.check_normalization(normalization, "batch", "instance")
    levels = min(input_shape[:2]).bit_length() - 1
    widths = [width * min(2**level, MOST_WIDENING) for level in range(levels)]
    seeds = checks.layer_seeds("generator", seed)

    images = keras.Input(input_shape, name="images")
    encoded = [image_layers.halved(images, widths[0], seeds)]
    for channels in widths[1:-1]:
        x = keras.layers.LeakyReLU(0.2)(encoded[-1])
        encoded.append(image_layers.halved(x, channels, seeds, normalization))
    x = image_layers.halved(keras.layers.LeakyReLU(0.2)(encoded[-1]), widths[-1], seeds)
    for depth, skipped in enumerate(reversed(encoded)):
        x = keras.layers.ReLU()(x)
        x = image_layers.doubled(x, skipped.shape[-1], seeds, normalization)
        if dropout and depth < DROPOUT_LAYERS:
            x = keras.layers.Dropout(dropout, seed=next(seeds))(x)
        x = keras.layers.Concatenate()([x, skipped])
    x = image_layers.doubled(keras.layers.ReLU()(x), output_channels, seeds)
    outputs = keras.layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model(images, outputs, name="generator")


def _check(input_shape, dropout):
    checks.halvings("input_shape", input_shape)
    shorter, longer = sorted(input_shape[:2])
    if shorter & (shorter - 1) or longer % shorter:
        raise ValueError(
            "A U-Net halves images down to one pixel: their shorter side must be a power of 2, "
            f"the longer one a multiple of it. Received: input_shape={input_shape!r}. Resize the "
            "images (--image_size=64 on the command line), or use the network cyclegan."
        )
    if not values.is_number(dropout) or not 0 <= dropout < 1:
        raise ValueError(
            f"dropout must be a share from 0 to below 1. Received: dropout={dropout!r}."
        )
