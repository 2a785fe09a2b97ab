"""Feature networks by name."""

import functools
import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from geans import values
from geans.metrics.features import applications, digits28, imagenet, keras_models, pixels
from geans.metrics.features.network import FeatureNetwork


def _inception(**options):
    # Imported only when needed.
    module = importlib.import_module("geans.metrics.features.inception")
    return module.network(**options)


NETWORKS = {
    "digits28": digits28.network,
    "imagenet": imagenet.network,
    "inception-2015-12-05": _inception,
    "pixels": pixels.network,
    **{
        f"keras:{name}": functools.partial(applications.network, name)
        for name in applications.NAMES
    },
}
"""From name to the function that makes the network, each with its own options."""


def get(
    features: str | keras.Model | Callable[..., Any] | FeatureNetwork, **options: Any
) -> FeatureNetwork:
    """Returns a `FeatureNetwork` by name, or made of a model or function.

    Args:
        features: A name in `NETWORKS`: "digits28" (28x28 grey images), "imagenet" (others),
            "inception-2015-12-05" (the network of the FID), "pixels" (also for points), or "keras:"
            with a name of `keras.applications`, such as "keras:MobileNetV2". Or a `keras.Model`, or
            a function from images in [-1, 1] to features. A `FeatureNetwork` is returned unchanged.
        **options: Of the named network, such as `weights`; of a model, `name`, `batch_size`;
            of a function, `name` (required), `batch_size`, `checksum`, `resize`, `image_shape`.

    Raises:
        ValueError: If the network or an option is unknown, or a function comes without a name.

    Example:
        >>> get(lambda images: images[:, 0, 0], name="corner").name
        'corner'
    """
    make = _maker(features, options)
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        raise ValueError(f"Features {features!r} cannot be made so: {error}.") from error
    return make(**options)


def default_for(image_shape: Sequence[int | None]) -> str:
    """Returns the name of the default network for images or points.

    Args:
        image_shape: Shape of one image, (height, width, channels), or of one point, (d,).

    Raises:
        ValueError: If the shape is neither.

    Example:
        >>> default_for((28, 28, 1)), default_for((2,)), default_for((64, 64, 3))
        ('digits28', 'pixels', 'imagenet')
    """
    shape = tuple(image_shape)
    if len(shape) not in (1, 3):
        raise ValueError(
            "An image has a shape (height, width, channels), a point (d,). "
            f"Received: image_shape={image_shape!r}."
        )
    if len(shape) == 1:
        return "pixels"
    return "digits28" if shape == (28, 28, 1) else "imagenet"


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
        "keras.Model; or a function with a name. "
        f"Received: {features!r}.{values.did_you_mean(features, NETWORKS)}"
    )


def _from_function(function, *, name, batch_size=keras_models.BATCH_SIZE, **options):
    return FeatureNetwork(name, keras_models.in_batches(function, batch_size), **options)
