"""Optimizers and schedules: a quick Adam, conjugate gradients, optimistic Adam, linear decay."""

from typing import Any

import keras

from geans import values
from geans.optimizers.adam import Adam
from geans.optimizers.conjugate_gradient import RULES, ConjugateGradient
from geans.optimizers.linear_decay import LinearDecay
from geans.optimizers.optimistic_adam import OptimisticAdam
from geans.types import Config

__all__ = [
    "OPTIMIZERS",
    "RULES",
    "Adam",
    "ConjugateGradient",
    "LinearDecay",
    "OptimisticAdam",
    "get",
]

# The presets' "adam" is Keras', as in their published rows.
OPTIMIZERS = {
    "conjugate_gradient": ConjugateGradient,
    "optimistic_adam": OptimisticAdam,
}


def get(identifier: str | Config | keras.Optimizer, **options: Any) -> keras.Optimizer:
    """Returns an optimizer of `geans.optimizers` or Keras.

    Args:
        identifier: Key of `OPTIMIZERS`, name of a Keras optimizer, an optimizer, or its config.
        **options: Arguments of the optimizer, if `identifier` is a name.

    Raises:
        ValueError: If it is unknown or the options do not fit.

    Example:
        >>> get("conjugate_gradient", learning_rate=0.1).rule
        'polak_ribiere_plus'
    """
    try:
        if not isinstance(identifier, str):
            return keras.optimizers.get(identifier)
        if identifier in OPTIMIZERS:
            return OPTIMIZERS[identifier](**options)
        return keras.optimizers.get({"class_name": identifier, "config": options})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        of_keras = (name.lower() for name in dir(keras.optimizers) if name[0].isupper())
        near = values.did_you_mean(identifier, [*OPTIMIZERS, *of_keras])
        raise ValueError(f"No optimizer {identifier!r} can be made: {error}.{near}") from error
