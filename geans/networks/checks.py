"""Checks and seeds shared by the families of networks for square images."""

import random

from geans import values

LARGEST = 2**16
SMALLEST_BASE = 4


def halvings(name, shape):
    """Returns how often an image can be halved while it stays even and at least 4 pixels remain.

    Args:
        name: Name of the argument, for the error.
        shape: `(size, size, channels)`, size divisible by 4 and at least 8.

    Raises:
        ValueError: If `shape` is invalid.

    Example:
        >>> halvings("output_shape", (28, 28, 1))
        2
    """
    is_shape = (
        hasattr(shape, "__len__")
        and len(shape) == 3
        and all(values.is_count(size, LARGEST) for size in shape)
    )
    if not is_shape or shape[0] != shape[1] or shape[0] % 4 or shape[0] < 8:
        raise ValueError(
            f"{name} must be (size, size, channels) with a size of 8 or more that is divisible by "
            f"4, and at least 1 channel. Received: {name}={shape!r}. Resize or pad the images."
        )
    size, count = shape[0], 0
    while size % 2 == 0 and size // 2 >= SMALLEST_BASE:
        size, count = size // 2, count + 1
    return count


def check_sizes(**sizes):
    """Raises `ValueError` if a size is not an integer from 1 to 65,536."""
    for name, value in sizes.items():
        if not values.is_count(value, LARGEST):
            raise ValueError(
                f"{name} must be an integer from 1 to {LARGEST:,}. Received: {name}={value!r}."
            )


def check_normalization(normalization, *known):
    """Raises `ValueError` if `normalization` is neither one of `known` nor `None`."""
    if normalization is not None and normalization not in known:
        names = ", ".join(f'"{name}"' for name in known)
        raise ValueError(
            f"normalization must be {names} or None. Received: normalization={normalization!r}."
        )


def layer_seeds(network, seed):
    """Yields a seed for each layer of a network.

    Args:
        network: "generator" or "discriminator", whose seeds differ.
        seed: Integer; the same seed gives the same seeds. `None` yields `None`: Keras draws them.
    """
    draws = random.Random(f"{network} {seed}")
    while True:
        yield None if seed is None else draws.getrandbits(31)
