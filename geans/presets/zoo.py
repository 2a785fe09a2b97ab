"""Presets of the unconditional families of GANs, each with what its paper is known for.

Small images are learned in minutes on two CPU cores: a hundredth of what papers take. So networks
are narrow, rates are about ten times those of the paper and fall to 0 at the end. Where else a
setting departs from the paper, a comment says why.

Presets whose expected score begins with `NOT_RUN` have the paper's widths and settings and take a
GPU: their minutes are estimates, from the operations of a step at 50 billion a second.
"""

from geans.presets.preset import NOT_RUN, Preset

_SMALL = {
    "batch_size": 32,
    "latent_dim": 64,
    "learning_rate_decay": "linear",
}
_FASHION = {**_SMALL, "data": "embedded:fashion"}

# The dense layer departs from DCGAN. From 28 pixels two convolutions reach no further than a
# stroke, and digits came out wrong: of MNIST, after two epochs, .30 were covered without it, .44
# with it.
_WHOLE_IMAGE = {"width": 16, "dense_units": 256}

# 7,500 steps. The paper: Adam(2e-4, beta_1=0.5), batches of 128.
_DCGAN = {
    **_SMALL,
    "data": "tfds:mnist",
    "network": "dcgan",
    "generator_options": {"width": 16},
    "discriminator_options": {**_WHOLE_IMAGE, "normalization": "batch"},
    "generator_learning_rate": 2e-3,
    # A quarter of the generator's. As fast as it, of seed 0: Fréchet distance 10.2 instead of 7.9.
    "discriminator_learning_rate": 5e-4,
    "beta_2": 0.99,
    "epochs": 4,
}


def dcgan():
    """DCGAN on MNIST (Radford et al. 2016): convolutions, batch normalisation in both networks."""
    return Preset(
        name="dcgan",
        rule="gan",
        update_every=1,
        order="alternating",
        expected_minutes=4,
        expected_score="mostly clear digits; digits28 Fréchet distance 7.9",
        **_DCGAN,
    )


def gean_dcgan():
    """DCGAN on MNIST by the GEAN rule: as many samples, one update per two steps."""
    return Preset(
        name="gean_dcgan",
        rule="gean",
        update_every=2,
        expected_minutes=3,
        expected_score="mostly clear digits; digits28 Fréchet distance 7.2",
        **_DCGAN,
    )


def lsgan():
    """LSGAN on garments (Mao et al. 2017): squared distances from 1 and 0, networks of DCGAN."""
    return Preset(
        name="lsgan",
        rule="gan",
        update_every=1,
        order="alternating",
        network="dcgan",
        generator_options={"width": 16},
        discriminator_options={**_WHOLE_IMAGE, "normalization": "batch"},
        loss="least_squares",
        # The paper's rate for scenes.
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        epochs=20,
        picture_every=2,
        expected_minutes=4,
        expected_score="garments that a person recognises; digits28 Fréchet distance 10.9",
        **_FASHION,
    )


def wgan_gp():
    """WGAN-GP on garments (Gulrajani et al. 2017): a critic of bounded slope, five steps ahead."""
    return Preset(
        name="wgan_gp",
        rule="gan",
        update_every=1,
        order="alternating",
        # On one batch of real images, where the paper draws five.
        discriminator_steps=5,
        network="dcgan",
        generator_options={"width": 16},
        # No normalisation: the penalty is one of each sample alone (section 4 of the paper).
        discriminator_options=_WHOLE_IMAGE,
        loss="wasserstein",
        gradient_penalty=10.0,
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        beta_1=0.0,
        beta_2=0.9,
        epochs=10,
        expected_minutes=8,
        expected_score="garments, some blurred; digits28 Fréchet distance 16.5",
        **_FASHION,
    )


def sngan():
    """SNGAN on garments (Miyato et al. 2018): residual networks, spectral norms of 1, hinge."""
    return Preset(
        name="sngan",
        rule="gan",
        update_every=1,
        # One discriminator step per update of the generator; the paper's five cost thrice as much.
        order="alternating",
        network="resnet",
        generator_options={"width": 16},
        discriminator_options={"width": 16, "normalization": "spectral"},
        loss="hinge",
        generator_learning_rate=3e-3,
        discriminator_learning_rate=3e-3,
        beta_1=0.0,
        beta_2=0.9,
        epochs=10,
        expected_minutes=4,
        expected_score="garments that a person recognises; digits28 Fréchet distance 9.5",
        **_FASHION,
    )


def r3gan():
    """The modern baseline on garments (Huang et al. 2024): a loss on pairs, R1 and R2."""
    return Preset(
        name="r3gan",
        rule="gan",
        update_every=1,
        order="simultaneous",
        network="modern",
        generator_options={"width": 16, "blocks": 1},
        discriminator_options={"width": 16, "blocks": 1},
        loss="relativistic",
        r1=0.1,
        r2=0.1,
        penalty_interval=4,
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        beta_1=0.0,
        beta_2=0.99,
        epochs=10,
        expected_minutes=7,
        expected_score="clear garments of few kinds (recall .05); digits28 Fréchet distance 15.9",
        **_FASHION,
    )


