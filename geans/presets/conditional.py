"""Presets whose samples can be asked for: labels, or codes that the networks found themselves."""

import dataclasses

from geans.presets import zoo
from geans.presets.preset import NOT_RUN, Preset

_MNIST = {
    "data": "tfds:mnist",
    "batch_size": 32,
    "network": "dcgan",
    "latent_dim": 64,
    "generator_options": {"width": 16},
    # Without batch norm here, digits had not taken shape after as few updates as these.
    "discriminator_options": {"width": 16, "normalization": "batch"},
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "learning_rate_decay": "linear",
    "beta_2": 0.99,
    "epochs": 4,
}
_GAN = {"rule": "gan", "update_every": 1, "order": "alternating"}
_GEAN = {"rule": "gean", "update_every": 2}


def conditional():
    """GAN whose discriminator sees the label by projection, on MNIST."""
    return Preset(
        name="conditional",
        model="conditional",
        model_options={"conditioning": "projection"},
        expected_minutes=7,
        expected_score="99.2 % of the labels asked for, digits28 Fréchet distance 0.51",
        **_GAN,
        **_MNIST,
    )


def gean_conditional():
    """GEAN whose discriminator sees the label by projection, on MNIST."""
    return Preset(
        name="gean_conditional",
        model="conditional",
        model_options={"conditioning": "projection"},
        expected_minutes=5,
        expected_score="98.4 % of the labels asked for, digits28 Fréchet distance 0.54",
        **_GEAN,
        **_MNIST,
    )


def cgan():
    """GAN whose discriminator sees the label as further channels, on MNIST."""
    return Preset(
        name="cgan",
        model="conditional",
        model_options={"conditioning": "channels"},
        expected_minutes=6,
        expected_score="97.0 % of the labels asked for, digits28 Fréchet distance 0.79",
        **_GAN,
        **_MNIST,
    )


def acgan():
    """AC-GAN on MNIST: the discriminator tells the class."""
    return Preset(
        name="acgan",
        model="acgan",
        expected_minutes=6,
        expected_score="98.4 % of the labels asked for, digits28 Fréchet distance 1.54",
        **_GAN,
        # At the generator's rate 94 to 97 % of the labels were right.
        **_MNIST | {"discriminator_learning_rate": 5e-4},
    )


def infogan():
    """InfoGAN on MNIST: ten categories and two continuous codes, found without labels."""
    changes = {
        # With more noise and a faster discriminator, categories became the place and the width of
        # strokes rather than digits. Augmentation made them digits, but all alike.
        "latent_dim": 16,
        "discriminator_learning_rate": 5e-4,
    }
    return Preset(
        name="infogan",
        model="infogan",
        model_options={"num_categories": 10, "num_continuous": 2},
        expected_minutes=4,
        expected_score="56 % of a category's images show its digit; digits28 Fréchet distance 7.3",
        **_GAN,
        **_MNIST | changes,
    )


def conditional_cifar10():
    """SNGAN with a projection discriminator on CIFAR-10 (Miyato and Koyama 2018)."""
    return dataclasses.replace(
        zoo.sngan_cifar10(),
        name="conditional_cifar10",
        model="conditional",
        # The paper's generator has a batch norm for each class; this one gets the label one-hot.
        model_options={"conditioning": "projection"},
        expected_score=f"{NOT_RUN}; as sngan_cifar10, with labels",
    )
