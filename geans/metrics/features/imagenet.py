"""Feature network of any images: EfficientNet-Lite0, trained on ImageNet, inside the package.

It serves offline, and for colour, where the network of the FID must be downloaded. Its distances
are Fréchet distances (imagenet), never FIDs. docs/imagenet.md is its model card.
"""

import functools
import hashlib
import pathlib

import keras
import numpy as np
import tensorflow as tf

from geans.metrics.features import keras_models
from geans.metrics.features.network import FeatureNetwork

DIMENSION, CLASSES, SIDE = 1_280, 1_000, 224
PATH = pathlib.Path(__file__).with_name("imagenet.npz")
_BATCH_SIZE = 32
_EPSILON = 1e-3
# (blocks, kernel size, strides of the first, expansion, channels).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# A measurement does not depend on Keras' global settings.
_OPTIONS = {"data_format": "channels_last", "dtype": "float32"}


def network():
    """Returns EfficientNet-Lite0 as a `FeatureNetwork`; features are its pooled last layer.

    It maps images (n, height, width, 1, 3 or 4) of any size to "features" (n, 1280) and "logits"
    (n, 1000) of ImageNet's classes. They are resized to 224x224, bicubic with antialiasing, and
    grey ones repeated to 3 channels, transparent ones shown on white. Distances compare only with
    others of "imagenet" of the same checksum, and never with an FID.

    Raises:
        ValueError: When called, if images have another number of channels.

    Reference: Tan and Le 2019 (arXiv 1905.11946); the Lite variant without squeeze-and-excitation
        and with ReLU6 is of Google's repository `tpu`, weights under Apache-2.0.

    Example:
        >>> network()(np.zeros((1, 32, 48, 3)))["features"].shape
        (1, 1280)
    """
    return FeatureNetwork(
        name="imagenet",
        function=keras_models.in_batches(lambda images: _infer()(_prepared(images)), _BATCH_SIZE),
        checksum=hashlib.sha256(PATH.read_bytes()).hexdigest()[:12],
        resize=f"bicubic, antialiased, to {SIDE}x{SIDE}, grey to RGB",
        image_shape=(None, None, None),
    )


@functools.cache  # Making and tracing its layers takes seconds.
def _infer():
    model = trained()

    @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3))])
    def infer(images):
        return model(images, training=False)

    return infer


def trained():
    """Returns the Keras model from pixels in [-1, 1] (n, 224, 224, 3), with its weights.

    Batch normalisation is folded into the convolutions.
    """
    images = keras.Input((SIDE, SIDE, 3), dtype="float32")
    x = _convolution(images, "_conv_stem", 32, 3, strides=2)
    block = 0
    for repeats, size, strides, expansion, channels in _STAGES:
        for repeat in range(repeats):
            name = f"_blocks.{block}"
            x = _block(x, name, size, 1 if repeat else strides, expansion, channels)
            block += 1
    x = _convolution(x, "_conv_head", DIMENSION, 1)
    features = keras.layers.GlobalAveragePooling2D(**_OPTIONS)(x)
    logits = keras.layers.Dense(CLASSES, dtype="float32", name="_fc")(features)
    model = keras.Model(images, {"features": features, "logits": logits}, name="imagenet")
    with np.load(PATH) as arrays:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_weights(arrays, layer))
    return model


def _block(x, name, size, strides, expansion, channels):
    """An inverted residual block (MobileNetV2, Sandler et al. 2018, table 1)."""
    inside = x
    if expansion > 1:
        inside = _convolution(x, f"{name}._expand_conv", x.shape[-1] * expansion, 1)
    inside = keras.layers.DepthwiseConv2D(
        size, strides, "same", name=f"{name}._depthwise_conv", **_OPTIONS
    )(inside)
    inside = keras.layers.ReLU(6.0, dtype="float32")(inside)
    inside = _convolution(inside, f"{name}._project_conv", channels, 1, activation=False)
    if strides > 1 or x.shape[-1] != channels:
        return inside
    return keras.layers.Add(dtype="float32")([inside, x])


def _convolution(x, name, filters, size, *, strides=1, activation=True):
    x = keras.layers.Conv2D(filters, size, strides, "same", name=name, **_OPTIONS)(x)
    return keras.layers.ReLU(6.0, dtype="float32")(x) if activation else x


def _weights(arrays, layer):
    """The kernel and bias of a layer, with the batch normalisation that follows it."""
    kernel = arrays[f"{layer.name}.weight"].astype("float32")
    if layer.name == "_fc":
        return [kernel.T, arrays["_fc.bias"]]
    norm = _norm_of(layer.name, arrays)
    scale = norm["weight"] / np.sqrt(norm["running_var"] + _EPSILON)
    kernel = (kernel * scale[:, None, None, None]).transpose(2, 3, 1, 0)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        kernel = kernel.transpose(0, 1, 3, 2)
    return [kernel, norm["bias"] - scale * norm["running_mean"]]


def _norm_of(name, arrays):
    block, _, convolution = name.rpartition(".")
    number = {"_conv_stem": 0, "_expand_conv": 0, "_depthwise_conv": 1, "_conv_head": 1}
    prefix = f"{block}." * bool(block) + f"_bn{number.get(convolution, 2)}"
    parts = ("weight", "bias", "running_mean", "running_var")
    return {part: arrays[f"{prefix}.{part}"] for part in parts}


def _prepared(images):
    if images.shape[-1] not in (1, 3, 4):
        raise ValueError(
            "Features 'imagenet' take images of shape (n, height, width, 1, 3 or 4). Received: "
            f"shape {tuple(images.shape)}."
        )
    if images.shape[-1] == 4:
        opacity = (images[..., 3:] + 1) / 2
        images = opacity * images[..., :3] + (1 - opacity)  # White is 1.
    pixels = (images + 1) * 127.5
    if pixels.shape[1:3] != (SIDE, SIDE):
        pixels = tf.image.resize(pixels, (SIDE, SIDE), "bicubic", antialias=True)
    pixels = tf.clip_by_value(pixels, 0.0, 255.0)
    if pixels.shape[-1] == 1:
        pixels = tf.image.grayscale_to_rgb(pixels)
    return (pixels - 127) / 128
