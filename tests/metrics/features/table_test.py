import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.metrics import features
from geans.metrics.features import applications


def mean_color(images):
    return tf.reduce_mean(images, axis=(1, 2))


def test_names_of_the_table():
    names = [name for name in features.NETWORKS if not name.startswith("keras:")]
    assert names == ["digits28", "imagenet", "inception-2015-12-05", "pixels"]
    assert len(features.NETWORKS) == 4 + len(applications.NAMES)


@pytest.mark.parametrize("name", ["digits28", "pixels"])
def test_a_network_has_the_name_it_was_asked_for(name):
    assert features.get(name).name == name


@pytest.mark.slow
def test_options_are_those_of_the_network():
    network = features.get("keras:MobileNet", weights=None)
    assert network.name == "keras:MobileNet"
    assert network(np.zeros((1, 32, 32, 3)))["features"].shape == (1, 1_024)


def test_a_network_stays_as_it_is():
    network = features.FeatureNetwork("mine", mean_color)
    assert features.get(network) is network


def test_a_model_has_its_own_name_or_another():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()], name="flat")
    assert features.get(model).name == "flat"
    assert features.get(model, name="all", batch_size=2).name == "all"


def test_a_function_answers_under_its_name():
    network = features.get(mean_color, name="mean", checksum="0123456789ab", batch_size=2)
    assert (network.name, network.checksum) == ("mean", "0123456789ab")
    found = network(np.full((5, 4, 4, 3), 255, "uint8"))["features"]
    np.testing.assert_array_equal(found, np.ones((5, 3)))


def test_a_function_may_answer_with_arrays():
    network = features.get(lambda images: images.numpy()[:, 0, 0], name="corner")
    assert network(np.zeros((3, 2, 2, 1)))["features"].shape == (3, 1)


@pytest.mark.parametrize("options", [{}, {"name": None}, {"name": ""}, {"name": 3}])
def test_a_function_needs_a_name(options):
    with pytest.raises(ValueError, match="name=..."):
        features.get(mean_color, **options)


@pytest.mark.parametrize("unknown", ["inception", "keras:MobileNet9", 3, None, ["digits28"]])
def test_what_is_no_network_is_answered_with_what_exists(unknown):
    with pytest.raises(ValueError, match="digits28, .*MobileNetV2.*Received: "):
        features.get(unknown)


@pytest.mark.parametrize("known", ["digits28", "pixels", features.FeatureNetwork("a", mean_color)])
def test_unknown_options_are_refused(known):
    with pytest.raises(ValueError, match="unexpected keyword argument 'side'|too many"):
        features.get(known, side=3)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 3), (64, 64, 1)])
def test_other_images_have_the_network_of_photographs(shape):
    assert features.default_for(shape) == "imagenet"


@pytest.mark.parametrize("shape", [(), (28, 28), (1, 28, 28, 1)])
def test_what_is_no_image_has_no_network(shape):
    with pytest.raises(ValueError, match="image_shape"):
        features.default_for(shape)


def test_every_default_is_in_the_table():
    shapes = [(2,), (28, 28, 1), (32, 32, 3)]
    assert {features.default_for(shape) for shape in shapes} <= set(features.NETWORKS)
