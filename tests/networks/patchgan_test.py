import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.networks import patchgan


def test_layers_of_the_paper():
    """C64-C128-C256-C512 and 2.769 million weights, as the authors' code prints for pix2pix."""
    network = patchgan.discriminator((256, 256, 3), source_channels=3)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in layers] == [64, 128, 256, 512, 1]
    assert [layer.output.shape[1] for layer in layers] == [128, 64, 32, 31, 30]
    assert round(network.count_params() / 1e6, 3) == 2.769


def test_number_of_weights():
    network = patchgan.discriminator((16, 16, 3), width=2, layers=2)
    expected = (16 * 3 * 2 + 2) + (16 * 2 * 4 + 2 * 4) + (16 * 4 * 8 + 2 * 8) + (16 * 8 + 1)
    assert network.count_params() == expected


def seen_by_one_logit(layers, size):
    """How many rows and columns of an image change the logit in the middle, by its gradient."""
    network = patchgan.discriminator((size, size, 1), width=2, layers=layers, normalization=None)
    images = keras.random.normal((1, size, size, 1), seed=0)
    middle = network.output_shape[1] // 2
    with tf.GradientTape() as tape:
        tape.watch(images)
        logit = network(images)[0, middle, middle, 0]
    seen = tape.gradient(logit, images).numpy()[0, ..., 0] != 0
    return seen.any(axis=0).sum(), seen.any(axis=1).sum()


@pytest.mark.parametrize("layers, size, field", [(1, 32, 16), (2, 64, 34), (3, 128, 70)])
def test_receptive_field(layers, size, field):
    assert patchgan.receptive_field(layers) == field
    assert seen_by_one_logit(layers, size) == (field, field)


def test_receptive_field_at_the_default_depth_is_70():
    assert patchgan.receptive_field() == 70


def test_each_image_is_judged_alone():
    network = patchgan.discriminator((16, 16, 1), width=4, layers=2, seed=0)
    images = keras.random.normal((5, 16, 16, 1), seed=0)
    together = network(images, training=True)
    alone = [network(images[i : i + 1], training=True)[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_the_source_decides_too():
    network = patchgan.discriminator((16, 16, 1), source_channels=2, width=4, layers=1, seed=0)
    images = keras.random.normal((3, 16, 16, 1), seed=0)
    sources = keras.random.normal((3, 16, 16, 2), seed=1)
    logits = network([images, sources])
    assert logits.shape == (3, 6, 6, 1)
    assert np.any(logits != network([images, -sources]))
    assert np.any(logits != network([-images, sources]))


@pytest.mark.parametrize("normalization, count", [("batch", 2), ("instance", 2), (None, 0)])
def test_first_and_last_layer_are_not_normalized(normalization, count):
    network = patchgan.discriminator((32, 32, 1), width=2, layers=2, normalization=normalization)
    assert sum("normalization" in layer.name for layer in network.layers) == count


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((30, 30, 1), {}, "divisible by 4"),
        ((16, 16, 1), {"layers": 3}, "16 pixels are too small for a logit. Received: layers=3"),
        ((32, 32, 1), {"layers": 0}, "layers=0"),
        ((32, 32, 1), {"width": 0}, "width=0"),
        ((32, 32, 1), {"source_channels": -1}, "source_channels=-1"),
        ((32, 32, 1), {"normalization": "layer"}, '"instance", "batch" or None'),
    ],
)
def test_what_has_no_meaning_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        patchgan.discriminator(shape, **options)


def test_features_are_those_of_the_layers_before_the_logits():
    options = {"source_channels": 1, "width": 2, "layers": 2, "seed": 0}
    plain, network = (
        patchgan.discriminator((16, 16, 3), features=features, **options)
        for features in (False, True)
    )
    inputs = [keras.random.normal((2, 16, 16, channels), seed=1) for channels in (3, 1)]
    found = network(inputs)
    np.testing.assert_array_equal(found["logits"], plain(inputs))
    assert [each.shape[1:] for each in found["features"]] == [(8, 8, 2), (4, 4, 4), (3, 3, 8)]
    after = [layer for layer in plain.layers if isinstance(layer, keras.layers.LeakyReLU)]
    expected = keras.Model(plain.inputs, [layer.output for layer in after])(inputs)
    for one, other in zip(found["features"], expected, strict=True):
        np.testing.assert_array_equal(one, other)