# Radius, spacing and spread as in `points`. Without a penalty, as in the paper: it is the packing
# that keeps the modes.
_PACGAN = {
    "rule": "gan",
    "update_every": 1,
    "order": "simultaneous",
    "loss": "non_saturating",
    "learning_rate_decay": "linear",
    "generator_learning_rate": 1e-3,
    "discriminator_learning_rate": 1e-3,
    "batch_size": 128,
    "samples_per_epoch": 102_400,
    "ema_half_life": 20_000,
    "picture_every": 10,
    "steps_per_execution": 100,
}


def pacgan_ring():
    """PacGAN on a ring of eight modes (Lin et al. 2018): the discriminator sees two at once."""
    return Preset(
        name="pacgan_ring",
        data="mixture:ring",
        data_options={"radius": 1.0, "stddev": 0.01},
        latent_dim=4,
        generator_options={"units": [64, 64]},
        discriminator_options={"units": [64, 64]},
        packing=2,
        epochs=30,
        expected_minutes=1,
        expected_score="8 of 8 modes, 97 % good, reverse KL 0.0008",
        **_PACGAN,
    )


def pacgan_grid():
    """PacGAN on a grid of 25 modes: the discriminator sees four samples at once."""
    return Preset(
        name="pacgan_grid",
        data="mixture:grid",
        data_options={"spacing": 2.0, "stddev": 0.05},
        latent_dim=2,
        generator_options={"units": [128, 128, 128]},
        discriminator_options={"units": [128, 128, 128], "input_scale": 0.25},
        packing=4,
        epochs=60,
        expected_minutes=2,
        expected_score="25 of 25 modes, 95 % good, reverse KL 0.029",
        **_PACGAN,
    )


def pacgan_stacked():
    """PacGAN on stacked 8x8 digits that come with the package: 1,000 modes."""
    changes = {"samples_per_epoch": 64_000, "picture_every": 4, "steps_per_execution": 50}
    return Preset(
        name="pacgan_stacked",
        data="stacked:digits",
        latent_dim=32,
        generator_options={"units": [256, 256]},
        discriminator_options={"units": [256, 256]},
        packing=2,
        epochs=30,
        expected_minutes=2,
        expected_score="1,000 of 1,000 modes, reverse KL 0.147",
        **{**_PACGAN, **changes},
    )


def sngan_cifar10():
    """SNGAN on CIFAR-10 with the networks and the settings of the paper."""
    return Preset(
        name="sngan_cifar10",
        data="tfds:cifar10",
        batch_size=64,
        rule="gan",
        update_every=1,
        order="alternating",
        discriminator_steps=5,
        network="resnet",
        latent_dim=128,
        generator_options={"width": 256},
        discriminator_options={"width": 128, "normalization": "spectral"},
        loss="hinge",
        beta_1=0.0,
        beta_2=0.9,
        learning_rate_decay="linear",
        # 50,000 updates of the generator, as the authors' configuration says.
        epochs=64,
        picture_every=4,
        expected_minutes=46_000,
        expected_score=f"{NOT_RUN}; others: Inception Fréchet distance 16.8 (torch-mimicry)",
    )


def r3gan_cifar10():
    """The modern baseline on CIFAR-10, at the width of the paper; without classes."""
    return Preset(
        name="r3gan_cifar10",
        data="tfds:cifar10",
        batch_size=512,
        rule="gan",
        update_every=1,
        order="alternating",
        network="modern",
        latent_dim=64,
        generator_options={"width": 768, "blocks": 2},
        discriminator_options={"width": 768, "blocks": 2},
        # The authors vary these over 20 million images, from 0.05 to 0.005, from 2e-4 to 5e-5, and
        # beta_2 from .9 to .99; here gamma and beta_2 have the last values, which hold longest.
        r1=0.005,
        r2=0.005,
        loss="relativistic",
        learning_rate_decay="linear",
        beta_1=0.0,
        beta_2=0.99,
        augmentation="diff_augment",
        ema_half_life=5_000_000,
        epochs=400,
        picture_every=10,
        expected_minutes=270_000,
        expected_score=f"{NOT_RUN}; the paper, with classes: Inception Fréchet distance 1.96",
    )


def dcgan_faces():
    """DCGAN on the faces of CelebA, 64x64, at the width of the paper."""
    return Preset(
        name="dcgan_faces",
        data="tfds:celeb_a",
        image_size=64,
        batch_size=128,
        rule="gan",
        update_every=1,
        order="alternating",
        network="dcgan",
        latent_dim=100,
        generator_options={"width": 128},
        discriminator_options={"width": 128, "normalization": "batch"},
        epochs=25,
        expected_minutes=14_500,
        expected_score=f"{NOT_RUN}; the paper shows pictures only",
    )
