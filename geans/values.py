"""Checks of numbers and names in arguments: `True`, "3" and NaN are not numbers."""

import difflib
import math
import numbers
import random


def is_integer(value):
    """Whether `value` is an integer of Python or NumPy, not a bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_count(value, most=math.inf):
    """Whether `value` is an integer from 1 to `most`."""
    return is_integer(value) and 1 <= value <= most


def is_number(value):
    """Whether `value` is a finite real number of Python or NumPy, not a bool."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def check_count(name, value, *, least=1, most=10**8):
    """Raises a `ValueError` if `value` is not an integer from `least`, 1 or more, to `most`."""
    if not is_count(value, most) or value < least:
        wanted = "a positive integer" if least == 1 else f"{least} or more"
        raise ValueError(f"{name} must be {wanted}, at most {most:,}. Received: {name}={value!r}")


def check_weight(name, value):
    """Raises a `ValueError` if `value` is not a finite number, 0 or more."""
    if not is_number(value) or value < 0:
        raise ValueError(f"{name} must be a finite number, 0 or more. Received: {name}={value!r}")


def check_seed(seed, *, optional=False, bits=63):
    """Raises a `ValueError` if `seed` is not an integer of `bits` bits, or `None` if `optional`."""
    if seed is None and optional:
        return
    if not is_integer(seed) or not 0 <= seed < 2**bits:
        raise ValueError(
            f"seed must be an integer from 0 to 2**{bits} - 1{', or None' if optional else ''}. "
            f"Received: seed={seed!r}"
        )


def check_name(kind, name, known):
    """Raises a `ValueError` if `name` is not one of the `known` names; it says the nearest."""
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"Unknown {kind} {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}."
        )


def did_you_mean(name, known):
    """Returns a sentence that suggests the nearest of the `known` names; empty if none is near.

    Example:
        >>> did_you_mean("Hing", ["hinge", "minimax"])
        " Did you mean 'hinge'?"
    """
    names = {each.lower(): each for each in known if isinstance(each, str)}
    text = name.lower()[:100] if isinstance(name, str) else ""
    near = difflib.get_close_matches(text, names, n=1)
    return f" Did you mean {names[near[0]]!r}?" if near and names[near[0]] != name else ""


def given_or_random(seed):
    """Returns `seed`, or for `None` one that `keras.utils.set_random_seed` determines."""
    return random.getrandbits(31) if seed is None else int(seed)
