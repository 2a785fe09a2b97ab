"""Networks that `network_search.py` compares with those of the package.

Their generators share `discriminator`; that of `style_other` is the one of `geans.networks.style`.
"""

import math
import types

import keras
import tensorflow as tf

from geans.networks import checks, dcgan, image_layers, style

SMALLEST = 4
WIDEST = 256


def _levels(shape):
    """Halvings down to at least 4 pixels."""
    count, sides = 0, shape[:2]
    while min(sides) >= 2 * SMALLEST and not any(side % 2 for side in sides):
        sides, count = [side // 2 for side in sides], count + 1
    return count, list(sides)


def _conv(x, channels, size, seeds, gain=2.0, **options):
    return keras.layers.Conv2D(
        channels, size, padding="same", kernel_initializer=style.he(seeds, gain), **options
    )(x)


def _images(x, last="tanh"):
    return keras.layers.Activation(last, dtype="float32", name="images")(x)


def _first(latents, base, width, seeds):
    units = math.prod(base) * width
    x = keras.layers.Dense(units, kernel_initializer=style.he(seeds))(latents)
    return keras.layers.Reshape((*base, width))(x)


def _widths(width, count):
    return [min(width << level, WIDEST) for level in range(count + 1)][::-1]


def resize(
    latent_dim,
    output_shape,
    *,
    width=24,
    normalization="batch",
    up="nearest",
    before=False,
    seed=None,
):
    count, base = _levels(output_shape)
    seeds, widths = checks.layer_seeds("generator", seed), _widths(width, count)
    latents = keras.Input((latent_dim,))
    x = _first(latents, base, widths[0], seeds)
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    for channels in widths[1:]:
        if before:
            x = _conv(x, channels, 1, seeds, 1.0, use_bias=False)
        x = keras.layers.UpSampling2D(interpolation=up)(x)
        x = _conv(x, channels, 3, seeds, use_bias=normalization is None)
        x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    x = _conv(x, output_shape[-1], 3, seeds, 1.0)
    return keras.Model(latents, _images(x), name="generator")


def resize_light(latent_dim, output_shape, *, width=24, seed=None):
    """As `resize`, but the last convolution, from half the size, makes the image."""
    count, base = _levels(output_shape)
    seeds, widths = checks.layer_seeds("generator", seed), _widths(width, count - 1)
    latents = keras.Input((latent_dim,))
    x = _first(latents, base, widths[0], seeds)
    x = keras.layers.ReLU()(image_layers.normalized(x, "batch"))
    for channels in widths[1:]:
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = _conv(x, channels, 3, seeds, use_bias=False)
        x = keras.layers.ReLU()(image_layers.normalized(x, "batch"))
    x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
    x = _conv(x, output_shape[-1], 3, seeds, 0.1)
    images = image_layers.ImageRange(name="images")(x)
    return keras.Model(latents, images, name="generator")


def style_light(latent_dim, output_shape, *, width=32, max_width=256, seed=None):
    """As `style`, but the last level adds to the image by a 3x3 convolution, without features."""
    count, base = _levels(output_shape)
    seeds = checks.layer_seeds("generator", seed)
    first, *widths = [min(width << level, max_width) for level in range(count - 1, -1, -1)]
    latents = keras.Input((latent_dim,))
    w = style.mapped(latents, seeds)
    x = keras.layers.Dense(math.prod(base) * first, kernel_initializer=style.he(seeds))(w)
    x = keras.layers.Reshape((*base, first))(x)
    x = style.modulated(x, w, first, 3, seeds)
    image = style.to_image(x, w, output_shape[-1], seeds)
    for channels in widths:
        x = style.modulated(x, w, channels, 1, seeds)
        x = style.modulated(x, w, channels, 3, seeds, upsample=True)
        image = keras.layers.UpSampling2D(interpolation="bilinear")(image)
        image = keras.layers.Add()([image, style.to_image(x, w, output_shape[-1], seeds)])
    image = keras.layers.UpSampling2D(interpolation="bilinear")(image)
    options = {"kernel_initializer": style.he(seeds, style.IMAGE_GAIN)}
    options["style_initializer"] = style.he(seeds, 1.0)
    phases = style.ModulatedConv2D(4 * output_shape[-1], 3, demodulate=False, **options)([x, w])
    image = keras.layers.Add()([image, Smoothing()(DepthToSpace()(phases))])
    images = image_layers.ImageRange(name="images")(image)
    return keras.Model(latents, images, name="generator")


@keras.saving.register_keras_serializable(package="geans_benchmarks")
class DepthToSpace(keras.layers.Layer):
    """Doubles images, whose pixels come from four times as many channels."""

    def call(self, inputs):
        """Returns the images."""
        return tf.nn.depth_to_space(inputs, 2)

    def compute_output_shape(self, shape):
        """Returns their shape."""
        return (shape[0], 2 * shape[1], 2 * shape[2], shape[3] // 4)


@keras.saving.register_keras_serializable(package="geans_benchmarks")
class Smoothing(keras.layers.Layer):
    """Low-pass filter: [1 3 1] / 5 along both sides."""

    def call(self, inputs):
        """Returns the filtered images."""
        row = tf.constant([1.0, 3.0, 1.0]) / 5
        kernel = tf.tile((row[:, None] * row)[:, :, None, None], [1, 1, inputs.shape[-1], 1])
        x = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        return tf.nn.depthwise_conv2d(x, tf.cast(kernel, x.dtype), [1, 1, 1, 1], "VALID")

    def compute_output_shape(self, shape):
        """Returns the shape of the images."""
        return shape


def dcgan_smoothed(latent_dim, output_shape, *, width=48, clipped=False, seed=None):
    """DCGAN's, with a low-pass filter at its end, and on request clipped instead of tanh."""
    network = dcgan.generator(latent_dim, output_shape, width=width, seed=seed)
    images = network.output
    if clipped:
        images = image_layers.ImageRange()(network.layers[-2].output)
    images = Smoothing(dtype="float32")(images)
    return keras.Model(network.input, images, name="generator")


def excitation(latent_dim, output_shape, *, width=24, seed=None):
    """FastGAN: gated linear units and skip-layer excitation (Liu et al. 2021)."""
    count, base = _levels(output_shape)
    seeds, widths = checks.layer_seeds("generator", seed), _widths(width, count)
    latents = keras.Input((latent_dim,))

    def gated(x, channels):
        x = image_layers.normalized(_conv(x, 2 * channels, 3, seeds, use_bias=False), "batch")
        one, two = keras.ops.split(x, 2, axis=-1)
        return one * keras.ops.sigmoid(two)

    x = _first(latents, base, widths[0], seeds)
    x = keras.layers.LeakyReLU(0.2)(image_layers.normalized(x, "batch"))
    kept = [x]
    for channels in widths[1:]:
        x = gated(keras.layers.UpSampling2D()(x), channels)
        if len(kept) >= 3:
            low = kept[len(kept) - 3]
            low = keras.layers.AveragePooling2D(low.shape[1] // base[0])(low)
            gate = keras.layers.LeakyReLU(0.2)(_conv(low, channels, base[0], seeds))
            gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(gate)
            x = x * keras.ops.sigmoid(_conv(gate, channels, 1, seeds, 1.0))
        kept.append(x)
    x = _conv(x, output_shape[-1], 3, seeds, 1.0)
    return keras.Model(latents, _images(x), name="generator")


def discriminator(input_shape, *, width=32, patches=0, seed=None):
    count, _ = _levels(input_shape)
    seeds = checks.layer_seeds("discriminator", seed)
    images = keras.Input(input_shape)
    x = images
    for level in range(count):
        if patches and x.shape[1] == patches:
            local = keras.layers.Flatten()(_conv(x, 1, 1, seeds, 1.0, dtype="float32"))
        x = _conv(x, min(width << level, WIDEST), 4, seeds, strides=2)
        x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Flatten()(x)
    options = {"kernel_initializer": style.he(seeds, 1.0), "dtype": "float32"}
    logits = keras.layers.Dense(1, **options)(x)
    if patches:
        whole = keras.layers.Flatten()(keras.layers.RepeatVector(patches**2)(logits))
        logits = keras.layers.Concatenate(dtype="float32")([whole, local])
    return keras.Model(images, logits, name="discriminator")


GENERATORS = {
    "resize": resize,
    "resize_light": resize_light,
    "style_light": style_light,
    "dcgan_smoothed": dcgan_smoothed,
    "excitation": excitation,
    "style_other": style.generator,
}
FAMILIES = {
    name: types.SimpleNamespace(generator=generator, discriminator=discriminator)
    for name, generator in GENERATORS.items()
}
