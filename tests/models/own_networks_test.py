import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.models import own_networks


class Labelled(keras.Model):
    """Takes latents and labels, returns images and the labels' logits."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)
        self.embedding = keras.layers.Embedding(3, 2)
        self.reshape = keras.layers.Reshape((2, 2, 1))

    def call(self, inputs):
        latents, labels = inputs
        images = self.dense(keras.ops.concatenate([latents, self.embedding(labels)], axis=1))
        return {"images": self.reshape(images), "logits": images}


def test_a_subclassed_network_gets_the_shapes_of_a_functional_one():
    network = Labelled()
    with pytest.raises(ValueError, match="shapes that 'labelled' takes are unknown. Call it"):
        own_networks.describe(network)
    network([np.zeros((5, 3), "float32"), np.zeros(5, "int64")])
    own_networks.describe(network)
    assert network.input_shape == [(None, 3), (None,)]
    assert [each.dtype for each in network.inputs] == ["float32", "int64"]
    assert network.output_shape == {"images": (None, 2, 2, 1), "logits": (None, 4)}
    copy = own_networks.copy_of(network, "")
    assert copy.output_shape == network.output_shape
    for one, other in zip(copy.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def frozen_features(shape=(6,)):
    inputs = keras.Input(shape)
    outputs = [keras.layers.Dense(units)(inputs) for units in (3, 2)]
    network = keras.Model(inputs, outputs)
    network.trainable = False
    return network


def test_a_network_falls_in_two_at_its_frozen_model():
    inputs, condition = keras.Input((6,)), keras.Input((1,))
    features = frozen_features()(keras.layers.Rescaling(2.0)(inputs))
    logits = keras.layers.Dense(1)(keras.layers.Concatenate()([*features, condition]))
    network = keras.Model([inputs, condition], logits)
    beginning, rest = own_networks.parts(network)
    points, others = tf.ones((2, 6)), tf.ones((2, 1))
    found = rest([*beginning(points), others], training=False)
    np.testing.assert_array_equal(found, network([points, others]))
    assert not beginning.trainable_weights
    own_networks.check_savable(network, "discriminator")


def test_a_network_stays_whole_without_a_frozen_model_or_if_something_goes_past_it():
    inputs = keras.Input((6,))
    joined = keras.layers.Concatenate()([*frozen_features()(inputs), inputs])
    past = keras.Model(inputs, keras.layers.Dense(1)(joined))
    twice = frozen_features()
    both = keras.layers.Concatenate()([*twice(inputs), *twice(inputs)])
    for network in (
        past,
        keras.Model(inputs, keras.layers.Dense(1)(both)),
        keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)]),
    ):
        assert own_networks.parts(network) is None


def test_what_follows_knows_whether_it_is_trained():
    backbone = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)], name="backbone")
    backbone.trainable = False
    network = keras.Sequential([keras.Input((6,)), backbone, keras.layers.Dropout(0.9999)])
    beginning, rest = own_networks.parts(network)
    features = beginning(tf.ones((2, 6)))
    assert np.all(rest(features, training=True) == 0)
    np.testing.assert_array_equal(rest(features, training=False), features)
