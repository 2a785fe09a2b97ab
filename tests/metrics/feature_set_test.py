import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.metrics import feature_set, features, measurement

ORIGIN = measurement.Origin(name="noise")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GEANS_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 4, 4, 1)).astype("uint8")


class Network:
    """Flattens, has the mean as its only logit, and counts the images it sees."""

    def __init__(self, checksum="none"):
        self.seen = 0
        self.network = features.FeatureNetwork("flat", self, checksum=checksum)

    def __call__(self, images):
        self.seen += len(images)
        flat = tf.reshape(images, (len(images), -1))
        return {"features": flat, "logits": tf.reduce_mean(flat, axis=1, keepdims=True)}


def batches(images, size=16, labels=False):
    parts = [images[start : start + size] for start in range(0, len(images), size)]
    return [(part, np.zeros(len(part))) for part in parts] if labels else parts


def extract(images, **options):
    return feature_set.extract(images, Network().network, ORIGIN, **options)


def test_statistics_are_those_of_all_rows_at_once(images):
    found = extract(batches(images))
    rows = images.reshape(50, 16) / 127.5 - 1
    assert found.count == 50
    np.testing.assert_allclose(found.statistics.mean, rows.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(found.statistics.covariance, np.cov(rows.T), atol=1e-6)
    assert found.features.shape == (50, 16)
    assert found.logits.shape == (50, 1)
    np.testing.assert_allclose(found.features.mean(axis=1), found.logits[:, 0], atol=1e-6)


def test_neither_order_nor_labels_nor_kind_of_batches_matter(images):
    shuffled = tf.data.Dataset.from_tensor_slices(images[::-1] / np.float32(127.5) - 1).batch(7)
    one, other = extract(batches(images, labels=True)), extract(shuffled)
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_allclose(one.statistics.covariance, other.statistics.covariance, atol=1e-12)


def test_so_many_images_and_no_more(images):
    seen = []
    found = extract(batches(images), count=20, progress=seen.append)
    assert (found.count, seen) == (20, [16, 20])
    endless = tf.data.Dataset.from_tensor_slices(images).repeat().batch(8)
    assert extract(endless, count=100).count == 100


def test_rows_are_left_aside_where_they_are_not_needed(images):
    found = extract(batches(images), keep=False)
    assert (found.features, found.logits) == (None, None)
    np.testing.assert_array_equal(
        found.statistics.covariance, extract(batches(images)).statistics.covariance
    )


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_an_error(images, count):
    with pytest.raises(ValueError, match=f"at least 2 images. Received: {count} of noise"):
        extract(batches(images[:count]))


def test_features_of_the_same_images_are_computed_once(images, cache):
    first, second = Network("0123"), Network("0123")
    one = feature_set.extract_cached(batches(images), first.network, ORIGIN)
    other = feature_set.extract_cached(batches(images[::-1], 9), second.network, ORIGIN)
    assert (first.seen, second.seen) == (52, 2)  # Two of noise.
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.logits, other.logits)
    np.testing.assert_array_equal(one.statistics.covariance, other.statistics.covariance)
    assert other.count == 50
    for changed in (
        feature_set.extract_cached(batches(images), Network("4567").network, ORIGIN),
        feature_set.extract_cached(batches(images), first.network, ORIGIN, count=49),
        feature_set.extract_cached(batches(images ^ 1), first.network, ORIGIN),
    ):
        assert changed.count in (49, 50)
    assert len(list(cache.glob("*.npz"))) == 4


def test_statistics_alone_do_not_stand_in_for_rows(images):
    network = Network("0123")
    options = {"count": None, "keep": False}
    feature_set.extract_cached(batches(images), network.network, ORIGIN, **options)
    again = feature_set.extract_cached(batches(images), network.network, ORIGIN, **options)
    assert (again.features, network.seen) == (None, 54)
    found = feature_set.extract_cached(batches(images), network.network, ORIGIN)
    assert (found.features.shape, network.seen) == ((50, 16), 106)
    again = feature_set.extract_cached(batches(images), network.network, ORIGIN, **options)
    assert (again.features, network.seen) == (None, 108)


def test_features_without_a_checksum_are_not_kept(images, cache):
    feature_set.extract_cached(batches(images), Network().network, ORIGIN)
    assert not list(cache.iterdir())


def test_another_network_with_the_same_weights_does_not_get_what_was_kept(images):
    def network(scale):
        layers = [keras.Input((4, 4, 1)), keras.layers.Rescaling(scale), keras.layers.Flatten()]
        head = keras.layers.Dense(3, kernel_initializer="ones")
        return features.get(keras.Sequential([*layers, head], name="mine"))

    one, other = network(1.0), network(5.0)
    assert (one.name, one.checksum) == (other.name, other.checksum)
    first = feature_set.extract_cached(batches(images), one, ORIGIN)
    second = feature_set.extract_cached(batches(images), other, ORIGIN)
    np.testing.assert_allclose(second.features, 5 * first.features, rtol=1e-5, atol=1e-5)
