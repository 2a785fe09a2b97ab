"""Model families: the class and networks that a preset's `model` names."""

import numpy as np

from geans import models, networks
from geans.experiment.options import call

RULES = {"gan": models.GAN, "gean": models.GEAN}


def plain(preset, shape):
    """Unconditional models, `GAN` or `GEAN`."""
    generator = _generator(preset, shape, preset.latent_dim)
    return RULES[preset.rule], (generator, _discriminator(preset, shape)), {}


def conditional(preset, shape, *, num_classes=10, conditioning="projection"):
    """Conditional models, whose players both see the label."""
    if conditioning == "projection":
        discriminator = networks.with_projection(
            _discriminator(preset, shape), num_classes, seed=preset.seed
        )
    elif conditioning == "channels":
        wider = (*shape[:-1], shape[-1] + num_classes)
        discriminator = networks.with_label_channels(_discriminator(preset, wider), num_classes)
    else:
        raise ValueError(
            f"conditioning must be 'projection' or 'channels'. Received: {conditioning!r}."
        )
    generator = _labelled(preset, shape, num_classes)
    return models.ConditionalGAN, (generator, discriminator), {"num_classes": num_classes}


def acgan(preset, shape, *, num_classes=10, class_weight=1.0):
    """AC-GAN, whose discriminator also predicts the class."""
    heads = {"class_logits": num_classes}
    discriminator = networks.with_heads(_discriminator(preset, shape), heads, seed=preset.seed)
    options = {"num_classes": num_classes, "class_weight": class_weight}
    return models.ACGAN, (_labelled(preset, shape, num_classes), discriminator), options


def infogan(
    preset,
    shape,
    *,
    num_categories=10,
    num_continuous=2,
    information_weight=1.0,
    continuous_weight=0.1,
):
    """InfoGAN, whose discriminator also predicts the codes."""
    heads = {"category_logits": num_categories}
    heads |= {"continuous": num_continuous} if num_continuous else {}
    # The heads have their own hidden layer, as in the paper's appendix C.1.
    discriminator = networks.with_heads(
        _discriminator(preset, shape), heads, units=128, seed=preset.seed
    )
    codes = num_categories + num_continuous
    options = {
        "num_categories": num_categories,
        "num_continuous": num_continuous,
        "information_weight": information_weight,
        "continuous_weight": continuous_weight,
    }
    generator = _generator(preset, shape, preset.latent_dim + codes)
    return models.InfoGAN, (generator, discriminator), options


def pix2pix(preset, shapes, *, reconstruction_weight=100.0):
    """Pix2Pix, whose discriminator sees the output together with the source."""
    source, target = shapes
    options = {"source_channels": source[-1]}
    players = _translator(preset, *shapes, 0), _patch_discriminator(preset, target, 0, **options)
    return models.Pix2Pix, players, {"reconstruction_weight": reconstruction_weight}


def cyclegan(preset, shapes, *, cycle_weight=10.0, identity_weight=5.0, pool_size=50):
    """CycleGAN, two translators with cycle consistency."""
    translators = [_translator(preset, *pair, i) for i, pair in enumerate((shapes, shapes[::-1]))]
    judges = [_patch_discriminator(preset, shape, i) for i, shape in enumerate(shapes)]
    players = [networks.cyclegan.side_by_side(*pair) for pair in (translators, judges)]
    options = {
        "cycle_weight": cycle_weight,
        "identity_weight": identity_weight,
        "pool_size": pool_size,
    }
    return models.CycleGAN, players, options


