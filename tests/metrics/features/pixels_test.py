import numpy as np
import pytest

from geans.metrics.features import pixels


def test_images_are_flattened():
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype="uint8")
    found = pixels.network()(images)["features"]
    np.testing.assert_allclose(found, images.reshape(3, 60) / 127.5 - 1, atol=1e-6)


def test_points_stay_as_they_are_beyond_the_range_of_images():
    points = np.array([[0.1, -7.0, 3.0], [2.0, 5.0, 1.0]], "float32")
    np.testing.assert_array_equal(pixels.network()(points)["features"], points)


def test_the_largest_images_are_64_by_64_grey():
    assert pixels.network()(np.zeros((2, 64, 64, 1)))["features"].shape == (2, 4_096)


@pytest.mark.parametrize("shape", [(2, 64, 64, 3), (0, 8, 8, 1), (0, 2), (3, 0)])
def test_too_many_dimensions_and_none_are_refused(shape):
    with pytest.raises(ValueError, match=rf"4,096.*Received: {shape[0]} of shape"):
        pixels.network()(np.zeros(shape))
