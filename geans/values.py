"""What counts as a number in an argument: not `True`, not "3", not NaN."""

import math
import numbers


def is_integer(value):
    """Whether `value` is an integer of Python or NumPy.

    Example:

    >>> is_integer(-3), is_integer(True), is_integer(3.0)
    (True, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_count(value, most=math.inf):
    """Whether `value` is an integer from 1 to `most`.

    Example:

    >>> is_count(3), is_count(0), is_count(3, most=2)
    (True, False, False)
    """
    return is_integer(value) and 1 <= value <= most


def is_number(value):
    """Whether `value` is a finite real number of Python or NumPy.

    Example:

    >>> is_number(0.5), is_number(True), is_number(float("nan"))
    (True, False, False)
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def check_count(name, value, *, most=10**8):
    """Checks that `value` is a positive integer, and not more than memory could hold.

    Raises:
        ValueError: If `value` is not an integer from 1 to `most`.
    """
    if not is_count(value, most):
        raise ValueError(
            f"{name} must be a positive integer, at most {most:,}. Received: {name}={value!r}"
        )


def check_weight(name, value):
    """Checks that `value` can weigh a term of a loss.

    Raises:
        ValueError: If `value` is not a finite number, 0 or more.
    """
    if not is_number(value) or value < 0:
        raise ValueError(f"{name} must be a finite number, 0 or more. Received: {name}={value!r}")


def check_seed(seed, *, optional=False, bits=63):
    """Checks that `seed` is an integer from 0 that so many bits can hold.

    Raises:
        ValueError: If it is something else; `None` passes if it is `optional`.
    """
    if seed is None and optional:
        return
    if not is_integer(seed) or not 0 <= seed < 2**bits:
        raise ValueError(
            f"seed must be an integer from 0 to 2**{bits} - 1{', or None' if optional else ''}. "
            f"Received: seed={seed!r}"
        )
