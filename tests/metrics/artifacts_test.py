import numpy as np
import pytest

from geans.metrics import artifacts


def constant(*values, channels=1, side=16):
    """Images of one grey each."""
    return np.tile(np.array(values, "float32")[:, None, None, None], (1, side, side, channels))


def test_pooling_takes_means_of_cells_as_equal_as_can_be():
    rows = np.arange(5.0)[None, :, None, None] * np.ones((1, 1, 3, 1))
    assert artifacts.pooled(rows, side=2)[0, ..., 0].tolist() == [[0.5, 0.5], [3, 3]]
    assert artifacts.pooled(rows, side=9).shape == (1, 5, 3, 1)


def test_distances_are_root_mean_squares_and_none_to_itself():
    found = artifacts.distances(constant(-1, -1, 1))
    expected = [[np.nan, 0, 2], [0, np.nan, 2], [2, 2, np.nan]]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("kinds", "part"), [(2, 1 / 2), (4, 3 / 4)])
def test_the_variety_of_some_images_in_equal_parts(kinds, part):
    """Of as many vertices of a simplex, any two are equally far apart."""
    pixels = np.eye(64, dtype="float32").reshape(64, 8, 8, 1)
    collapsed = np.repeat(pixels[:kinds], 64 // kinds, axis=0)
    # Among 64 images 1 / 63 of the pairs is more often different than among very many.
    ratio = artifacts.variety(collapsed) / artifacts.variety(pixels)
    assert ratio == pytest.approx(part * 64 / 63)


def test_images_that_differ_in_single_pixels_have_little_variety():
    noise = np.random.default_rng(0).choice([-1.0, 1.0], (50, 64, 64, 1))
    assert artifacts.variety(noise) < 0.25 < 1 < artifacts.variety(constant(*[-1, 1] * 9))


def test_the_nearest_of_a_repeated_image_is_at_0():
    images = np.concatenate([constant(-1, 0, 0.5), constant(0)])
    np.testing.assert_allclose(artifacts.nearest(images), [1, 0, 0.5, 0])


def test_a_tint_is_in_the_moments_of_its_channel():
    images = constant(-0.5, 0.5, channels=3)
    images[..., 2] = images[..., 2] / 2 + 0.25
    means, deviations = artifacts.moments(images)
    assert means.tolist() == [0, 0, 0.25]
    assert deviations.tolist() == [0.5, 0.5, 0.25]


def test_saturation_counts_both_ends():
    assert artifacts.saturation(constant(-1, 0.97, 0.99, 0)) == 0.5


def test_colour_is_the_difference_between_channels():
    assert artifacts.colour(constant(0.3, channels=1)) == 0
    assert artifacts.colour(constant(0.3, channels=3)) == 0
    images = constant(0, channels=3)
    images[0, :8, :, 1] = 1
    assert artifacts.colour(images) == 0.5


BOARD = (-1.0) ** np.indices((16, 16)).sum(axis=0)
STRIPES = (-1.0) ** np.indices((16, 16))[1]
WAVE = np.sqrt(2) * np.cos(2 * np.pi * np.indices((16, 16))[0] / 16)


@pytest.mark.parametrize(
    ("image", "share"),
    [
        (BOARD, 1),
        (STRIPES, 1),
        (WAVE, 0),
        (0 * WAVE + 0.3, 0),
        (0.3 + BOARD + 3 * WAVE, 0.1),  # Energies 1 and 9; the mean does not count.
    ],
)
def test_the_energy_that_alternates(image, share):
    images = np.repeat(image[None, ..., None], 70, axis=0)
    assert artifacts.checkerboard(images) == pytest.approx(share, abs=1e-12)


def test_the_energy_of_a_colour_is_that_of_its_luma():
    images = np.zeros((1, 16, 16, 3))
    images[..., 0], images[..., 1] = BOARD, WAVE
    expected = 0.299**2 / (0.299**2 + 0.587**2)
    assert artifacts.checkerboard(images) == pytest.approx(expected)
    assert artifacts.checkerboard(images[..., :2]) == pytest.approx(0.5)


def test_white_noise_has_as_much_in_every_place():
    noise = np.random.default_rng(0).normal(size=(300, 16, 16, 1))
    assert artifacts.checkerboard(noise) == pytest.approx(31 / 255, rel=0.05)
