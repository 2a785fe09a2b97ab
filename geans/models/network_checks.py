"""Checks that a generator and a discriminator fit each other."""

import keras


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
    """Raises if a network is not built or both are the same."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Model) or not network.built:
            raise ValueError(f"{name} must be a built keras.Model. Received: {network!r}.")
    if generator is discriminator:
        raise ValueError("generator and discriminator are the same model; each needs its own.")


def check_input(generator, discriminator):
    """Raises if the discriminator does not take the generator's samples."""
    if generator.output_shape != discriminator.input_shape:
        raise ValueError(
            "The discriminator must accept what the generator makes. Received: "
            f"generator.output_shape={generator.output_shape}, "
            f"discriminator.input_shape={discriminator.input_shape}."
        )


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
