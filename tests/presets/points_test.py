import numpy as np
import pytest

from geans import experiment, presets


@pytest.mark.parametrize(
    ("name", "modes", "nearest", "stddev"),
    [
        ("gan_ring", 8, 2 * np.sin(np.pi / 8), 0.01),
        ("gean_ring", 8, 2 * np.sin(np.pi / 8), 0.01),
        ("gan_grid", 25, 2.0, 0.05),
        ("gean_grid", 25, 2.0, 0.05),
    ],
)
def test_the_mixtures_are_those_of_the_literature(name, modes, nearest, stddev):
    """Ring of radius 1 and grid of spacing 2, as in VEEGAN and PacGAN."""
    mixture = experiment.make_mixture(presets.get(name))
    assert (len(mixture.centers), mixture.stddev) == (modes, stddev)
    distances = np.linalg.norm(mixture.centers[:, None] - mixture.centers[None], axis=-1)
    assert distances[distances > 0].min() == pytest.approx(nearest)
