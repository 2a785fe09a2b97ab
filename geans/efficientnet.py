"""EfficientNet-Lite0 with weights of ImageNet, which lie beside this module.

Two things are built on it: the features "imagenet" of `geans.metrics`, and the discriminator of
`networks.projected`. docs/imagenet.md is its model card.

Reference: Tan and Le 2019 (arXiv 1905.11946); the Lite variant without squeeze-and-excitation and
with ReLU6 is of Google's repository `tpu`, weights under Apache-2.0.
"""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from geans.types import Shape

DIMENSION, CLASSES, SIDE = 1_280, 1_000, 224
PATH = pathlib.Path(__file__).with_name("efficientnet_lite0.npz")
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
# What comes out does not depend on Keras' global settings.
_OPTIONS = {"data_format": "channels_last", "dtype": "float32"}


def classifier() -> keras.Model:
    """Returns the whole network, from pixels (n, 224, 224, 3) to ImageNet's classes.

    Pixels are `(value - 127) / 128`, of values from 0 to 255. The outputs are a dict of "features"
    (n, 1280), the pooled last layer, and "logits" (n, 1000).
    """
    images = keras.Input((SIDE, SIDE, 3), dtype="float32")
    x = _convolution(_stages(images, len(_STAGES))[-1], "_conv_head", DIMENSION, 1)
    features = keras.layers.GlobalAveragePooling2D(**_OPTIONS)(x)
    logits = keras.layers.Dense(CLASSES, dtype="float32", name="_fc")(features)
    return _trained(images, {"features": features, "logits": logits})


def stages(shape: Shape, numbers: Sequence[int]) -> keras.Model:
    """Returns a frozen network from pixels to the outputs of some of its seven stages.

    Args:
        shape: `(height, width, 3)` of the pixels, of any size; they are as in `classifier`.
        numbers: Stages, from 0; the first halves the images once, 1, 2, 3 and 5 halve again.

    Returns:
        A `keras.Model` of which nothing is trainable, from pixels to a list of as many outputs.

    Example:
        >>> [feature.shape for feature in stages((64, 64, 3), [0, 4]).outputs]
        [(None, 32, 32, 16), (None, 4, 4, 112)]
    """
    images = keras.Input(shape, dtype="float32")
    outputs = _stages(images, 1 + max(numbers))
    model = _trained(images, [outputs[number] for number in numbers])
    model.trainable = False
    return model


def _trained(images, outputs):
    """The model with its weights; batch normalisation is folded into the convolutions."""
    model = keras.Model(images, outputs, name="imagenet")
    with np.load(PATH) as arrays:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_weights(arrays, layer))
    return model


def _stages(images, count):
    x = _convolution(images, "_conv_stem", 32, 3, strides=2)
    block, outputs = 0, []
    for repeats, size, strides, expansion, channels in _STAGES[:count]:
        for repeat in range(repeats):
            name = f"_blocks.{block}"
            x = _block(x, name, size, 1 if repeat else strides, expansion, channels)
            block += 1
        outputs.append(x)
    return outputs


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
