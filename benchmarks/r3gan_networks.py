"""Residual networks without normalization: the modern baseline, R3GAN.

After Huang et al. 2024 (arXiv 2501.05441), section 4 and the authors' code. A residual block is

    1x1 convolution, leaky ReLU, grouped 3x3 convolution, leaky ReLU, 1x1 convolution,

twice as wide inside, in groups of 16 channels. Fix-up initialization (Zhang et al. 2019, arXiv
1901.09321) replaces normalization: the last convolution of each block starts at zero, the others
are scaled by (number of blocks)^(-1/4). Images are halved as in `dcgan`, with bilinear resampling.
The paper trains with a paired relativistic loss, R1 and R2; its network for 32x32 has `width=768`
and `blocks=2`.

Differences from the paper: images end in tanh; halving averages 2x2 pixels and doubling
interpolates between the nearest two, where the paper's filter spans three; one width for all
stages, as in its network for 32x32.
"""

import math

import keras
import tensorflow as tf

from geans.networks import checks

EXPANSION = 2
GROUP_CHANNELS = 16
LEAK = 0.2


@keras.saving.register_keras_serializable(package="geans")
class GroupedConvolution(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with groups, on a CPU as one convolution per group.

    TensorFlow has no gradient of a grouped convolution on a CPU, and Keras' XLA fallback took 35
    times as long.
    """

    def convolution_op(self, inputs, kernel):
        """Convolves each group of channels with its part of the kernel."""
        if self.groups == 1 or tf.config.list_logical_devices("GPU"):
            return super().convolution_op(inputs, kernel)
        parts = keras.ops.split(inputs, self.groups, axis=-1)
        kernels = keras.ops.split(kernel, self.groups, axis=-1)
        pairs = zip(parts, kernels, strict=True)
        return keras.ops.concatenate(
            [super(GroupedConvolution, self).convolution_op(*pair) for pair in pairs], axis=-1
        )


def generator(latent_dim=64, output_shape=(28, 28, 1), *, width=64, blocks=2, seed=None):
    """Builds a residual network without normalization from latents to images.

    Args:
        latent_dim: Length of a latent vector, at least 1.
        output_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width: Channels between the blocks, divisible by 8; 768 in the paper.
        blocks: Residual blocks at each size of the image.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: latents to float32 images `(batch, *output_shape)` in [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.
    """
    doublings = checks.halvings("output_shape", output_shape)
    checks.check_sizes(latent_dim=latent_dim, blocks=blocks)
    _check_width(width)
    seeds = checks.layer_seeds("generator", seed)

    latents = keras.Input((latent_dim,), name="latents")
    x = _basis(latents, [side >> doublings for side in output_shape[:2]], width, seeds)
    x = _stage(x, blocks, doublings + 1, seeds)
    for _ in range(doublings):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = _stage(x, blocks, doublings + 1, seeds)
    x = _pointwise(output_shape[-1], seeds)(x)
    images = keras.layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name="generator")


def discriminator(input_shape=(28, 28, 1), *, width=64, blocks=2, seed=None):
    """Builds a network from images `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.
        width, blocks, seed: As in `generator`.
    """
    halvings = checks.halvings("input_shape", input_shape)
    checks.check_sizes(blocks=blocks)
    _check_width(width)
    seeds = checks.layer_seeds("discriminator", seed)

    images = keras.Input(input_shape, name="images")
    x = _stage(_pointwise(width, seeds)(images), blocks, halvings + 1, seeds)
    for _ in range(halvings):
        x = _stage(keras.layers.AveragePooling2D(2)(x), blocks, halvings + 1, seeds)
    # The mirror of the generator's basis: each channel is compared with one learned image.
    size = x.shape[1:3]
    stddev = 1 / math.sqrt(math.prod(size))
    comparison = keras.initializers.RandomNormal(stddev=stddev, seed=next(seeds))
    options = {"use_bias": False, "depthwise_initializer": comparison}
    x = keras.layers.Flatten()(keras.layers.DepthwiseConv2D(size, **options)(x))
    options = {"kernel_initializer": _fan_in(1.0, seeds), "dtype": "float32", "name": "logits"}
    logits = keras.layers.Dense(1, **options)(x)
    return keras.Model(images, logits, name="discriminator")


def _basis(latents, size, width, seeds):
    """Multiplies one learned image per channel by a number that depends on the latents."""
    weights = keras.layers.Dense(width, use_bias=False, kernel_initializer=_fan_in(1.0, seeds))
    learned_images = keras.initializers.RandomNormal(stddev=1.0, seed=next(seeds))
    basis = keras.layers.EinsumDense(
        "bc,chw->bhwc", (*size, width), kernel_initializer=learned_images
    )
    return basis(weights(latents))


def _stage(x, blocks, stages, seeds):
    # He's variance for this leaky ReLU, times L^(-1 / (m - 1)) for L blocks of m = 3 convolutions
    # (fix-up's rule is a factor of L^(-1 / (2 m - 2)) on the standard deviation).
    scale = 2 / (1 + LEAK**2) * (blocks * stages) ** (-1 / 2)
    for _ in range(blocks):
        x = keras.layers.Add()([x, _residual(x, scale, seeds)])
    return x


def _residual(x, scale, seeds):
    width, inner = x.shape[-1], EXPANSION * x.shape[-1]
    x = keras.layers.Conv2D(inner, 1, kernel_initializer=_fan_in(scale, seeds))(x)
    x = keras.layers.LeakyReLU(LEAK)(x)
    options = {"groups": inner // GROUP_CHANNELS, "kernel_initializer": _fan_in(scale, seeds)}
    x = GroupedConvolution(inner, 3, padding="same", **options)(x)
    x = keras.layers.LeakyReLU(LEAK)(x)
    return keras.layers.Conv2D(width, 1, use_bias=False, kernel_initializer="zeros")(x)


def _pointwise(channels, seeds):
    return keras.layers.Conv2D(channels, 1, use_bias=False, kernel_initializer=_fan_in(1.0, seeds))


def _fan_in(scale, seeds):
    distribution = "untruncated_normal"
    return keras.initializers.VarianceScaling(scale, "fan_in", distribution, seed=next(seeds))


def _check_width(width):
    checks.check_sizes(width=width)
    step = GROUP_CHANNELS // EXPANSION
    if width % step:
        raise ValueError(
            f"width must be divisible by {step}: the 3x3 convolutions, {EXPANSION} * width wide, "
            f"go in groups of {GROUP_CHANNELS} channels. Received: width={width!r}."
        )
