"""Training that starts from the weights of another run, or of a pretrained model."""

from geans.experiment import loading


def start(generator, discriminator, preset):
    """Gives networks the weights of the model in a preset's `init_from`, and freezes layers.

    The generator gets those of the other's EMA generator, if it has one. The first
    `frozen_layers` layers with weights of the discriminator are no longer trained: they know edges
    and textures already, and few images would make them forget (FreezeD, Mo et al. 2020, arXiv
    2002.10964).

    Raises:
        ValueError: If the model cannot be loaded, its networks have other weights, or no layer of
            the discriminator would be left to train.
    """
    if preset.init_from:
        model = loading.trained(preset.init_from)
        _copy("generator", model.ema_generator or model.generator, generator, preset)
        _copy("discriminator", model.discriminator, discriminator, preset)
    layers = [layer for layer in discriminator.layers if layer.trainable_weights]
    if preset.frozen_layers >= len(layers):
        raise ValueError(
            f"The discriminator has {len(layers)} layers with weights, and at least one must be "
            f"trained. Received: frozen_layers={preset.frozen_layers}."
        )
    for layer in layers[: preset.frozen_layers]:
        layer.trainable = False


def _copy(player, trained, network, preset):
    shapes = [[tuple(weight.shape) for weight in each.weights] for each in (trained, network)]
    if shapes[0] != shapes[1]:
        pairs = zip(*shapes, strict=False)
        place = next((i for i, (old, new) in enumerate(pairs) if old != new), len(shapes[0]))
        found = [each[place] if place < len(each) else "none" for each in shapes]
        before = loading.preset_of(preset.init_from)
        fields = ("network", "model", f"{player}_options", "latent_dim", "image_size", "packing")
        same = ", ".join(f"{field}={getattr(before, field)!r}" for field in fields)
        raise ValueError(
            f"The {player} of {preset.init_from} has other weights: weight {place} has the shape "
            f"{found[0]}, and {found[1]} here. It was trained with {same}. Pass the same, for "
            "images of the same size."
        )
    network.set_weights(trained.get_weights())
