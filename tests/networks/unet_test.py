import keras
import numpy as np
import pytest

from geans.networks import image_layers, unet


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


def trainable(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


def test_levels_at_64_pixels():
    network = unet.generator((64, 64, 1), 3, width=2)
    encoder = [layer.output.shape[1:] for layer in layers_of(network, keras.layers.Conv2D)]
    decoder = [layer.output.shape[1:] for layer in layers_of(network, keras.layers.Concatenate)]
    sizes = [32, 16, 8, 4, 2, 1]
    widths = [2, 4, 8, 16, 16, 16]
    levels = list(zip(sizes, widths, strict=True))
    assert encoder == [(size, size, width) for size, width in levels]
    # What was decoded and what was encoded at the same size: twice as wide.
    assert decoder == [(size, size, 2 * width) for size, width in levels[-2::-1]]
    assert network.output_shape == (None, 64, 64, 3)


def test_the_paper_at_256_pixels(monkeypatch):
    """C64-C128-C256-C512-C512-C512-C512-C512 and 54.414 million weights, as its code prints."""
    monkeypatch.setattr(image_layers, "normal", lambda seeds: "zeros")  # Drawing takes seconds.
    network = unet.generator((256, 256, 3), 3)
    widths = [layer.filters for layer in layers_of(network, keras.layers.Conv2D)]
    assert widths == [64, 128, 256, 512, 512, 512, 512, 512]
    biases = 64 + 512  # Of the two layers without normalization, which have none there.
    assert round((trainable(network) - biases) / 1e6, 3) == 54.414
    dropped = [layer.output.shape[1:] for layer in layers_of(network, keras.layers.Dropout)]
    assert dropped == [(2, 2, 512), (4, 4, 512), (8, 8, 512)]


def test_number_of_weights():
    network = unet.generator((16, 16, 1), 3, width=2)
    encoder = (16 * 1 * 2 + 2) + (16 * 2 * 4 + 2 * 4) + (16 * 4 * 8 + 2 * 8) + (16 * 8 * 16 + 16)
    decoder = (
        (16 * 16 * 8 + 2 * 8) + (16 * 16 * 4 + 2 * 4) + (16 * 8 * 2 + 2 * 2) + (16 * 4 * 3 + 3)
    )
    assert trainable(network) == encoder + decoder


@pytest.mark.parametrize(
    "normalization, layer_class",
    [("batch", keras.layers.BatchNormalization), ("instance", keras.layers.GroupNormalization)],
)
def test_neither_end_of_the_encoder_is_normalized(normalization, layer_class):
    network = unet.generator((32, 32, 3), width=2, normalization=normalization)
    assert len(layers_of(network, layer_class)) == 3 + 4
    (innermost,) = [layer for layer in network.layers if layer.output.shape[1:3] == (1, 1)][:1]
    images = keras.random.normal((2, 32, 32, 3), seed=0)
    values = keras.Model(network.input, innermost.output)(images)
    assert np.abs(values).min() > 0


def test_skips_carry_what_the_bottleneck_loses():
    """Cut off from all below, the last layer still sees the image through the outermost skip."""
    network = unet.generator((16, 16, 1), 1, width=4, seed=0)
    images = keras.random.normal((1, 16, 16, 1), seed=1)
    decoder = layers_of(network, keras.layers.Conv2DTranspose)
    encoder = layers_of(network, keras.layers.Conv2D)
    for layer in decoder[:-1]:
        layer.kernel.assign(0 * layer.kernel)
    first, second = network(images), network(-images)
    assert np.abs(first - second).max() > 0
    encoder[0].kernel.assign(0 * encoder[0].kernel)
    np.testing.assert_array_equal(network(images), network(-images))


def test_dropout_is_noise_in_training_only():
    network = unet.generator((16, 16, 3), width=4, normalization="instance", seed=0)
    images = keras.random.normal((2, 16, 16, 3), seed=0)
    np.testing.assert_array_equal(network(images), network(images))
    assert np.any(network(images, training=True) != network(images, training=True))
    plain = unet.generator((16, 16, 3), width=4, normalization="instance", dropout=0.0, seed=0)
    np.testing.assert_array_equal(plain(images, training=True), plain(images, training=True))


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((48, 64, 3), {}, r"power of 2.*\(48, 64, 3\)"),
        ((32, 48, 3), {}, r"multiple of it.*\(32, 48, 3\).*--image_size"),
        ((64, 30, 3), {}, r"divisible by 4.*\(64, 30, 3\)"),
        ((4, 4, 3), {}, r"\(4, 4, 3\)"),
        ((64, 64, 3), {"output_channels": 0}, "output_channels=0"),
        ((64, 64, 3), {"width": 0}, "width=0"),
        ((64, 64, 3), {"normalization": "layer"}, '"batch", "instance" or None.*\'layer\''),
        ((64, 64, 3), {"dropout": 1.0}, "below 1. Received: dropout=1.0"),
        ((64, 64, 3), {"dropout": True}, "dropout=True"),
    ],
)
def test_what_has_no_meaning_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        unet.generator(shape, **options)
