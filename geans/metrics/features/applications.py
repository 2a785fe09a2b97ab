"""Feature networks of `keras.applications`, by name."""

import logging

import keras
import tensorflow as tf

from geans import values
from geans.metrics.features import keras_models
from geans.metrics.features.network import FeatureNetwork

NAMES = tuple(
    sorted(name for name in dir(keras.applications) if callable(getattr(keras.applications, name)))
)
"""Names of the available models, such as "MobileNetV2" and "ResNet50"."""

_SIDE = 224
# Where Keras' default differs.
_SIDES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2L": 480,
    "EfficientNetV2M": 480,
    "EfficientNetV2S": 384,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}
_log = logging.getLogger(__name__)


def network(name, weights="imagenet"):
    """Returns a headless, average-pooled model of `keras.applications`, a `FeatureNetwork`.

    Images of any size, grey or RGB, are resized to the model's default side and preprocessed. A
    warning says that distances between these features compare with no published number: even
    "InceptionV3" is not the network of the FID.

    Args:
        name: A name in `NAMES`.
        weights: "imagenet" (downloaded at first use), a weights file's path, or `None`: random.

    Raises:
        ValueError: If the name is unknown, or weights cannot be downloaded or read; when called, if
            images are neither grey nor RGB.

    Example:
        >>> network("MobileNet", weights=None).resize
        'bilinear, antialiased, to 224x224'
    """
    values.check_name("model of keras.applications", name, NAMES)
    side = _SIDES.get(name, _SIDE)
    model = _model(name, weights, side)
    _log.warning("Distances of features keras:%s compare with no published number.", name)
    infer = keras_models.compiled(model)
    return FeatureNetwork(
        name=f"keras:{name}",
        function=keras_models.in_batches(
            lambda images: infer(_prepared(images, name, side)), keras_models.BATCH_SIZE
        ),
        checksum=keras_models.checksum(model),
        resize=f"bilinear, antialiased, to {side}x{side}",
        image_shape=(None, None, None),
    )


def _model(name, weights, side):
    options = {"include_top": False, "pooling": "avg", "input_shape": (side, side, 3)}
    try:
        return getattr(keras.applications, name)(weights=weights, **options)
    except Exception as error:  # Keras raises nothing narrower where it cannot download.
        raise ValueError(
            f"keras:{name} cannot be made with weights={weights!r} ({error}). Weights are "
            '"imagenet", which Keras downloads, or the path of a file without the top.'
        ) from error


def _prepared(images, name, side):
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            f"keras:{name} takes images of 1 or 3 channels. Received: {images.shape[-1]} channels."
        )
    if images.shape[-1] == 1:
        images = tf.image.grayscale_to_rgb(images)
    if images.shape[1:3] != (side, side):
        images = tf.image.resize(images, (side, side), antialias=True)
    return _module(name).preprocess_input((images + 1) * 127.5)


def _module(name):
    """The module of a model, which has the preprocessing that belongs to it."""
    # Not every public module has its models, but all have the name of the one that defines them.
    defined_in = getattr(keras.applications, name).__module__
    return getattr(keras.applications, defined_in.rpartition(".")[2])
