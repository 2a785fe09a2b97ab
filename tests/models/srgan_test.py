"""What SRGAN does beside what every translation does, in translation_test.py."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import networks
from tests.models.translation_test import column, losses_of, pairs, srgan


def enlarging(factor):
    """Doubles images and multiplies them by a number."""
    images = keras.Input((1, 1, 1))
    layer = keras.layers.Conv2D(1, 1, use_bias=False)
    network = keras.Model(images, layer(keras.layers.UpSampling2D()(images)))
    layer.set_weights([np.full((1, 1, 1, 1), factor)])
    return network


def judging(*factors):
    """Features multiply by one number after the other; the last gives the logits."""
    x = images = keras.Input((2, 2, 1))
    features = []
    for factor in factors:
        layer = keras.layers.Conv2D(1, 1, use_bias=False)
        x = layer(x)
        layer.set_weights([np.full((1, 1, 1, 1), factor)])
        features.append(x)
    return keras.Model(images, {"logits": x, "features": features[:-1]})


def test_losses_by_hand():
    """G(x) = x / 2, D_1(y) = 2 y, D_2 = 4 D_1 and D = -D_2 / 8 = -y, for x = 1, 3 and y = 2, -1."""
    weights = {"reconstruction_weight": 10, "feature_weight": 0.5}
    model = geans.SRGAN(enlarging(0.5), judging(2, 4, -0.125), **weights)
    targets = tf.repeat(tf.repeat(column(2, -1), 2, axis=1), 2, axis=2)
    error = (1.5 + 2.5) / 2
    features = (2 * error + 8 * error) / 2
    found = losses_of(model, (column(1, 3), targets))
    assert found == pytest.approx(
        {
            "real_logits": -(2 - 1) / 2,
            "fake_logits": -(0.5 + 1.5) / 2,
            "discriminator": -1 - -0.5,
            "reconstruction_error": error,
            "feature_error": features,
            "generator": 1 + 10 * error + 0.5 * features,
        }
    )
    # In its own turn the generator sees the same features.
    assert losses_of(model, (column(1, 3), targets), ("generator",)) == pytest.approx(
        {name: found[name] for name in ("reconstruction_error", "feature_error", "generator")}
    )


@pytest.mark.slow
def test_feature_matching_trains_the_generator_alone():
    """Weights 0 and 10 give the discriminator the same gradients, and the generator others."""
    batch = [tf.constant(images) for images in pairs("srgan")]
    seed, players = tf.constant([1, 2], "int64"), ("discriminator", "generator")
    found = [
        srgan(feature_weight=weight).compute_gradients(batch, None, seed, players)[0]
        for weight in (0.0, 10.0)
    ]
    for one, other in zip(*(each["discriminator"] for each in found), strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(np.any(a != b) for a, b in zip(*(each["generator"] for each in found), strict=True))


def test_networks_that_do_not_fit_each_other():
    generator = networks.srresnet.generator((8, 8, 1), 1, width=2, blocks=1, scale=2)
    options = {"width": 2, "layers": 1}
    with pytest.raises(ValueError, match="'logits' and 'features'.*features=True"):
        geans.SRGAN(generator, networks.patchgan.discriminator((16, 16, 1), **options))
    critic = networks.patchgan.discriminator((8, 8, 1), features=True, **options)
    with pytest.raises(ValueError, match="must accept what the generator makes"):
        geans.SRGAN(generator, critic)
    same_size = networks.unet.generator((8, 8, 1), 1, width=2)
    with pytest.raises(ValueError, match=r"enlarges images.*\(None, 8, 8, 1\) to \(None, 8, 8, 1"):
        geans.SRGAN(same_size, critic)
    for sides in ((12, 8), (16, 24)):
        images = keras.Input((8, 8, 1))
        resized = keras.layers.Resizing(*sides)(images)
        with pytest.raises(ValueError, match="both sides by the same factor"):
            geans.SRGAN(keras.Model(images, resized), critic)
    with pytest.raises(ValueError, match="one batch of images and make one"):
        geans.SRGAN(networks.mlp.generator(3, (8, 8, 1)), critic)
