"""Feature network of any images: EfficientNet-Lite0, trained on ImageNet, inside the package.

It serves offline, and for colour, where the network of the FID must be downloaded. Its distances
are Fréchet distances (imagenet), never FIDs. docs/imagenet.md is its model card.
"""

import functools
import hashlib

import tensorflow as tf

from geans import efficientnet
from geans.efficientnet import SIDE
from geans.metrics.features import keras_models
from geans.metrics.features.network import FeatureNetwork

_BATCH_SIZE = 32


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
        >>> network()(tf.zeros((1, 32, 48, 3)))["features"].shape
        (1, 1280)
    """
    return FeatureNetwork(
        name="imagenet",
        function=keras_models.in_batches(lambda images: _infer()(_prepared(images)), _BATCH_SIZE),
        checksum=hashlib.sha256(efficientnet.PATH.read_bytes()).hexdigest()[:12],
        resize=f"bicubic, antialiased, to {SIDE}x{SIDE}, grey to RGB",
        image_shape=(None, None, None),
    )


@functools.cache  # Making and tracing its layers takes seconds.
def _infer():
    model = efficientnet.classifier()

    @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3))])
    def infer(images):
        return model(images, training=False)

    return infer


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
