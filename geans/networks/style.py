"""Style-based networks for images of 8 pixels and more: StyleGAN2's, made small.

After Karras et al. 2020 (arXiv 1912.04958). Two dense layers map the latents to a style. At every
size of the image a 1x1 and a 3x3 convolution, between which the features are doubled by bilinear
interpolation, are modulated by the style, and what they add to the image is summed over the sizes.
Nothing is a transposed convolution, and nothing depends on the other samples of a batch.

The image is halved as in `dcgan`. Channels double with each halving, from `width` next to the image
up to `max_width`.

Differences from the paper: no noise inputs, no style mixing in training and no path length penalty,
so that the same latents always give the same image; the latents are not normalised; a smaller
mapping network; the first convolution of a size is 1x1; the residual discriminator halves by a 4x4
convolution and has no minibatch standard deviation, as each sample's logit must depend on this
sample alone; images are clipped to [-1, 1] (`image_layers.ImageRange`). What each size adds to the
image starts near 0 (`IMAGE_GAIN`). What is summed over the sizes is not the image but logits of
colours, which `ColourMixture` mixes: drawings are flat where they should be.
"""

import math
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from geans import values
from geans.networks import checks, image_layers
from geans.types import Config, Shape

LEAK = 0.2
STYLE = 128
IMAGE_GAIN = 0.01
MAX_WIDTH = 192
COLOUR_VARIANCE = 0.1
"""First variance of a colour from image to image."""

SHARPNESS = 5.0
"""Factor of the logits of colours."""

STYLES = "styles"
"""Name of the layer whose output `(batch, sizes, STYLE)` has a style for each size of the image."""


@keras.saving.register_keras_serializable(package="geans")
class ModulatedConv2D(keras.layers.Layer):
    """A convolution whose input channels are scaled by a style, sample by sample.

    With style w, kernel k and a learned affine map A, the scales are s = A(w), and

        output_j = sum_i k_ij * (s_i x_i) * sqrt(2 / (sum_i s_i^2 |k_ij|^2 + 1e-8)) + bias_j

    so that inputs of variance 1 give outputs of variance 2, whatever the style, of which (leaky)
    ReLU leaves about 1. Without `demodulate` the root is left out. Scaling inputs and outputs
    equals a convolution with kernels of each sample's own (section 2.2), at the cost of one kernel.

    Call it on a list of images `(batch, height, width, channels)` and styles `(batch, length)`.

    Args:
        filters: Channels of the output.
        kernel_size: Side of the kernel.
        demodulate: Whether to multiply by the root.
        upsample: Whether to double the image before the convolution.
        kernel_initializer: Initializer of k.
        style_initializer: Initializer of the kernel of A, whose bias starts at 1.
        **kwargs: As in `keras.layers.Layer`.

    Reference: Karras et al. 2020 (arXiv 1912.04958), equations 1 and 3.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        demodulate: bool = True,
        upsample: bool = False,
        kernel_initializer: str | keras.Initializer = "he_normal",
        style_initializer: str | keras.Initializer = "lecun_normal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.demodulate = demodulate
        self.upsample = upsample
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.style_initializer = keras.initializers.get(style_initializer)

    def build(self, input_shape: list[Shape]) -> None:
        """Makes the weights."""
        (*_, channels), style = input_shape
        shape = (self.kernel_size, self.kernel_size, channels, self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")
        self.affine = keras.layers.Dense(
            channels,
            kernel_initializer=self.style_initializer,
            bias_initializer="ones",
            dtype=self.dtype_policy,
        )
        self.affine.build(style)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Returns the modulated convolution of `[images, styles]`."""
        x, style = inputs
        scales = self.affine(style)
        if self.kernel_size == 1:
            return self._of_pixels(x, scales)
        x = x * scales[:, None, None, :]
        if self.upsample:  # Doubling keeps channels apart, and scaling is cheaper before it.
            x = _doubled(x)
        x = ops.conv(x, self.kernel, padding="same")
        if self.demodulate:
            x = x * ops.cast(self._factors(scales), x.dtype)[:, None, None, :]
        return ops.add(x, ops.cast(self.bias, x.dtype))

    def _of_pixels(self, x, scales):
        """A 1x1 convolution, as the product with a matrix for each sample."""
        matrices = scales[:, :, None] * ops.cast(self.kernel[0, 0], scales.dtype)
        if self.demodulate:
            matrices = matrices * ops.cast(self._factors(scales), matrices.dtype)[:, None, :]
        rows = ops.matmul(ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3])), matrices)
        x = ops.reshape(rows, (-1, *x.shape[1:3], self.filters))
        return ops.add(_doubled(x) if self.upsample else x, ops.cast(self.bias, x.dtype))

    def _factors(self, scales):
        kernel = ops.cast(self.kernel, "float32")
        squares = ops.square(ops.cast(scales, "float32"))
        norms = ops.matmul(squares, ops.sum(ops.square(kernel), axis=(0, 1)))
        return ops.sqrt(2 / (norms + 1e-8))

    def compute_output_shape(self, input_shape: list[Shape]) -> tuple[int | None, ...]:
        """Returns the shape of the images."""
        batch, height, width, _ = input_shape[0]
        factor = 2 if self.upsample else 1
        sides = [side and factor * side for side in (height, width)]
        return (batch, *sides, self.filters)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("filters", "kernel_size", "demodulate", "upsample")
        kinds = ("kernel_initializer", "style_initializer")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            **{kind: keras.initializers.serialize(getattr(self, kind)) for kind in kinds},
        }


