"""Networks of 3-D convolutions for short clips: one-stream VGAN.

After Vondrick et al. 2016 (arXiv 1609.02612), section 2: `dcgan` with time as a third axis. Space
is halved as in `dcgan`; time is halved with it, from the clip inwards, while the frames stay even
and at least 2 remain: the paper's 32x64x64 come down to 2x4x4, 8x28x28 to 2x7x7.

Differences from the paper: those of `dcgan`; where time is not halved, its stride is 1 and its
kernel 3.

The layer next to the clip works on blocks of 2x2x2 voxels: a kernel of 2 over blocks equals a
kernel of 4 and stride 2 over voxels, but is about twice as fast on a CPU for grey clips.
"""

import keras
import numpy as np

from geans import values
from geans.networks import checks, image_layers
from geans.types import Shape

KERNEL_SIZE = 4
FEWEST_FRAMES = 2


def generator(
    latent_dim: int = 64,
    output_shape: Shape = (8, 28, 28, 1),
    *,
    width: int = 64,
    normalization: str | None = "batch",
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from latents to clips.

    Args:
        latent_dim: Length of a latent vector, at least 1; 100 in the paper.
        output_shape: `(frames, height, width, channels)`, frames even and at least 4, both sides
            divisible by 4 and at least 8.
        width: Channels of the last hidden layer; each layer before has twice as many.
        normalization: "batch" or `None`.
        seed: Integer; the same seed gives the same initial weights. `None` draws one.

    Returns:
        A `keras.Model`: latents to float32 clips `(batch, *output_shape)` in [-1, 1].

    Raises:
        ValueError: If an argument is invalid or a size is not an integer from 1 to 65,536.

    Example:
        >>> generator(16, (16, 32, 32, 3), width=8).output_shape
        (None, 16, 32, 32, 3)
    """
    strides = _strides("output_shape", output_shape)
    checks.check_sizes(latent_dim=latent_dim, width=width)
    checks.check_normalization(normalization, "batch")
    base = output_shape[:3] // np.prod(strides, axis=0)
    widths = [width << level for level in range(len(strides))][::-1]
    seeds = checks.layer_seeds("generator", seed)

    latents = keras.Input((latent_dim,), name="latents")
    units = int(base.prod()) * widths[0]
    x = image_layers.dense(latents, units, seeds, use_bias=normalization is None)
    x = keras.layers.Reshape((*base.tolist(), widths[0]))(x)
    x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    for channels_out, stride in zip(widths[1:], strides[:0:-1], strict=True):
        x = keras.layers.Conv3DTranspose(channels_out, **_strided(stride, normalization, seeds))(x)
        x = keras.layers.ReLU()(image_layers.normalized(x, normalization))
    x = keras.layers.Conv3DTranspose(
        8 * output_shape[-1], KERNEL_SIZE // 2, kernel_initializer=image_layers.normal(seeds)
    )(x)
    x = keras.layers.Cropping3D(1)(_voxels(x))
    clips = keras.layers.Activation("tanh", dtype="float32", name="clips")(x)
    return keras.Model(latents, clips, name="generator")


def discriminator(
    input_shape: Shape = (8, 28, 28, 1),
    *,
    width: int = 64,
    normalization: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Builds a network from clips `(batch, *input_shape)` to raw float32 logits `(batch, 1)`.

    Args:
        input_shape: As `output_shape` in `generator`.
        width: Channels of the first layer; each layer after has twice as many.
        normalization: `None`, or "batch" as in the paper: see the head of `dcgan`.
        seed: As in `generator`.
    """
    strides = _strides("input_shape", input_shape)
    checks.check_sizes(width=width)
    checks.check_normalization(normalization, "batch")
    seeds = checks.layer_seeds("discriminator", seed)

    clips = keras.Input(input_shape, name="clips")
    x = _blocks(keras.layers.ZeroPadding3D(1)(clips))
    initializer = image_layers.normal(seeds)
    x = keras.layers.Conv3D(width, KERNEL_SIZE // 2, kernel_initializer=initializer)(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    for level, stride in enumerate(strides[1:], start=1):
        x = keras.layers.Conv3D(width << level, **_strided(stride, normalization, seeds))(x)
        x = keras.layers.LeakyReLU(0.2)(image_layers.normalized(x, normalization))
    x = keras.layers.Flatten()(x)
    logits = image_layers.dense(x, 1, seeds, dtype="float32", name="logits")
    return keras.Model(clips, logits, name="discriminator")


def _strides(name, shape):
    """Returns the strides in time, height and width of each level, from the clip inwards."""
    is_shape = hasattr(shape, "__len__") and len(shape) == 4 and values.is_count(shape[0])
    if not is_shape or shape[0] % 2 or shape[0] < 2 * FEWEST_FRAMES:
        raise ValueError(
            f"{name} must be (frames, height, width, channels) with an even number of frames, at "
            f"least {2 * FEWEST_FRAMES}. Received: {name}={shape!r}."
        )
    frames, strides = shape[0], []
    for _ in range(checks.halvings(f"{name}[1:]", shape[1:])):
        halves = frames % 2 == 0 and frames // 2 >= FEWEST_FRAMES
        frames //= 2 if halves else 1
        strides.append((2 if halves else 1, 2, 2))
    return strides


def _strided(strides, normalization, seeds):
    """Returns the options of a convolution with these strides, or of a transposed one."""
    return {
        "kernel_size": [KERNEL_SIZE if stride == 2 else KERNEL_SIZE - 1 for stride in strides],
        "strides": strides,
        "padding": "same",
        "use_bias": normalization is None,
        "kernel_initializer": image_layers.normal(seeds),
    }


def _blocks(x):
    """Maps voxels to blocks of 2x2x2: half of each side, eight times the channels."""
    frames, height, width, channels = x.shape[1:]
    split = (frames // 2, 2, height // 2, 2, width // 2, 2, channels)
    x = keras.layers.Permute((1, 3, 5, 2, 4, 6, 7))(keras.layers.Reshape(split)(x))
    return keras.layers.Reshape((*split[:6:2], 8 * channels))(x)


def _voxels(x):
    """Maps blocks of 2x2x2 to voxels, the inverse of `_blocks`."""
    frames, height, width, channels = x.shape[1:]
    split = (frames, height, width, 2, 2, 2, channels // 8)
    x = keras.layers.Permute((1, 4, 2, 5, 3, 6, 7))(keras.layers.Reshape(split)(x))
    return keras.layers.Reshape((2 * frames, 2 * height, 2 * width, channels // 8))(x)
