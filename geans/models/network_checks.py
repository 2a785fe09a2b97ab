"""Checks that a generator and a discriminator fit each other."""

from __future__ import annotations

import keras
import tensorflow as tf

from geans.models import output_ranges, own_networks

layers = keras.layers

OF_ONE_SAMPLE = (
    *(layers.InputLayer, layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D),
    *(layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Embedding),
    *(layers.Flatten, layers.Reshape, layers.Permute, layers.Rescaling),
    *(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D),
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU),
    *(layers.GroupNormalization, layers.LayerNormalization, layers.Add, layers.Multiply),
    *(
        layers.AveragePooling2D,
        layers.MaxPooling2D,
        layers.GlobalAveragePooling2D,
        layers.UpSampling2D,
    ),
)
"""Layers whose output for a sample depends on nothing else, and that have no state."""


def judges_separately(network):
    """Whether a network is known to judge each sample by itself, whatever else is in the batch.

    That is not so of batch normalisation, packs and dropout, and unknown of layers of one's own.
    """
    if isinstance(network, keras.Sequential):
        return all(map(_judges_separately, network.layers))
    return all(map(_judges_separately, getattr(network, "operations", [network])))


def _judges_separately(layer):
    if isinstance(layer, keras.Sequential) or hasattr(layer, "operations"):
        return judges_separately(layer)
    if type(layer) is layers.Concatenate:
        return layer.axis != 0
    return type(layer) in OF_ONE_SAMPLE and layer.activity_regularizer is None


def check_networks(generator: keras.Model, discriminator: keras.Model) -> None:
    """Raises if the networks do not fit each other."""
    check_built(generator, discriminator)
    check_latents(generator)
    check_input(generator, discriminator)
    check_logits(discriminator)


def check_images(generator):
    """Raises if the generator does not take one batch of images and make one."""
    shapes = [generator.input_shape, generator.output_shape]
    if not all(isinstance(shape, tuple) and len(shape) == 4 for shape in shapes):
        raise ValueError(
            "generator must take one batch of images and make one. Received: "
            f"{shapes[0]} to {shapes[1]}."
        )


def check_latents(generator):
    """Raises if the generator does not take latents."""
    latents = generator.input_shape
    if not isinstance(latents, tuple) or len(latents) != 2 or latents[-1] is None:
        raise ValueError(
            "generator must take one input of shape (batch, latent_dim). "
            f"Received: input_shape={latents}."
        )


def check_built(generator, discriminator):
    """Raises if a network is not built, both are the same, or there are no logits."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Model) or not network.built:
            raise ValueError(
                f"{name} must be a built keras.Model: call a subclassed one on a batch first. "
                f"Received: {network!r}."
            )
        own_networks.describe(network)
    if (0.0, 1.0) in map(output_ranges.of_tensor, discriminator.outputs):
        raise ValueError(
            "The discriminator ends in a sigmoid or softmax, but the losses take its raw logits. "
            "Leave out the last activation."
        )
    if generator is discriminator:
        raise ValueError("generator and discriminator are the same model; each needs its own.")


def check_input(generator, discriminator):
    """Raises if the discriminator does not take the generator's samples."""
    if not compatible(generator.output_shape, discriminator.input_shape):
        raise ValueError(
            "The discriminator must accept what the generator makes. Received: "
            f"generator.output_shape={generator.output_shape}, "
            f"discriminator.input_shape={discriminator.input_shape}."
        )


def compatible(shape, other):
    """Whether two shapes, or lists of shapes, can be those of one tensor; None fits any number."""
    if isinstance(shape, list) and isinstance(other, list):
        return len(shape) == len(other) and all(map(compatible, shape, other))
    return type(shape) is type(other) and tf.TensorShape(shape).is_compatible_with(other)


def check_logits(discriminator):
    """Raises if the discriminator returns anything but logits."""
    if not isinstance(discriminator.output_shape, tuple):
        raise ValueError(
            "The discriminator must have one output, its logits. Received: "
            f"output_shape={discriminator.output_shape}."
        )


def check_features(discriminator):
    """Raises if the discriminator does not return its features beside the logits."""
    shapes = discriminator.compute_output_shape(discriminator.input_shape)
    if not isinstance(shapes, dict) or not {"logits", "features"} <= shapes.keys():
        raise ValueError(
            "The discriminator must return a dict of 'logits' and 'features', a list, as "
            "networks.patchgan.discriminator makes it with features=True. Received: output_shape="
            f"{shapes}."
        )


def check_labelled(generator):
    """Raises if the generator does not take latents and labels."""
    shapes = generator.input_shape
    if not isinstance(shapes, list) or [len(shape) for shape in shapes] != [2, 1]:
        raise ValueError(
            "The generator must take a list of latents (batch, latent_dim) and labels (batch,), as "
            f"networks.labelled makes it. Received: input_shape={shapes}."
        )


def check_head(discriminator, name, units):
    """Raises if the discriminator lacks an output of that name and size beside its logits."""
    # output_shape forgets the names.
    shapes = discriminator.compute_output_shape(discriminator.input_shape)
    found = shapes.get(name) if isinstance(shapes, dict) and "logits" in shapes else None
    if found != (None, units):
        raise ValueError(
            f"The discriminator must return a dict of 'logits' and {name!r} of shape "
            f"{(None, units)}, as networks.with_heads makes it. Received: output_shape={shapes}."
        )
