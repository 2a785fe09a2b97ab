import keras
import numpy as np
import pytest

import geans
from geans import data, experiment, pretrained, report
from geans.experiment import loading
from geans.metrics.features import digits28


@pytest.mark.slow
def test_a_model_is_saved_whole_and_loaded_as_it_was(
    make_model, points, tmp_path, assert_same_state
):
    model = make_model(geans.GEAN, update_every=4)
    model.fit(points, batch_size=8, verbose=0)
    report.save_model(model, tmp_path / "model.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    assert_same_state(experiment.load(tmp_path), model)


def test_a_model_of_another_kind_is_refused(tmp_path):
    inputs = keras.Input((1,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="no adversarial model. Received: a Functional"):
        experiment.load(tmp_path)


def test_a_run_without_checkpoints_has_no_newest_model(tmp_path):
    assert loading.newest(tmp_path) == (None, None)


@pytest.mark.parametrize("name", pretrained.names())
def test_pretrained_models_make_images_without_data(name):
    model, shape = geans.from_pretrained(name), pretrained.entry(name)["shape"]
    images = model.sample(4, seed=0)
    assert list(images.shape) == [4, *shape]
    assert images.min() >= -1 and images.max() <= 1 and images.std() > 0.1
    np.testing.assert_array_equal(geans.from_pretrained(name).sample(4, seed=0), images)


def test_pretrained_digits_are_those_that_are_asked_for():
    labels = np.arange(200) % 10
    images = geans.from_pretrained("digits").sample(200, seed=0, labels=labels)
    assert (digits28.classify(images) == labels).mean() > 0.95


def test_the_discriminator_comes_on_request():
    images = np.zeros((3, 28, 28, 1), "float32"), np.arange(3)
    one, same, other = (
        np.asarray(geans.from_pretrained("digits", discriminator=each).discriminator(images))
        for each in (True, True, False)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_training_begins_with_a_pretrained_model():
    dataset = data.images.embedded("fashion", limit=64, labels=True, batch_size=32, seed=0)
    model = geans.from_preset("digits", dataset, init_from="digits", epochs=1)
    expected = geans.from_pretrained("digits").sample(3, seed=0)
    np.testing.assert_array_equal(model.sample(3, seed=0), expected)
    with pytest.raises(ValueError, match="The generator of digits has other weights"):
        geans.from_preset("conditional", dataset, init_from="digits", epochs=1)


def test_unknown_pretrained_models_are_refused():
    with pytest.raises(ValueError, match="Unknown pretrained model 'digts'. Did you mean 'digits'"):
        geans.from_pretrained("digts")
