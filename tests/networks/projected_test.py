import keras
import numpy as np
import pytest

from geans import networks
from geans.models import own_networks
from geans.networks import projected


def images(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 3), (64, 48, 3), (64, 64, 1)])
def test_only_the_heads_are_trained(shape):
    network = projected.discriminator(shape, width=8, max_width=16, seed=0)
    assert network(images(2, *shape)).shape == (2, 4)
    features = network.get_layer("features")
    assert features.weights and not features.trainable_weights
    assert {weight.shape[-1] for weight in network.trainable_weights} <= {1, 8, 16}
    sides = [shape[1:3] for shape in features.output_shape]
    assert min(sides[0]) >= 24 and min(sides[-1]) >= 3  # Small images are enlarged before.


def test_features_reach_the_heads_at_about_unit_size():
    network = projected.discriminator((64, 64, 3), width=8, seed=0)
    # Smooth images, as features are small on noise.
    smooth = keras.ops.image.resize(images(4, 8, 8, 3), (64, 64), interpolation="bicubic")
    for found in own_networks.parts(network)[0](smooth):
        assert 0.3 < np.sqrt(np.mean(np.square(found))) < 3


def test_grey_is_seen_as_equal_channels():
    grey = projected.discriminator((32, 32, 1), width=8, seed=0)
    colour = projected.discriminator((32, 32, 3), width=8, seed=0)
    colour.set_weights(grey.get_weights())
    pixels = images(2, 32, 32, 1)
    np.testing.assert_allclose(grey(pixels), colour(np.repeat(pixels, 3, -1)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [2, 4, 13])
def test_other_channels_are_refused(channels):
    with pytest.raises(ValueError, match="1 or 3 channels.* Received: input_shape=.* 'style'"):
        projected.discriminator((32, 32, channels))


def test_the_class_reaches_the_logit():
    network = projected.discriminator((16, 16, 3), width=8, seed=0)
    conditional = networks.with_projection(network, 4, seed=0)
    pixels = images(2, 16, 16, 3)
    logits = [conditional([pixels, np.full(2, label)]).numpy() for label in (0, 3)]
    assert np.abs(logits[0] - logits[1]).min() > 1e-4
