"""The feature networks by name."""

import functools
import importlib
import inspect

import keras

from geans.metrics.features import applications, digits28, keras_models, pixels
from geans.metrics.features.network import FeatureNetwork


def _inception(**options):
    # Not at the top: whoever measures digits has no use for it.
    module = importlib.import_module("geans.metrics.features.inception")
    return module.network(**options)


NETWORKS = {
    "digits28": digits28.network,
    "inception-2015-12-05": _inception,
    "pixels": pixels.network,
    **{
        f"keras:{name}": functools.partial(applications.network, name)
        for name in applications.NAMES
    },
}
"""What makes each network, a function with options of its own."""


def get(features, **options):
    """Returns a feature network by name, or makes one of a model or function.

    Args:
        features: A name in `NETWORKS`: "digits28" (28x28 grey images), "inception-2015-12-05" (the
            network of FID), "pixels" (also for points), or "keras:" with a name of
            `keras.applications`, such as "keras:MobileNetV2". Or a `keras.Model` or any function
            from images in [-1, 1] to features (n, dimension). A `FeatureNetwork` stays as it is.
        **options: Of the network of that name, such as `weights`. Of a model, `name` and
            `batch_size`. Of a function, which needs a `name`, what `FeatureNetwork` takes:
            `checksum`, `resize`, `image_shape`.

    Returns:
        A `FeatureNetwork`.

    Raises:
        ValueError: If there is no such network, an option is unknown, or a function comes
            without a name.

    Example:
        >>> get("digits28").image_shape
        (28, 28, 1)
        >>> get(lambda images: images[:, 0, 0], name="corner").name
        'corner'
    """
    make = _maker(features, options)
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        raise ValueError(f"Features {features!r} cannot be made so: {error}.") from error
    return make(**options)


def default_for(image_shape):
    """The name of the usual network for images or points of a shape.

    Args:
        image_shape: Shape of one image, (height, width, channels), or of one point, (d,).

    Raises:
        ValueError: If it is the shape of neither.

    Example:
        >>> default_for((28, 28, 1)), default_for((2,)), default_for((64, 64, 3))
        ('digits28', 'pixels', 'inception-2015-12-05')
    """
    shape = tuple(image_shape)
    if len(shape) not in (1, 3):
        raise ValueError(
            "An image has a shape (height, width, channels), a point (d,). "
            f"Received: image_shape={image_shape!r}."
        )
    if len(shape) == 1:
        return "pixels"
    return "digits28" if shape == (28, 28, 1) else "inception-2015-12-05"


def _maker(features, options):
    if isinstance(features, FeatureNetwork):
        return lambda: features
    if isinstance(features, str) and features in NETWORKS:
        return NETWORKS[features]
    if isinstance(features, keras.Layer):
        return functools.partial(keras_models.from_model, features)
    if callable(features) and options.get("name") and isinstance(options["name"], str):
        return functools.partial(_from_function, features)
    if callable(features):
        raise ValueError(
            "A record must say which features a number is of. Pass a name with the function: "
            f"features.get(function, name=...). Received: {features!r}."
        )
    names = [name for name in NETWORKS if not name.startswith("keras:")]
    raise ValueError(
        f"Features are {', '.join(names)}, keras: and one of {', '.join(applications.NAMES)}; a "
        f"keras.Model; or a function with a name. Received: {features!r}."
    )


def _from_function(function, *, name, batch_size=keras_models.BATCH_SIZE, **options):
    return FeatureNetwork(name, keras_models.in_batches(function, batch_size), **options)