def srgan(preset, shapes, *, reconstruction_weight=100.0, feature_weight=10.0):
    """SRGAN, whose generator enlarges sources to the size of their targets."""
    source, target = shapes
    generator = _translator(preset, *shapes, 0, scale=target[0] // source[0])
    players = generator, _patch_discriminator(preset, target, 0, features=True)
    options = {"reconstruction_weight": reconstruction_weight, "feature_weight": feature_weight}
    return models.SRGAN, players, options


def spade(preset, shapes, *, feature_weight=10.0, kl_weight=0.05):
    """SPADE, whose encoder is as wide as the generator."""
    maps, images = shapes
    generator = _translator(preset, *shapes, 0, latent_dim=preset.latent_dim)
    widths = {key: each for key, each in preset.generator_options.items() if key == "width"}
    encoder = networks.spade.encoder(images, preset.latent_dim, seed=preset.seed, **widths)
    options = {"source_channels": maps[-1], "features": True}
    discriminator = _patch_discriminator(preset, images, 0, **options)
    players = networks.spade.with_encoder(generator, encoder), discriminator
    return models.SPADE, players, {"feature_weight": feature_weight, "kl_weight": kl_weight}


FAMILIES = {
    "plain": plain,
    "conditional": conditional,
    "acgan": acgan,
    "infogan": infogan,
    "pix2pix": pix2pix,
    "cyclegan": cyclegan,
    "srgan": srgan,
    "spade": spade,
}
"""Functions of preset, sample shape (for `TRANSLATIONS` two shapes) and `model_options`."""

LABELLED = ("conditional", "acgan")
"""Families that train on (samples, labels)."""

TRANSLATIONS = ("pix2pix", "cyclegan", "srgan", "spade")
"""Families that train on pairs of images."""


def make(preset, shape):
    """Returns a preset's class, networks and further arguments; raises if the preset is invalid."""
    if preset.rule == "gan" and (preset.update_every != 1 or preset.update in ("pullback", "svre")):
        raise ValueError(
            "The rule 'gan' moves at every step, without windows; 'gean' has them. Received: "
            f"update_every={preset.update_every!r}, update={preset.update!r}."
        )
    options = {key: each for key, each in preset.model_options.items() if key != "class_names"}
    return call(FAMILIES[preset.model], (preset, shape), options, "model_options")


def check_source(preset, source):
    """Raises a `ValueError` unless data and model are both translations or neither is."""
    if source.translates == (preset.model in TRANSLATIONS):
        return
    if source.translates:
        raise ValueError(
            f"{preset.data} are pairs of images, for the models {', '.join(TRANSLATIONS)}. "
            f"Received: model={preset.model!r}."
        )
    raise ValueError(
        f'The model {preset.model!r} translates images and needs pairs: "pairs:...", '
        f'"unpaired:..." or "downscaled:...". Received: data={preset.data!r}.'
    )


def balanced_conditions(model, count):
    """Returns the number of classes or `None`, and a dict for `model.sample` that balances them."""
    for kind, number, name in (
        (models.ConditionalGAN, "num_classes", "labels"),
        (models.InfoGAN, "num_categories", "category"),
    ):
        if isinstance(model, kind):
            classes = getattr(model, number)
            return classes, {name: np.arange(count) % classes}
    return None, {}


def _generator(preset, shape, latent_dim):
    options = {"seed": preset.seed, **preset.generator_options}
    family = networks.get(preset.network)
    return call(family.generator, (latent_dim, shape), options, "generator_options")


def _labelled(preset, shape, num_classes):
    generator = _generator(preset, shape, preset.latent_dim + num_classes)
    return networks.labelled(generator, num_classes)


def _discriminator(preset, shape):
    options = {"seed": preset.seed, **preset.discriminator_options}
    packs = (*shape[:-1], preset.packing * shape[-1])
    family = networks.get(preset.network)
    network = call(family.discriminator, (packs,), options, "discriminator_options")
    return network if preset.packing == 1 else networks.packed(network, preset.packing)


def _translator(preset, shape, target_shape, place, **more):
    options = {"seed": preset.seed + place, **more, **preset.generator_options}
    family = networks.get(preset.network, networks.TRANSLATORS)
    return call(family.generator, (shape, target_shape[-1]), options, "generator_options")


def _patch_discriminator(preset, shape, place, **more):
    options = {"seed": preset.seed + place, **more, **preset.discriminator_options}
    make = networks.patchgan.discriminator
    return call(make, (shape,), options, "discriminator_options")