@keras.saving.register_keras_serializable(package="geans")
class ColourMixture(keras.layers.Layer):
    """Mixes some colours, chosen by a style, pixel by pixel.

    With logits f of a pixel in [-1, 1], its shares are p = softmax(5 f), and the pixel is
    sum_k p_k c_k, where the colours c_k are affine in the style. Where one share is near 1 the
    image is flat, whatever is left of noise in the features. Shares between make all colours
    between, so photographs are in reach too.

    Two limits keep edges soft: logits are clipped, as free ones grow until every share is 0 or 1
    and nothing is learned any more; and colours may lie beyond [-1, 1], so that white is no limit
    that a share must near.

    Call it on a list of logits `(batch, height, width, colours)` and styles `(batch, length)`.

    Args:
        channels: Channels of the image.
        style_initializer: Initializer of the kernel of the affine map.
        seed: Integer that determines the first colours, uniform in [-1, 1].
        **kwargs: As in `keras.layers.Layer`.

    Reference: Aksoy et al. 2017 (ACM Transactions on Graphics 36(2), article 19) take photographs
    apart into such layers of few colours.

    Example:
        >>> ColourMixture(3)([ops.zeros((1, 16, 16, 8)), ops.zeros((1, 4))]).shape
        TensorShape([1, 16, 16, 3])
    """

    def __init__(
        self,
        channels: int,
        *,
        style_initializer: str | keras.Initializer = "lecun_normal",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.channels = channels
        self.style_initializer = keras.initializers.get(style_initializer)
        self.seed = seed

    def build(self, input_shape: list[Shape]) -> None:
        """Makes the weights."""
        (*_, colours), style = input_shape
        self.affine = keras.layers.Dense(
            colours * self.channels,
            kernel_initializer=self.style_initializer,
            bias_initializer=keras.initializers.RandomUniform(-1.0, 1.0, seed=self.seed),
            dtype=self.dtype_policy,
        )
        self.affine.build(style)

    def call(self, inputs: list[tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the images of `[logits, styles]`."""
        logits, style = inputs
        height, width, colours = logits.shape[1:]
        logits = image_layers.in_range(ops.reshape(logits, (-1, height * width, colours)), training)
        shares = ops.softmax(SHARPNESS * logits)
        chosen = ops.reshape(self.affine(style), (-1, colours, self.channels))
        return ops.reshape(ops.matmul(shares, chosen), (-1, height, width, self.channels))

    def compute_output_shape(self, input_shape: list[Shape]) -> tuple[int | None, ...]:
        """Returns the shape of the images."""
        return (*input_shape[0][:3], self.channels)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "style_initializer": keras.initializers.serialize(self.style_initializer),
            "seed": self.seed,
        }


def _doubled(x):
    """Doubles images by bilinear interpolation."""
    return ops.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), interpolation="bilinear")


def generator(
    latent_dim: int = 64,
    output_shape: Shape = (64, 64, 3),
    *,
    width: int = 24,
    max_width: int = MAX_WIDTH,
    colours: int | None = 16,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from latents to images.

    Args:
        latent_dim: Length of a latent vector, at least 1.
        output_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels next to the image; each smaller size has twice as many.
        max_width: Most channels.
        colours: Number of colours that a `ColourMixture` mixes, at least 2; `None` for the sum of
            what each size adds to the channels of the image, as in the paper.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: latents to float32 images `(batch, *output_shape)` in [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator(16, (32, 48, 3), width=8).output_shape
        (None, 32, 48, 3)
    """
    doublings = checks.halvings("output_shape", output_shape)
    checks.check_sizes(latent_dim=latent_dim, width=width, max_width=max_width)
    if colours is not None:
        values.check_count("colours", colours, least=2)
    channels = output_shape[-1]
    seeds = checks.layer_seeds("generator", seed)
    base = [side >> doublings for side in output_shape[:2]]
    first, *widths = [min(width << level, max_width) for level in range(doublings, -1, -1)]

    latents = keras.Input((latent_dim,), name="latents")
    # One for each size, all the same: `latent_space.mix_styles` puts in others.
    styles = keras.layers.RepeatVector(doublings + 1, name=STYLES)(mapped(latents, seeds))
    style = styles[:, 0]
    x = keras.layers.Dense(math.prod(base) * first, kernel_initializer=he(seeds))(style)
    x = keras.layers.Reshape((*base, first))(x)
    x = modulated(x, style, first, 3, seeds)
    image = to_image(x, style, colours or channels, seeds)
    for size, filters in enumerate(widths, 1):
        style = styles[:, size]
        x = modulated(x, style, filters, 1, seeds)
        x = modulated(x, style, filters, 3, seeds, upsample=True)
        image = keras.layers.UpSampling2D(interpolation="bilinear")(image)
        image = keras.layers.Add()([image, to_image(x, style, colours or channels, seeds)])
    if colours is not None:
        options = {"style_initializer": he(seeds, COLOUR_VARIANCE), "seed": next(seeds)}
        image = ColourMixture(channels, **options)([image, style])
    images = image_layers.ImageRange(name="images")(image)
    return keras.Model(latents, images, name="generator")


def mapped(latents: keras.KerasTensor, seeds: Iterator[int | None]) -> keras.KerasTensor:
    """Returns the style of latents, by two dense layers."""
    x = latents
    for _ in range(2):
        x = keras.layers.Dense(STYLE, kernel_initializer=he(seeds))(x)
        x = keras.layers.LeakyReLU(LEAK)(x)
    return x


def modulated(
    x: keras.KerasTensor,
    style: keras.KerasTensor,
    channels: int,
    size: int,
    seeds: Iterator[int | None],
    upsample: bool = False,
) -> keras.KerasTensor:
    """Applies a `ModulatedConv2D` and leaky ReLU."""
    options = {"kernel_initializer": he(seeds), "style_initializer": he(seeds, 1.0)}
    x = ModulatedConv2D(channels, size, upsample=upsample, **options)([x, style])
    return keras.layers.LeakyReLU(LEAK)(x)


def to_image(
    x: keras.KerasTensor, style: keras.KerasTensor, channels: int, seeds: Iterator[int | None]
) -> keras.KerasTensor:
    """Returns what features of one size add to the image, by a modulated 1x1 convolution."""
    options = {"kernel_initializer": he(seeds, IMAGE_GAIN), "style_initializer": he(seeds, 1.0)}
    return ModulatedConv2D(channels, 1, demodulate=False, **options)([x, style])


def discriminator(
    input_shape: Shape = (64, 64, 3),
    *,
    width: int = 16,
    max_width: int = MAX_WIDTH,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from images `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels next to the image and after the first halving; each further halving doubles
            them.
        max_width, seed: As in `generator`.

    Example:
        >>> discriminator((32, 48, 3), width=8).output_shape
        (None, 1)
    """
    halvings = checks.halvings("input_shape", input_shape)
    checks.check_sizes(width=width, max_width=max_width)
    seeds = checks.layer_seeds("discriminator", seed)
    images = keras.Input(input_shape, name="images")
    x = convolved(images, width, 3, seeds)
    for level in range(halvings):
        x = _halved(x, min(width << level, max_width), seeds)
    x = keras.layers.Flatten()(convolved(x, x.shape[-1], 3, seeds))
    options = {"kernel_initializer": he(seeds, 1.0), "dtype": "float32", "name": "logits"}
    return keras.Model(images, keras.layers.Dense(1, **options)(x), name="discriminator")


def _halved(x, channels, seeds):
    options = {"padding": "same", "kernel_initializer": he(seeds, 0.5)}
    shortcut = keras.layers.Conv2D(channels, 1, **options)(keras.layers.AveragePooling2D(2)(x))
    x = convolved(x, channels, 3, seeds)
    # Half the variance on each way, so that the sum has that of the input.
    return keras.layers.Add()([shortcut, convolved(x, channels, 4, seeds, 1.0, strides=2)])


def convolved(
    x: keras.KerasTensor,
    channels: int,
    size: int,
    seeds: Iterator[int | None],
    scale: float = 2.0,
    strides: int = 1,
) -> keras.KerasTensor:
    """Applies a convolution and leaky ReLU; the kernel's variance is `scale` over its inputs."""
    options = {"strides": strides, "padding": "same", "kernel_initializer": he(seeds, scale)}
    return keras.layers.LeakyReLU(LEAK)(keras.layers.Conv2D(channels, size, **options)(x))


def he(seeds: Iterator[int | None], scale: float = 2.0) -> keras.Initializer:
    """Returns the initializer of He et al. 2015, of another variance with `scale`."""
    distribution = "untruncated_normal"
    return keras.initializers.VarianceScaling(scale, "fan_in", distribution, seed=next(seeds))
