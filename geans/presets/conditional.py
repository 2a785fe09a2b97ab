"""Presets of conditional GANs and InfoGAN."""

import dataclasses

from geans.presets import images, zoo
from geans.presets.preset import Preset, by_gean

_MNIST = {**images.DCGAN, "data": "tfds:mnist", "epochs": 4}


def conditional():
    """GAN whose discriminator sees the label by projection, on MNIST."""
    options = {"conditioning": "projection"}
    return Preset(name="conditional", model="conditional", model_options=options, **_MNIST)


def digits():
    """The conditional GAN for `geans.from_pretrained`: wider, and trained longer."""
    changes = {"generator_options": {"width": 24}, "epochs": 20}
    return dataclasses.replace(conditional(), name="digits", **changes)


def fashion():
    """The same on Fashion-MNIST, 60,000 images."""
    return dataclasses.replace(digits(), name="fashion", data="tfds:fashion_mnist")


def gean_conditional():
    """GEAN whose discriminator sees the label by projection, on MNIST."""
    return by_gean(conditional())


def cgan():
    """GAN whose discriminator sees the label as further channels, on MNIST."""
    options = {"conditioning": "channels"}
    return dataclasses.replace(conditional(), name="cgan", model_options=options)


def acgan():
    """AC-GAN on MNIST: the discriminator predicts the class."""
    # At the generator's rate label accuracy was 94 to 97 %.
    changes = {"discriminator_learning_rate": 5e-4}
    return Preset(name="acgan", model="acgan", **_MNIST | changes)


def infogan():
    """InfoGAN on MNIST: ten categories and two continuous codes, found without labels."""
    changes = {
        # With more noise and a faster discriminator, categories became the place and the width of
        # strokes rather than digits. Augmentation made them digits, but all alike.
        "latent_dim": 16,
        "discriminator_learning_rate": 5e-4,
    }
    options = {"num_categories": 10, "num_continuous": 2}
    return Preset(name="infogan", model="infogan", model_options=options, **_MNIST | changes)


def conditional_cifar10():
    """SNGAN with a projection discriminator on CIFAR-10 (Miyato and Koyama 2018)."""
    return dataclasses.replace(
        zoo.sngan_cifar10(),
        name="conditional_cifar10",
        model="conditional",
        # The paper's generator has a batch norm for each class; this one gets the label one-hot.
        model_options={"conditioning": "projection"},
    )
