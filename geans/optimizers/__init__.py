"""What Keras does not have: conjugate gradients, Adam for games, a rate for growing windows."""

import keras

from geans.optimizers.conjugate_gradient import RULES, ConjugateGradient
from geans.optimizers.linear_decay import LinearDecay
from geans.optimizers.optimistic_adam import OptimisticAdam

__all__ = ["OPTIMIZERS", "RULES", "ConjugateGradient", "LinearDecay", "OptimisticAdam", "get"]

OPTIMIZERS = {"conjugate_gradient": ConjugateGradient, "optimistic_adam": OptimisticAdam}


def get(identifier, **options):
    """The optimizer of that name, here or in Keras, or what `keras.optimizers.get` understands.

    Args:
        identifier: A key of `OPTIMIZERS`, Keras' name of an optimizer, an optimizer, or its config.
        **options: Arguments of the optimizer, if `identifier` is a name.

    Returns:
        A `keras.optimizers.Optimizer`.

    Raises:
        ValueError: If it is unknown, or the options do not fit.

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
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"The options of {identifier!r} do not fit: {error}.") from error
