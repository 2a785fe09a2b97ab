"""Presets on 2-D points with known modes."""

from geans.presets.preset import Preset, by_gean, decaying, relativistic

_AMOUNTS = {
    "batch_size": 128,
    "samples_per_epoch": 102_400,
    "picture_every": 10,
}

# Radius 1 and standard deviation .01, as in VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al.
# 2018). `gan_ring` takes 32,000 steps.
RING = {
    **_AMOUNTS,
    "data": "mixture:ring",
    "data_options": {"radius": 1.0, "stddev": 0.01},
    "latent_dim": 4,
    "generator_options": {"units": [64, 64]},
    "discriminator_options": {"units": [64, 64]},
}

# Spacing 2 and standard deviation .05, as in VEEGAN and PacGAN. `gan_grid` takes 24,000 steps.
GRID = {
    **_AMOUNTS,
    "data": "mixture:grid",
    "data_options": {"spacing": 2.0, "stddev": 0.05},
    "latent_dim": 2,
    "generator_options": {"units": [128, 128, 128]},
    "discriminator_options": {"units": [128, 128, 128], "input_scale": 0.25},
}

# GAN and GEAN differ only in their windows and the learning rate that grows with them. In trials
# with one to three seeds, the relativistic loss, this order and momentum were the best for both, or
# tied; `benchmarks/mode_coverage.py --suites=tuning` repeats the search.
_RATES = {
    **decaying(3e-3),
    # Without it, about one run in eight on the ring never recovers from its first steps.
    "warmup": 0.05,
}
_WINDOWS = {"update_every": "growing:8", "window_exponent": 0.5}


def gan_ring():
    """GAN on a ring of eight modes."""
    return Preset(name="gan_ring", epochs=40, **RING, **relativistic(0.01), **_RATES)


def gean_ring():
    """GEAN with windows that grow from 1 step to 8 on a ring of eight modes."""
    return by_gean(gan_ring(), **_WINDOWS)


def gan_grid():
    """GAN on a grid of 25 modes."""
    return Preset(name="gan_grid", epochs=30, **GRID, **relativistic(0.03), **_RATES)


def gean_grid():
    """GEAN with windows that grow from 1 step to 8 on a grid of 25 modes."""
    return by_gean(gan_grid(), **_WINDOWS)


# Without penalties, each rule with its best rates of `mode_coverage.py --suites=rule_search`.
_HARD = {**GRID, **_RATES, "beta_1": 0.0, "beta_2": 0.99, "epochs": 5, "picture_every": 1}
_HARD |= {"generator_learning_rate": 5e-3, "discriminator_learning_rate": 7.5e-4}


def gan_grid_hard():
    """GAN on the grid without penalties, in a sixth of the samples."""
    return Preset(name="gan_grid_hard", **_HARD)


def gean_grid_hard():
    """GEAN that pulls the discriminator back, on the grid without penalties."""
    update = {"update": "pullback", "update_every": 5, "order": "alternating"}
    return by_gean(gan_grid_hard(), **update, discriminator_learning_rate=1.5e-3)
