"""Checks that a generator and a discriminator fit each other."""

import keras
import tensorflow as tf

from geans.models import output_ranges, own_networks


def check_networks(generator, discriminator):
    """Raises if the networks do not fit each other."""
    check_built(generator, discriminator)
    check_latents(generator)
    check_input(generator, discriminator)
    check_logits(discriminator)


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
