import dataclasses

import numpy as np
import pytest

from geans import experiment, metrics, presets


@pytest.mark.parametrize(
    ("name", "modes", "nearest", "stddev"),
    [
        ("gan_ring", 8, 2 * np.sin(np.pi / 8), 0.01),
        ("gean_ring", 8, 2 * np.sin(np.pi / 8), 0.01),
        ("gan_grid", 25, 2.0, 0.05),
        ("gean_grid", 25, 2.0, 0.05),
        ("gan_grid_hard", 25, 2.0, 0.05),
        ("gean_grid_hard", 25, 2.0, 0.05),
    ],
)
def test_the_mixtures_are_those_of_the_literature(name, modes, nearest, stddev):
    """Ring of radius 1 and grid of spacing 2, as in VEEGAN and PacGAN."""
    mixture = experiment.make_mixture(presets.get(name))
    assert (len(mixture.centers), mixture.stddev) == (modes, stddev)
    distances = np.linalg.norm(mixture.centers[:, None] - mixture.centers[None], axis=-1)
    assert distances[distances > 0].min() == pytest.approx(nearest)


@pytest.mark.parametrize("problem", ["ring", "grid"])
def test_gan_and_gean_differ_in_the_windows_alone(problem):
    """Else a comparison of the two would not be one of the rules."""
    gan, gean = (dataclasses.asdict(presets.get(f"{rule}_{problem}")) for rule in ("gan", "gean"))
    differing = {field for field in gan if gan[field] != gean[field]} - {"name"}
    assert differing == {"rule", "update_every", "window_exponent"}


@pytest.mark.nightly
@pytest.mark.parametrize("rule", ["gan", "gean"])
def test_no_mode_of_the_ring_is_lost(rule):
    """The preset, cut to a twentieth of its length: 4,000 steps."""
    preset = dataclasses.replace(presets.get(f"{rule}_ring"), epochs=5)
    dataset = experiment.make_data(preset)
    model = experiment.make_model(preset, dataset)
    model.fit(dataset, epochs=preset.epochs, verbose=0)
    found = metrics.mode_coverage(model.sample(2_500, seed=0), experiment.make_mixture(preset))
    assert found.covered_modes == 8, found
    assert found.high_quality_fraction > 0.6 and found.reverse_kl < 0.1, found
