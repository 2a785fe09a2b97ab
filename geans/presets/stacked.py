"""Presets on stacked digits, with 1,000 known modes."""

from geans.presets.preset import Preset, by_gean

# As on points, GAN and GEAN differ only in windows and the learning rate that grows with them.
_COMMON = {
    "order": "simultaneous",
    "loss": "relativistic",
    "r1": 0.1,
    "r2": 0.1,
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "learning_rate_decay": "linear",
    "beta_1": 0.0,
    "beta_2": 0.99,
    "picture_every": 4,
}
_WINDOWS = {"update_every": "growing:4", "window_exponent": 0.5}

# 28x28x3, 26,000 samples judged by a classifier, as in VEEGAN and PacGAN; 12,800 steps of 64.
_MNIST = {
    **_COMMON,
    "data": "stacked:mnist",
    "samples_per_epoch": 51_200,
    "batch_size": 64,
    "network": "dcgan",
    "latent_dim": 64,
    "generator_options": {"width": 32},
    # Without the dense layer the digits of a channel were far from equally frequent.
    "discriminator_options": {"width": 32, "dense_units": 256},
    "penalty_interval": 4,
    "epochs": 16,
    "steps_per_execution": 10,
}

# 8x8x3, 5,000 steps of 128.
_DIGITS = {
    **_COMMON,
    "data": "stacked:digits",
    "samples_per_epoch": 64_000,
    "batch_size": 128,
    "network": "mlp",
    "latent_dim": 32,
    "generator_options": {"units": [256, 256]},
    "discriminator_options": {"units": [256, 256]},
    "epochs": 10,
    "steps_per_execution": 50,
}


def gan_stacked():
    """GAN with convolutional networks on stacked MNIST: 1,000 modes."""
    return Preset(name="gan_stacked", **_MNIST)


def gean_stacked():
    """GEAN with windows that grow from 1 step to 4 on stacked MNIST: 1,000 modes."""
    return by_gean(gan_stacked(), **_WINDOWS)


def gan_digits():
    """GAN on the package's stacked 8x8 digits: 1,000 modes."""
    return Preset(name="gan_digits", **_DIGITS)


def gean_digits():
    """GEAN with windows from 1 step to 4 on the package's stacked 8x8 digits: 1,000 modes."""
    return by_gean(gan_digits(), **_WINDOWS)
