import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.metrics.features import keras_models


def classifier(seed=0):
    keras.utils.set_random_seed(seed)
    images = keras.Input((4, 4, 1))
    hidden = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
    features = keras.layers.Dropout(0.5)(keras.layers.Dense(3)(hidden))
    logits = keras.layers.Dense(2)(features)
    return keras.Model(images, {"features": features, "logits": logits}, name="small")


def images(count):
    return np.random.default_rng(0).integers(0, 256, (count, 4, 4, 1), dtype="uint8")


def test_a_model_answers_in_inference_mode_whatever_the_batch():
    model = classifier()
    expected = model(images(7).astype("float32") / 127.5 - 1, training=False)
    found = keras_models.from_model(model, batch_size=3)(images(7))
    assert sorted(found) == ["features", "logits"]
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-6)


def test_no_more_than_a_batch_passes_at_once():
    sizes = []

    def watch(images):
        sizes.append(len(images))
        return images

    found = keras_models.in_batches(watch, batch_size=3)(tf.reshape(tf.range(8.0), (8, 1)))
    assert sizes == [3, 3, 2]
    assert found[:, 0].numpy().tolist() == list(range(8))


def test_the_name_and_the_shape_are_those_of_the_model():
    found = keras_models.from_model(classifier())
    assert (found.name, found.image_shape, found.resize) == ("small", (4, 4, 1), "none")
    assert keras_models.from_model(classifier(), name="mine").name == "mine"
    with pytest.raises(ValueError, match="Received: shape"):
        found(np.zeros((2, 5, 5, 1)))


def test_the_checksum_names_the_weights():
    model = classifier()
    before = keras_models.checksum(model)
    assert before == keras_models.checksum(classifier()) != keras_models.checksum(classifier(1))
    # Not trained, but part of what is computed.
    model.layers[2].moving_variance.assign_add(np.full(16, 1e-3))
    assert len(before) == 12 and keras_models.checksum(model) != before


def test_a_layer_without_a_training_argument_will_do():
    layer = keras.layers.Flatten()
    layer.build((None, 4, 4, 1))
    assert keras_models.from_model(layer)(images(2))["features"].shape == (2, 16)


def test_a_model_that_was_never_built_is_refused():
    with pytest.raises(ValueError, match="'new' was never built"):
        keras_models.from_model(keras.Sequential([keras.layers.Dense(2)], name="new"))


def test_a_model_of_two_inputs_is_refused():
    inputs = [keras.Input((2,)), keras.Input((2,))]
    model = keras.Model(inputs, keras.layers.Add()(inputs))
    with pytest.raises(ValueError, match="one input"):
        keras_models.from_model(model)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda images: {"logits": images}, r"Received: \['logits'\]"),
        (lambda images: [images, images], "Received: list"),
        (lambda images: None, "Received: NoneType"),
    ],
)
def test_an_answer_without_features_is_refused(answer, message):
    with pytest.raises(ValueError, match=message):
        keras_models.in_batches(answer, 2)(tf.zeros((3, 2)))


def test_no_images_have_no_features():
    with pytest.raises(ValueError, match="0 images"):
        keras_models.from_model(classifier())(images(0))
