import keras
import numpy as np
import pytest

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
