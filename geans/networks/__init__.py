"""Generators and discriminators: functions that return functional `keras.Model`s.

Knowing one family is knowing all. Each module has

- `generator(latent_dim, output_shape, **options)`: latents to samples, images and clips in [-1, 1];
- `discriminator(input_shape, **options)`: samples to raw logits.

Both take a `seed`: the same seed gives the same initial weights. Layers compute in Keras' global
dtype policy, outputs are always float32.
"""

from geans.networks import conditional, dcgan, mlp, modern, packing, resnet, video
from geans.networks.conditional import labelled, with_heads, with_label_channels, with_projection
from geans.networks.packing import packed

__all__ = [
    "NETWORKS",
    "conditional",
    "dcgan",
    "get",
    "labelled",
    "mlp",
    "modern",
    "packed",
    "packing",
    "resnet",
    "video",
    "with_heads",
    "with_label_channels",
    "with_projection",
]

NETWORKS = {"mlp": mlp, "dcgan": dcgan, "resnet": resnet, "modern": modern, "video": video}


def get(name):
    """Return the module of a family of networks.

    Args:
        name: a key of `NETWORKS`.

    Returns:
        A module with the functions `generator` and `discriminator`.

    Raises:
        ValueError: no family has this name.

    Example:

    >>> get("mlp").discriminator((2,)).output_shape
    (None, 1)
    """
    if not isinstance(name, str) or name not in NETWORKS:
        raise ValueError(f"networks must be one of {', '.join(NETWORKS)}. Received: {name!r}.")
    return NETWORKS[name]
