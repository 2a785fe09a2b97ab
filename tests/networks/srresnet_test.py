import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.networks import srresnet


def test_number_of_weights():
    network = srresnet.generator((8, 8, 3), width=4, blocks=2, scale=4)
    square = 9 * 4 * 4 + 4
    # Both ends, two for each block, one after the blocks, and one for each doubling.
    assert network.count_params() == (9 * 3 * 4 + 4) + (2 * 2 + 1 + 2) * square + (9 * 4 * 3 + 3)
    assert not any(isinstance(each, keras.layers.BatchNormalization) for each in network.layers)


@pytest.mark.parametrize("scale", srresnet.SCALES)
def test_it_adds_to_the_enlarged_image(scale):
    """Of an untrained network, nothing that one would see."""
    images = keras.random.uniform((2, 8, 12, 3), -1, 1, seed=0)
    found = srresnet.generator((8, 12, 3), width=4, blocks=1, scale=scale, seed=0)(images)
    expected = tf.image.resize(images, (8 * scale, 12 * scale))
    assert 0 < np.abs(found - expected).mean() < 0.03


def test_other_channels_are_not_added_to():
    network = srresnet.generator((8, 8, 1), 3, width=4, blocks=1, seed=0)
    assert network.output_shape == (None, 32, 32, 3)
    assert np.abs(network(np.ones((1, 8, 8, 1), "float32"))).mean() < 0.5


def test_images_of_any_size_are_enlarged():
    assert srresnet.generator((7, 5, 1), 1, width=2, blocks=1, scale=2).output_shape[1:3] == (
        14,
        10,
    )


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((16, 16), {}, r"height, width, channels.*input_shape=\(16, 16\)"),
        ((16, 0, 3), {}, r"input_shape=\(16, 0, 3\)"),
        ((16, 16, 3), {"scale": 1}, 'one of 2, 4, 8.*scale=1. "downscaled:...'),
        ((16, 16, 3), {"scale": 3}, "scale=3"),
        ((16, 16, 3), {"blocks": 0}, "blocks=0"),
        ((16, 16, 3), {"width": True}, "width=True"),
        ((16, 16, 3), {"output_channels": None}, "output_channels=None"),
    ],
)
def test_what_has_no_meaning_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        srresnet.generator(shape, **options)
