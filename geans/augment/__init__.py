"""Differentiable augmentation, for training on a few hundred or thousand images.

Real and fake images are transformed alike. `AUGMENTATIONS` lists the names; layers of Keras are
wrapped by `KerasLayers`.
"""

import typing

import keras

from geans import registry
from geans.augment.ada import ADA
from geans.augment.adaptive import Adaptive
from geans.augment.diff_augment import DiffAugment
from geans.augment.keras_layers import KerasLayers

__all__ = ["ADA", "AUGMENTATIONS", "Adaptive", "DiffAugment", "KerasLayers", "get"]

AUGMENTATIONS = {"diff_augment": DiffAugment, "ada": ADA, "adaptive": Adaptive}


def get(identifier: typing.Any) -> typing.Any:
    """Returns an augmentation.

    Args:
        identifier: Name, class, object or config of an augmentation, or `None`, as in
            `registry.get`; or layers of Keras, as `KerasLayers` takes them.

    Raises:
        ValueError: If `identifier` is invalid.

    Example:
        >>> get(keras.layers.RandomFlip("horizontal")).layers[0].mode
        'horizontal'
    """
    if _is_layers(identifier):
        return KerasLayers(identifier)
    kinds = (*AUGMENTATIONS.values(), KerasLayers)
    return registry.get("augmentation", identifier, AUGMENTATIONS, kinds, optional=True)


def _is_layers(identifier):
    each = identifier if isinstance(identifier, list | tuple) and identifier else [identifier]
    return all(isinstance(layer, keras.layers.Layer) for layer in each)
