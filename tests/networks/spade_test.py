import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.networks import spade

MAPS = (16, 16, 5)


def generator(**options):
    return spade.generator(MAPS, **{"latent_dim": 4, "width": 2, "seed": 0, **options})


def inputs(count=2):
    shapes = (4,), MAPS
    return [keras.random.normal((count, *shape), seed=i) for i, shape in enumerate(shapes)]


def test_sizes_and_widths():
    network = spade.generator((64, 32, 5), latent_dim=4, width=2)
    blocks = [layer for layer in network.layers if isinstance(layer, keras.layers.UpSampling2D)]
    # From 8x4 on; 16 channels are the most.
    assert [block.output.shape[1:] for block in blocks] == [(16, 8, 16), (32, 16, 8), (64, 32, 4)]
    assert network.output_shape == (None, 64, 32, 3)


@pytest.mark.parametrize(
    "normalization, layer_class",
    [("batch", keras.layers.BatchNormalization), ("instance", keras.layers.GroupNormalization)],
)
def test_normalization_has_no_parameters(normalization, layer_class):
    """What scales and shifts is the map's; two normalizations a block, three with a shortcut."""
    network = generator(normalization=normalization)
    found = [layer for layer in network.layers if isinstance(layer, layer_class)]
    assert len(found) == 2 + 3 + 3
    assert not any(layer.trainable_weights for layer in found)


def test_features_are_scaled_and_shifted_by_the_map():
    """With 2 for every scale and 5 for every shift: normalised features times 2, plus 5."""
    x, maps = keras.Input((8, 8, 3)), keras.Input((8, 8, 5))
    options = {"seeds": iter(lambda: 0, None), "normalization": "instance", "hidden": 4}
    network = keras.Model([x, maps], spade._normalized(x, maps, **options))
    _, scale, shift = (each for each in network.layers if isinstance(each, keras.layers.Conv2D))
    for layer, bias in ((scale, 2.0), (shift, 5.0)):
        layer.set_weights([0 * layer.kernel, np.full(3, bias)])
    pixels = keras.random.normal((2, 8, 8, 3), seed=0)
    found = network([pixels, tf.ones((2, 8, 8, 5))])
    mean, variance = tf.nn.moments(pixels, (1, 2), keepdims=True)
    expected = 2 * (pixels - mean) / tf.sqrt(variance + 1e-5) + 5
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_each_image_depends_on_its_own_latents_and_map():
    network, (latents, maps) = generator(normalization="instance"), inputs()
    image = network([latents, maps])
    others = network([latents + [[1.0], [0.0]], maps]), network([latents, -maps])
    changed = [np.abs(image - other).max(axis=(1, 2, 3)) > 1e-4 for other in others]
    assert [each.tolist() for each in changed] == [[True, False], [True, True]]


def test_encoder_tells_colours_apart():
    """Two uniform images: a normalization of each by itself would make them one."""
    network = spade.encoder((16, 16, 3), 4, width=2, seed=0)
    images = np.stack([np.full((16, 16, 3), value, "float32") for value in (-0.5, 0.5)])
    mean, log_variance = network(images)
    assert mean.shape == log_variance.shape == (2, 4)
    assert np.all(mean[0] != mean[1])
    assert not any(layer.name.endswith("normalization") for layer in network.layers)


def test_latents_are_drawn_from_what_the_encoder_tells():
    """mean + noise * exp(log_variance / 2), by hand; both parts keep their names."""
    encoder = spade.encoder((16, 16, 3), 4, width=2, seed=0)
    for name, bias in (("mean", 3.0), ("log_variance", np.log(4.0))):
        layer = encoder.get_layer(name)
        layer.set_weights([0 * layer.kernel, np.full(4, bias)])
    both = spade.with_encoder(generator(), encoder)
    noise, maps = inputs()
    images = keras.random.normal((2, 16, 16, 3), seed=5)
    image, mean, log_variance = both([noise, maps, images])
    np.testing.assert_allclose(mean, np.full((2, 4), 3.0), rtol=1e-6)
    np.testing.assert_allclose(log_variance, np.full((2, 4), np.log(4.0)), rtol=1e-6)
    expected = both.get_layer("generator")([3 + 2 * noise, maps])
    np.testing.assert_allclose(image, expected, atol=1e-6)
    assert both.get_layer("encoder") is encoder


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: spade.generator((16, 18, 3)), r"divisible by 4.*\(16, 18, 3\)"),
        (lambda: generator(latent_dim=0), "latent_dim=0"),
        (lambda: generator(normalization="layer"), "'layer'"),
        (lambda: spade.encoder((16, 16, 3), 4, width=0), "width=0"),
        (
            lambda: spade.with_encoder(generator(), spade.encoder((16, 16, 3), 5, width=2)),
            r"encoder of \(None, 16, 16, 3\) to \[\(None, 5\), \(None, 5\)\]",
        ),
        (
            lambda: spade.with_encoder(generator(), spade.encoder((16, 16, 1), 4, width=2)),
            "the encoder makes",
        ),
        (
            lambda: spade.with_encoder(*[spade.encoder((16, 16, 3), 4, width=2)] * 2),
            "must take latents and maps",
        ),
    ],
)
def test_what_has_no_meaning_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
