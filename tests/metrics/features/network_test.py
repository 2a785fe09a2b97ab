import numpy as np
import pytest
import tensorflow as tf

from geans.metrics import features


def mean_color(images):
    return tf.reduce_mean(images, axis=(1, 2))


def test_floats_are_judged_as_their_png_file():
    network = features.FeatureNetwork("mean", mean_color)
    images = np.random.default_rng(0).uniform(-1.001, 1.001, (5, 8, 8, 3))
    pixels = features.to_pixels(images)
    np.testing.assert_array_equal(network(images)["features"], network(pixels)["features"])
    assert pixels.dtype == "uint8"
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_points_pass_as_they_are():
    points = np.array([[0.123, 55.0]], "float32")
    network = features.FeatureNetwork("points", lambda points: points)
    np.testing.assert_array_equal(network(points)["features"], points)


def test_logits_come_with_the_features():
    network = features.FeatureNetwork(
        "two", lambda images: {"features": mean_color(images), "logits": mean_color(images) * 2}
    )
    found = network(np.full((2, 4, 4, 1), 255, "uint8"))
    assert {name: array.tolist() for name, array in found.items()} == {
        "features": [[1.0], [1.0]],
        "logits": [[2.0], [2.0]],
    }


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 32, 32, 1)), "shape \\(2, 32, 32, 1\\)"),
        (np.zeros((2, 28, 28, 3), "uint8"), "28, 28, 1"),
        (np.zeros((28, 28, 1)), "n, height"),
    ],
)
def test_what_does_not_fit_is_refused(images, message):
    network = features.FeatureNetwork("digits", mean_color, image_shape=(28, 28, 1))
    with pytest.raises(ValueError, match=message):
        network(images)


def test_samples_that_are_not_finite_are_an_error_of_their_own():
    network = features.FeatureNetwork("digits", mean_color)
    with pytest.raises(FloatingPointError, match="diverged"):
        network(np.full((2, 28, 28, 1), np.nan))


def test_features_of_a_wrong_rank_are_refused():
    with pytest.raises(ValueError, match="Pool or flatten"):
        features.FeatureNetwork("all", lambda images: images)(np.zeros((2, 8, 8, 1)))


def test_integers_other_than_bytes_are_refused():
    with pytest.raises(ValueError, match="uint8, or floats in .* Received: int64"):
        features.FeatureNetwork("any", lambda images: images)(np.full((2, 4, 4, 1), 200))
