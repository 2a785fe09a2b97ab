"""Presets on points of the plane, where modes can be counted."""

from geans.presets.preset import Preset

# Radius 1 and standard deviation .01, as in VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al.
# 2018); 16,000 steps of 128 points.
_RING = {
    "data": "mixture:ring",
    "data_options": {"radius": 1.0, "stddev": 0.01},
    "samples_per_epoch": 102_400,
    "batch_size": 128,
    "latent_dim": 4,
    "generator_options": {"units": [64, 64]},
    "discriminator_options": {"units": [64, 64]},
    "averaging_half_life": 20_000,
    "learning_rate_decay": "linear",
    "beta_2": 0.99,
    "epochs": 20,
    "steps_per_execution": 100,
}

# Spacing 2 and standard deviation .05, as in VEEGAN and PacGAN; 24,000 steps of 128 points.
_GRID = {
    **_RING,
    "data": "mixture:grid",
    "data_options": {"spacing": 2.0, "stddev": 0.05},
    "latent_dim": 2,
    "generator_options": {"units": [128, 128]},
    "discriminator_options": {"units": [128, 128], "input_scale": 0.25},
    "epochs": 30,
}


def gan_ring():
    """GAN on a ring of eight modes."""
    return Preset(
        name="gan_ring",
        rule="gan",
        update_every=1,
        order="alternating",
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        expected_minutes=2,
        expected_score="8 of 8 modes, 98 % good, reverse KL 0.010",
        **_RING,
    )


def gean_ring():
    """GEAN with a window of 2 steps on a ring of eight modes."""
    return Preset(
        name="gean_ring",
        rule="gean",
        update_every=2,
        loss="relativistic",
        r1=0.003,
        r2=0.003,
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        expected_minutes=2,
        expected_score="8 of 8 modes, 95 % good, reverse KL 0.001",
        **_RING,
    )


def gan_grid():
    """GAN on a grid of 25 modes."""
    return Preset(
        name="gan_grid",
        rule="gan",
        update_every=1,
        order="alternating",
        generator_learning_rate=3e-3,
        discriminator_learning_rate=3e-3,
        expected_minutes=2,
        expected_score="16 of 25 modes, 95 % good, reverse KL 0.53",
        **_GRID,
    )


def gean_grid():
    """GEAN with windows that grow from 1 step to 8 on a grid of 25 modes."""
    return Preset(
        name="gean_grid",
        rule="gean",
        update_every="growing:8",
        loss="relativistic",
        r1=0.01,
        r2=0.01,
        generator_learning_rate=3e-3,
        discriminator_learning_rate=3e-3,
        expected_minutes=2,
        expected_score="25 of 25 modes, 91 % good, reverse KL 0.005",
        **_GRID,
    )
