"""Presets on stacked digits, where a thousand modes can be counted."""

from geans.presets.preset import Preset

_COMMON = {
    "loss": "relativistic",
    "learning_rate_decay": "linear",
    "beta_2": 0.99,
    "picture_every": 2,
}

# 28x28x3, 26,000 samples judged by a classifier, as in VEEGAN and PacGAN; 20 passes of 51,200.
_MNIST = {
    **_COMMON,
    "data": "stacked:mnist",
    "samples_per_epoch": 51_200,
    "batch_size": 64,
    "network": "dcgan",
    "latent_dim": 64,
    "generator_options": {"width": 32},
    "discriminator_options": {"width": 32},
    "r1": 0.1,
    "r2": 0.1,
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "epochs": 20,
}

_DIGITS = {
    **_COMMON,
    "data": "stacked:digits",
    "samples_per_epoch": 64_000,
    "batch_size": 128,
    "network": "mlp",
    "latent_dim": 32,
    "generator_options": {"units": [256, 256]},
    "discriminator_options": {"units": [256, 256]},
    "r1": 0.1,
    "r2": 0.1,
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "epochs": 10,
    "steps_per_execution": 50,
}


def gan_stacked():
    """GAN with convolutional networks on stacked MNIST."""
    return Preset(
        name="gan_stacked",
        rule="gan",
        update_every=1,
        order="alternating",
        expected_minutes=45,
        expected_score="-",
        **_MNIST,
    )


def gean_stacked():
    """GEAN with a window of 2 steps and convolutional networks on stacked MNIST."""
    return Preset(
        name="gean_stacked",
        rule="gean",
        update_every=2,
        expected_minutes=45,
        expected_score="-",
        **_MNIST,
    )


def gan_digits():
    """GAN on stacked 8x8 digits that come with the package."""
    return Preset(
        name="gan_digits",
        rule="gan",
        update_every=1,
        order="alternating",
        expected_minutes=2,
        expected_score="1,000 of 1,000 modes, reverse KL 0.10",
        **_DIGITS,
    )


def gean_digits():
    """GEAN with a window of 2 steps on stacked 8x8 digits that come with the package."""
    return Preset(
        name="gean_digits",
        rule="gean",
        update_every=2,
        expected_minutes=2,
        expected_score="998 of 1,000 modes, reverse KL 0.26",
        **_DIGITS,
    )
