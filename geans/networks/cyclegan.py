"""Residual network that translates images (Zhu et al. 2017, arXiv 1703.10593, appendix 7.2).

    c7s1-64, d128, d256, R256 x blocks, u128, u64, c7s1-3

The network is that of Johnson et al. 2016 (arXiv 1603.08155), with instance normalization.
CycleGAN trains two of them, and two discriminators (`geans.networks.patchgan`): `side_by_side`
joins two into one `keras.Model`.
"""

import keras

from geans.networks import checks, image_layers
from geans.types import Shape

NAMES = ("first", "second")


def generator(
    input_shape: Shape = (32, 32, 3),
    output_channels: int = 3,
    *,
    width: int = 64,
    blocks: int = 6,
    seed: int | None = None,
) -> keras.Model:
    """Builds a residual network from images to images of the same size.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        output_channels: Channels of the resulting images.
        width: Channels of the first layer; the residual blocks have 4 times as many.
        blocks: Residual blocks; in the paper 6 for 128 pixels and 9 for 256.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: images to float32 images of the same size in [-1, 1].

    Raises:
        ValueError: If `input_shape` is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator((32, 32, 1), 3, width=4, blocks=2).output_shape
        (None, 32, 32, 3)
    """
    checks.halvings("input_shape", input_shape)
    checks.check_sizes(output_channels=output_channels, width=width, blocks=blocks)
    seeds = checks.layer_seeds("generator", seed)

    images = keras.Input(input_shape, name="images")
    x = keras.layers.ReLU()(_convolution(images, width, 7, seeds))
    for channels in (2 * width, 4 * width):
        x = image_layers.halved(x, channels, seeds, "instance", kernel_size=3)
        x = keras.layers.ReLU()(x)
    for _ in range(blocks):
        inner = keras.layers.ReLU()(_convolution(x, 4 * width, 3, seeds))
        x = keras.layers.Add()([x, _convolution(inner, 4 * width, 3, seeds)])
    for channels in (2 * width, width):
        x = image_layers.doubled(x, channels, seeds, "instance", kernel_size=3)
        x = keras.layers.ReLU()(x)
    x = _convolution(x, output_channels, 7, seeds, normalization=None)
    outputs = keras.layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model(images, outputs, name="generator")


def side_by_side(first: keras.Model, second: keras.Model) -> keras.Model:
    """Joins two independent networks into one of two inputs and two outputs.

    They remain accessible as `network.get_layer("first")` and `network.get_layer("second")`.

    Args:
        first: `keras.Model` of one input and one output; it is renamed "first".
        second: Another such model, renamed "second", such as from the second domain to the first.

    Returns:
        A `keras.Model` from the list of both inputs to the list of both outputs.

    Raises:
        ValueError: If the models are the same or do not have one input and one output each.

    Example:
        >>> both = side_by_side(generator(width=2, blocks=1), generator(width=2, blocks=1))
        >>> [image.shape for image in both([keras.ops.ones((5, 32, 32, 3))] * 2)]
        [TensorShape([5, 32, 32, 3]), TensorShape([5, 32, 32, 3])]
    """
    networks = (first, second)
    fit = all(
        isinstance(network, keras.Model) and len(network.inputs) == len(network.outputs) == 1
        for network in networks
    )
    if not fit or first is second:
        raise ValueError(
            "side_by_side joins two keras.Models, each with one input and one output, that are not "
            f"the same. Received: {first!r} and {second!r}."
        )
    inputs, outputs = [], []
    for name, network in zip(NAMES, networks, strict=True):
        network.name = name
        inputs.append(keras.Input(network.input_shape[1:], name=f"{name}_inputs"))
        outputs.append(network(inputs[-1]))
    return keras.Model(inputs, outputs, name="side_by_side")


def _convolution(x, channels, kernel_size, seeds, normalization="instance"):
    x = image_layers.reflected(x, kernel_size // 2)
    options = {"use_bias": normalization is None, "kernel_initializer": image_layers.normal(seeds)}
    x = keras.layers.Conv2D(channels, kernel_size, **options)(x)
    return image_layers.normalized(x, normalization)
