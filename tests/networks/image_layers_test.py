import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.networks import checks, image_layers


def test_weights_start_at_the_spread_of_the_papers():
    weights = image_layers.normal(checks.layer_seeds("generator", 0))((100, 100))
    np.testing.assert_allclose([np.mean(weights), np.std(weights)], [0, 0.02], atol=1e-3)


@pytest.mark.parametrize("normalization, axes", [("instance", (1, 2)), ("batch", (0, 1, 2))])
def test_what_is_normalized_over(normalization, axes):
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, image_layers.normalized(inputs, normalization))
    images = 3 + 2 * keras.random.normal((4, 8, 8, 3), seed=0)
    found = network(images, training=True).numpy()
    images = images.numpy()
    expected = (images - images.mean(axes, keepdims=True)) / images.std(axes, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=2e-3)  # Each adds a little to the variance.


@pytest.mark.parametrize("normalization", ["instance", "batch"])
def test_normalization_without_parameters_trains_nothing(normalization):
    inputs = keras.Input((8, 8, 3))
    counts = [
        len(keras.Model(inputs, layer(inputs, normalization)).trainable_weights)
        for layer in (image_layers.normalized, lambda *x: image_layers.normalized(*x, parameters=0))
    ]
    assert counts == [2, 0]


def test_without_normalization_nothing_changes():
    inputs = keras.Input((8, 8, 3))
    assert image_layers.normalized(inputs, None) is inputs


def test_reflection_leaves_out_the_border_itself():
    image = np.arange(9.0).reshape((1, 3, 3, 1))
    found = image_layers.reflected(image, 2)[0, ..., 0].numpy()
    np.testing.assert_array_equal(found, np.pad(image[0, ..., 0], 2, mode="reflect"))
    assert found[0].tolist() == [8, 7, 6, 7, 8, 7, 6]


@pytest.mark.parametrize("normalization", [None, "batch", "instance"])
def test_halving_and_doubling_have_a_bias_or_a_normalization(normalization):
    seeds = checks.layer_seeds("generator", 0)
    inputs = keras.Input((8, 8, 3))
    half = image_layers.halved(inputs, 5, seeds, normalization, kernel_size=3)
    network = keras.Model(inputs, image_layers.doubled(half, 2, seeds, normalization))
    assert half.shape == (None, 4, 4, 5) and network.output_shape == (None, 8, 8, 2)
    layers = [layer for layer in network.layers if hasattr(layer, "kernel")]
    assert [layer.kernel.shape[0] for layer in layers] == [3, 4]
    assert {layer.use_bias for layer in layers} == {normalization is None}


def test_images_are_clipped_and_gradients_lead_back():
    values = tf.constant([-3.0, -3.0, -0.5, 0.5, 2.0, 2.0])
    layer = image_layers.ImageRange()
    with tf.GradientTape() as tape:
        tape.watch(values)
        images = layer(values, training=True)
        loss = tf.reduce_sum(images * [1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    assert images.numpy().tolist() == [-1, -1, -0.5, 0.5, 1, 1]
    assert layer(values).numpy().tolist() == images.numpy().tolist()
    # A step against the gradient may lead back into the range, and not further out.
    assert tape.gradient(loss, values).numpy().tolist() == [0, -1, 1, -1, 1, 0]
