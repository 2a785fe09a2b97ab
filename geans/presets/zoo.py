"""Presets of unconditional GANs.

Those on small images train in minutes on two CPU cores, about a hundredth of the papers' training:
networks are narrow, and learning rates are about ten times the paper's and decay to 0. Comments
explain other departures. Those on CIFAR-10 and CelebA have the paper's widths and settings, need a
GPU and were not run; their days on two CPU cores are estimates, at 50 billion operations a second.
"""

from geans.presets import images, points, stacked
from geans.presets.preset import Preset, by_gean, decaying

_FASHION = {"data": "embedded:fashion", "batch_size": 32}

# The dense layer departs from DCGAN: on 28 pixels two convolutions see no more than a stroke.
# MNIST's coverage after two epochs was .30 without it, .44 with it.
_WHOLE_IMAGE = {"width": 16, "dense_units": 256}


def dcgan():
    """DCGAN on MNIST (Radford et al. 2016)."""
    # 7,500 steps. The paper: Adam(2e-4, beta_1=0.5), batches of 128.
    changes = {
        "discriminator_options": {**_WHOLE_IMAGE, "normalization": "batch"},
        # A quarter of the generator's; at the same rate Fréchet distance 10.2 instead of 7.9
        # (seed 0).
        "discriminator_learning_rate": 5e-4,
    }
    return Preset(name="dcgan", data="tfds:mnist", epochs=4, **images.DCGAN | changes)


def gean_dcgan():
    """DCGAN on MNIST by GEAN: as many samples, one update per two steps."""
    return by_gean(dcgan())


def lsgan():
    """LSGAN on Fashion-MNIST (Mao et al. 2017), with DCGAN's networks."""
    return Preset(
        name="lsgan",
        network="dcgan",
        generator_options={"width": 16},
        discriminator_options={**_WHOLE_IMAGE, "normalization": "batch"},
        loss="least_squares",
        epochs=20,
        picture_every=2,
        **decaying(1e-3),  # The paper's rate for scenes.
        **_FASHION,
    )


def wgan_gp():
    """WGAN-GP on Fashion-MNIST (Gulrajani et al. 2017), 5 critic steps."""
    return Preset(
        name="wgan_gp",
        # All on one batch of real images; the paper draws five.
        discriminator_steps=5,
        network="dcgan",
        generator_options={"width": 16},
        # No normalisation: the penalty applies to each sample alone (section 4 of the paper).
        discriminator_options=_WHOLE_IMAGE,
        loss="wasserstein",
        gradient_penalty=10.0,
        beta_1=0.0,
        beta_2=0.9,
        epochs=10,
        **decaying(1e-3),
        **_FASHION,
    )


def sngan():
    """SNGAN on Fashion-MNIST (Miyato et al. 2018): residual networks, spectral norm, hinge loss."""
    # One discriminator step per generator update: the paper's five cost three times as much.
    return Preset(
        name="sngan",
        network="resnet",
        generator_options={"width": 16},
        discriminator_options={"width": 16, "normalization": "spectral"},
        loss="hinge",
        beta_1=0.0,
        beta_2=0.9,
        epochs=10,
        **decaying(3e-3),
        **_FASHION,
    )


# No penalty, as in the paper: packing keeps the modes.
_PACGAN = {"order": "simultaneous", **decaying(1e-3)}


def pacgan_ring():
    """PacGAN on a ring of eight modes (Lin et al. 2018), packing two samples."""
    return Preset(name="pacgan_ring", packing=2, epochs=30, **points.RING, **_PACGAN)


def pacgan_grid():
    """PacGAN on a grid of 25 modes, packing four samples."""
    return Preset(name="pacgan_grid", packing=4, epochs=60, **points.GRID, **_PACGAN)


def pacgan_stacked():
    """PacGAN on stacked 8x8 digits of the package: 1,000 modes, packing two samples."""
    return Preset(name="pacgan_stacked", packing=2, epochs=30, **stacked.DIGITS, **_PACGAN)


def sngan_cifar10():
    """SNGAN on CIFAR-10 as in the paper: 32 days on two CPU cores. torch-mimicry's FID is 16.8."""
    return Preset(
        name="sngan_cifar10",
        data="tfds:cifar10",
        discriminator_steps=5,
        network="resnet",
        latent_dim=128,
        generator_options={"width": 256},
        discriminator_options={"width": 128, "normalization": "spectral"},
        loss="hinge",
        beta_1=0.0,
        beta_2=0.9,
        learning_rate_decay="linear",
        # 50,000 generator updates, as in the authors' configuration.
        epochs=64,
        picture_every=4,
    )


def dcgan_faces():
    """DCGAN on CelebA, 64x64, at the paper's width: 10 days on two CPU cores."""
    return Preset(
        name="dcgan_faces",
        data="tfds:celeb_a",
        image_size=64,
        batch_size=128,
        network="dcgan",
        latent_dim=100,
        generator_options={"width": 128},
        discriminator_options={"width": 128, "normalization": "batch"},
        epochs=25,
    )
