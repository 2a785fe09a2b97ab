import logging

import keras
import numpy as np
import pytest

from geans.metrics.features import applications, keras_models


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return applications.network("MobileNet", weights=None)


@pytest.fixture(scope="module")
def model():
    """What `network` wraps."""
    keras.utils.set_random_seed(0)
    shape = (224, 224, 3)
    return keras.applications.MobileNet(
        include_top=False, weights=None, pooling="avg", input_shape=shape
    )


def assert_same(found, expected):
    # The features of random weights are tiny.
    assert np.ptp(found) > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * found.max())


@pytest.mark.slow
def test_features_are_those_of_the_model_of_keras(network, model):
    pixels = images(2, 224, 224, 3)
    expected = model(keras.applications.mobilenet.preprocess_input(pixels.astype("float32")))
    assert_same(network(pixels)["features"], expected)


def test_grey_images_are_those_of_three_equal_channels(network):
    grey = images(2, 28, 28, 1)
    colours = np.repeat(grey, 3, axis=-1)
    assert_same(network(grey)["features"], network(colours)["features"])


@pytest.mark.slow
def test_images_of_any_size_are_resized_and_the_record_says_how(network):
    assert network.resize == "bilinear, antialiased, to 224x224"
    wide, square = (np.full((1, *size, 3), 99, "uint8") for size in ((300, 50), (224, 224)))
    assert_same(network(wide)["features"], network(square)["features"])


@pytest.mark.slow
def test_weights_are_read_from_a_file_and_named_by_the_checksum(network, model, tmp_path):
    path = tmp_path / "some.weights.h5"
    model.save_weights(path)
    keras.utils.set_random_seed(1)
    read = applications.network("MobileNet", weights=str(path))
    assert read.checksum == network.checksum == keras_models.checksum(model)
    assert_same(read(images(1, 64, 64, 3))["features"], network(images(1, 64, 64, 3))["features"])


def test_a_warning_says_that_nothing_published_compares(caplog):
    with caplog.at_level(logging.WARNING):
        assert applications.network("MobileNet", weights=None).name == "keras:MobileNet"
    assert [record.getMessage() for record in caplog.records] == [
        "Distances of features keras:MobileNet compare with no published number."
    ]


class Found(Exception):
    """The side that a model has by default, before it is built."""


# MobileNetV3 has no default: its weights are of 224 pixels, as its documentation says.
@pytest.mark.parametrize("name", [name for name in applications.NAMES if "NetV3" not in name])
def test_sides_are_those_of_keras(name, monkeypatch):
    def obtain_input_shape(*args, default_size, **options):
        raise Found(default_size)

    monkeypatch.setattr(
        keras.src.applications.imagenet_utils, "obtain_input_shape", obtain_input_shape
    )
    with pytest.raises(Found) as found:
        getattr(keras.applications, name)(weights=None)
    assert found.value.args[0] == applications._SIDES.get(name, applications._SIDE)


@pytest.mark.parametrize("name", applications.NAMES)
def test_every_model_has_its_preprocessing(name):
    pixels = np.full((1, 2, 2, 3), 255, "float32")
    assert np.isfinite(applications._module(name).preprocess_input(pixels)).all()


def test_unknown_names_list_what_exists():
    with pytest.raises(
        ValueError, match="'MobileNet9'. Did you mean 'MobileNet'.*MobileNetV2, .*VGG16"
    ):
        applications.network("MobileNet9")


def test_a_missing_file_of_weights_is_refused():
    with pytest.raises(ValueError, match="nowhere.weights.h5"):
        applications.network("MobileNet", weights="nowhere.weights.h5")


def test_two_channels_are_refused(network):
    with pytest.raises(ValueError, match="Received: 2 channels"):
        network(images(2, 28, 28, 2))


def test_weights_that_cannot_be_downloaded_are_an_error_that_says_so(monkeypatch):
    def fail(**options):
        raise Exception("URL fetch failure")  # As Keras does.

    monkeypatch.setattr(keras.applications, "MobileNet", fail)
    with pytest.raises(ValueError, match="keras:MobileNet .*imagenet.* .URL fetch failure"):
        applications.network("MobileNet")
