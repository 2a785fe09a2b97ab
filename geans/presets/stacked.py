"""Presets on stacked digits, with 1,000 known modes."""

from geans.presets.preset import Preset, by_gean, decaying, relativistic

# As on points, GAN and GEAN differ only in windows and the learning rate that grows with them.
_TRAINING = {**relativistic(0.1), **decaying(2e-3)}
_WINDOWS = {"update_every": "growing:4", "window_exponent": 0.5}

# 8x8x3, 500 steps per epoch.
DIGITS = {
    "data": "stacked:digits",
    "samples_per_epoch": 64_000,
    "batch_size": 128,
    "latent_dim": 32,
    "generator_options": {"units": [256, 256]},
    "discriminator_options": {"units": [256, 256]},
    "picture_every": 4,
}


def gan_stacked():
    """GAN with convolutional networks on stacked MNIST: 1,000 modes."""
    # 28x28x3, 26,000 samples judged by a classifier, as in VEEGAN and PacGAN; 12,800 steps of 64.
    return Preset(
        name="gan_stacked",
        data="stacked:mnist",
        samples_per_epoch=51_200,
        network="dcgan",
        generator_options={"width": 32},
        # Without the dense layer the digits of a channel were far from equally frequent.
        discriminator_options={"width": 32, "dense_units": 256},
        penalty_interval=4,
        epochs=16,
        picture_every=4,
        **_TRAINING,
    )


def gean_stacked():
    """GEAN with windows that grow from 1 step to 4 on stacked MNIST: 1,000 modes."""
    return by_gean(gan_stacked(), **_WINDOWS)


def gan_digits():
    """GAN on the package's stacked 8x8 digits: 1,000 modes."""
    return Preset(name="gan_digits", epochs=10, **DIGITS, **_TRAINING)


def gean_digits():
    """GEAN with windows from 1 step to 4 on the package's stacked 8x8 digits: 1,000 modes."""
    return by_gean(gan_digits(), **_WINDOWS)
