"""Feature networks of `keras.applications`, by name."""

import logging

import keras
import tensorflow as tf

from geans.metrics.features import keras_models
from geans.metrics.features.network import FeatureNetwork

NAMES = tuple(
    sorted(name for name in dir(keras.applications) if callable(getattr(keras.applications, name)))
)
"""The models that there are: "MobileNetV2", "ResNet50" and so on."""

_SIDE = 224
# Where Keras' own default is another one.
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
    """A model of `keras.applications` without its top, averaged over the picture.

    Images of any size, grey or RGB, are resized to the side that the model was made for (bilinear,
    antialiased where that makes them smaller), and preprocessed as the model wants them.

    Distances between these features compare with no published number, those of "InceptionV3"
    included, which is not the network of FID; a warning says so.

    Args:
        name: A name in `NAMES`.
        weights: "imagenet", which Keras downloads when they are first used, the path of a file
            that Keras can load, or `None` for random ones.

    Returns:
        A `FeatureNetwork` called "keras:" and the name. Its checksum is that of the weights.

    Raises:
        ValueError: If there is no such model, or its weights cannot be downloaded or read; when
            called, if images are neither grey nor RGB.

    Example:
        >>> network("MobileNet", weights=None).resize
        'bilinear, antialiased, to 224x224'
    """
    if name not in NAMES:
        raise ValueError(f"keras.applications has {', '.join(NAMES)}. Received: {name!r}.")
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
