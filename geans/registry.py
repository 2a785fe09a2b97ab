"""Losses, penalties and augmentations by name and by config."""

from typing import Self

import keras

from geans import values
from geans.types import Config


class Configurable:
    """Object whose config, as returned by `get_config`, is its constructor's arguments."""

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Creates an object from its config."""
        return cls(**config)


def get(argument, identifier, known, kinds, *, optional=False):
    """Returns the object of a name, a class, a serialized dict or an object.

    Args:
        argument: Name of the argument, for the error message.
        identifier: Key of `known`, instance or subclass of `kinds`, or output of
            `keras.saving.serialize_keras_object`.
        known: Dict from names to classes.
        kinds: Tuple of the allowed classes.
        optional: Whether `None` is allowed, and returned.

    Raises:
        ValueError: If `identifier` is invalid.
    """
    if identifier is None and optional:
        return None
    found = identifier
    if isinstance(identifier, str):
        found = known.get(identifier)
    elif isinstance(identifier, dict):
        found = _deserialized(argument, identifier)
    if isinstance(found, type) and issubclass(found, kinds):
        found = found()
    if not isinstance(found, kinds):
        classes = " or ".join(f"{kind.__module__}.{kind.__name__}" for kind in kinds)
        raise ValueError(
            f"{argument} must be {'None, ' if optional else ''}one of {', '.join(known)}, or a "
            f"{classes}. Received: {identifier!r}.{values.did_you_mean(identifier, known)}"
        )
    return found


def _deserialized(argument, config):
    try:
        return keras.saving.deserialize_keras_object(config)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{argument} cannot be made from {config!r}: {error}.") from error
