"""Generators and discriminators: functions that return functional `keras.Model`s.

Every family of networks is a module with

- `generator(latent_dim, output_shape, **options)`: latents to samples, images and clips in [-1, 1];
- `discriminator(input_shape, **options)`: samples to raw logits.

Image translators, in `TRANSLATORS`, have `generator(input_shape, output_channels, **options)`,
images (for `spade` latents and maps) to images in [-1, 1], and use the discriminator of `patchgan`.

The same `seed` gives the same initial weights. Layers compute in Keras' global dtype policy;
outputs are always float32. Invalid arguments raise `ValueError`.
"""

from types import ModuleType

from geans import values
from geans.networks import (
    conditional,
    cyclegan,
    dcgan,
    mlp,
    packing,
    patchgan,
    projected,
    resnet,
    spade,
    srresnet,
    style,
    unet,
    video,
)
from geans.networks.conditional import labelled, with_heads, with_label_channels, with_projection
from geans.networks.packing import packed

__all__ = [
    "NETWORKS",
    "TRANSLATORS",
    "conditional",
    "cyclegan",
    "dcgan",
    "get",
    "labelled",
    "mlp",
    "packed",
    "packing",
    "patchgan",
    "projected",
    "resnet",
    "spade",
    "srresnet",
    "style",
    "unet",
    "video",
    "with_heads",
    "with_label_channels",
    "with_projection",
]

NETWORKS = {
    "mlp": mlp,
    "dcgan": dcgan,
    "resnet": resnet,
    "style": style,
    "projected": projected,
    "video": video,
}
TRANSLATORS = {"unet": unet, "cyclegan": cyclegan, "srresnet": srresnet, "spade": spade}


def get(name: str, known: dict[str, ModuleType] = NETWORKS) -> ModuleType:
    """Returns the module of a family of networks.

    Args:
        name: A key of `known`.
        known: `NETWORKS` or `TRANSLATORS`.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> get("mlp").discriminator((2,)).output_shape
        (None, 1)
    """
    values.check_name("network", name, known)
    return known[name]
