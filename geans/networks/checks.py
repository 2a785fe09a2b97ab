"""Checks and seeds shared by the families of networks for images."""

import random

from geans import values

LARGEST = 2**16
SMALLEST_BASE = 4


def halvings(name, shape):
    """Returns how often an image can be halved while its sides stay even and at least 4 pixels.

    Args:
        name: Name of the argument, for the error.
        shape: `(height, width, channels)`, both sides divisible by 4 and at least 8.

    Raises:
        ValueError: If `shape` is invalid.

    Example:
        >>> halvings("output_shape", (28, 28, 1)), halvings("output_shape", (48, 64, 3))
        (2, 3)
    """
    if not _is_image_shape(shape) or any(side % 4 or side < 8 for side in shape[:2]):
        raise ValueError(
            f"{name} must be (height, width, channels) with sides of 8 or more that are divisible "
            f"by 4, and at least 1 channel. Received: {name}={shape!r}. Resize or pad the images "
            "(--image_size=64 on the command line), or use the network mlp, which takes any size."
        )
    sides, count = shape[:2], 0
    while all(side % 2 == 0 and side // 2 >= SMALLEST_BASE for side in sides):
        sides, count = [side // 2 for side in sides], count + 1
    return count


def check_image_shape(name, shape):
    """Raises `ValueError` if `shape` is not `(height, width, channels)`."""
    if not _is_image_shape(shape):
        raise ValueError(
            f"{name} must be (height, width, channels), integers from 1 to {LARGEST:,}. "
            f"Received: {name}={shape!r}."
        )


def _is_image_shape(shape):
    return (
        hasattr(shape, "__len__")
        and len(shape) == 3
        and all(values.is_count(size, LARGEST) for size in shape)
    )


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
        network: "generator", "discriminator" or "encoder", whose seeds differ.
        seed: Integer; the same seed gives the same seeds. `None` yields `None`: Keras draws them.
    """
    draws = random.Random(f"{network} {seed}")
    while True:
        yield None if seed is None else draws.getrandbits(31)
