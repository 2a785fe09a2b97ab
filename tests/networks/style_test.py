import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import networks
from geans.networks import style


def test_a_modulated_convolution_is_one_with_kernels_of_each_sample():
    """Equations 1 and 3 of the paper, with the gain of (leaky) ReLU, computed one by one."""
    random = np.random.default_rng(0)
    images = random.normal(size=(3, 6, 5, 4)).astype("float32")
    styles = random.normal(size=(3, 7)).astype("float32")
    for size, demodulate in ((1, True), (3, True), (1, False), (3, False)):
        layer = style.ModulatedConv2D(2, size, demodulate=demodulate)
        found = layer([images, styles]).numpy()
        layer.bias.assign([0.5, -1.0])
        scales = layer.affine(styles).numpy()
        for index in range(3):
            kernel = layer.kernel.numpy() * scales[index][:, None]
            if demodulate:
                kernel = kernel * np.sqrt(2 / (np.square(kernel).sum(axis=(0, 1, 2)) + 1e-8))
            alone = tf.nn.conv2d(images[index : index + 1], kernel, 1, "SAME")[0]
            np.testing.assert_allclose(found[index], alone, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            layer([images, styles]).numpy(), found + [0.5, -1.0], rtol=1e-4, atol=1e-5
        )


def test_the_variance_neither_grows_nor_fades():
    network = style.generator(16, (64, 64, 3), width=8, seed=0)
    latents = np.random.default_rng(0).normal(size=(32, 16))
    hidden = [layer.output for layer in network.layers if isinstance(layer, keras.layers.LeakyReLU)]
    for values in keras.Model(network.inputs, hidden[2:])(latents):
        assert 0.3 < np.sqrt(np.mean(np.square(values))) < 3
    assert np.std(network(latents)) < 0.5  # Far from tanh's ends.


def test_doubling_is_bilinear():
    layer = style.ModulatedConv2D(1, 1, demodulate=False, upsample=True)
    ramp = np.tile(np.arange(4.0)[None, None, :, None], (1, 4, 1, 1)).astype("float32")
    styles = np.zeros((1, 3), "float32")
    doubled = layer([ramp, styles])[0, 0, :, 0] / layer.kernel[0, 0, 0, 0]
    expected = [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    np.testing.assert_allclose(doubled, expected, rtol=1e-5)
    assert layer.compute_output_shape([(None, 4, 4, 1), (None, 3)]) == (None, 8, 8, 1)


def test_a_mixture_of_colours_by_hand():
    layer = style.ColourMixture(3, seed=0)
    logits, styles = np.zeros((2, 1, 1, 2), "float32"), np.array([[1.0], [2.0]], "float32")
    logits[..., 0] = np.log(3) / style.SHARPNESS  # The shares are 3/4 and 1/4.
    layer.build([logits.shape, styles.shape])
    layer.affine.kernel.assign([[0.1, 0.2, 0.3, 1.0, 1.0, 1.0]])
    layer.affine.bias.assign([0.0, 0.0, 0.0, 0.5, 0.5, -0.5])
    first = [0.3 / 4 + 1.5 / 4, 0.6 / 4 + 1.5 / 4, 0.9 / 4 + 0.5 / 4]
    second = [0.6 / 4 + 2.5 / 4, 1.2 / 4 + 2.5 / 4, 1.8 / 4 + 1.5 / 4]
    found = layer([logits, styles])
    np.testing.assert_allclose(found[:, 0, 0], [first, second], rtol=1e-5)
    assert layer.compute_output_shape([(None, 8, 6, 2), (None, 1)]) == (None, 8, 6, 3)


def test_where_one_colour_prevails_noise_in_the_features_does_not_show():
    layer = style.ColourMixture(1, seed=0)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 8, 8, 5))
    found = layer([noise + np.array([2.0, -2.0, -2.0, -2.0, -2.0]), np.ones((1, 2))])
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1, :1], found.shape))
    assert np.std(layer([noise, np.ones((1, 2))])) > 0.01


def test_in_training_a_gradient_leads_clipped_logits_back():
    layer, styles = style.ColourMixture(1, seed=0), tf.ones((1, 2))
    logits = tf.Variable([[[[2.0, -2.0]]]])
    layer([logits, styles])
    layer.affine.kernel.assign(tf.zeros_like(layer.affine.kernel))
    layer.affine.bias.assign([1.0, -1.0])
    for sign, expected in ((1, True), (-1, False)):  # Darker leads back, brighter further out.
        with tf.GradientTape() as tape:
            loss = sign * tf.reduce_sum(layer([logits, styles], training=True))
        assert bool(np.any(tape.gradient(loss, logits))) == expected


def test_an_image_has_its_colours_and_those_between():
    network = style.generator(4, (16, 16, 3), width=8, colours=2, seed=0)
    latents = np.random.default_rng(0).normal(size=(2, 4))
    # Between two colours all pixels lie on one line.
    for pixels in np.reshape(network(latents), (2, -1, 3)).astype("float64"):
        values = np.linalg.svd(pixels - pixels.mean(axis=0), compute_uv=False)
        assert values[1] < 1e-4 * values[0]


@pytest.mark.parametrize("colours", [None, 5])
@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (64, 48, 3), (64, 64, 4)])
def test_shapes_and_ranges(shape, colours):
    generator = style.generator(8, shape, width=8, max_width=16, colours=colours, seed=0)
    images = generator(np.random.default_rng(0).normal(size=(3, 8)))
    assert images.shape == (3, *shape) and np.abs(images).max() <= 1
    discriminator = style.discriminator(shape, width=8, max_width=16, seed=0)
    assert discriminator(images).shape == (3, 1)
    assert not any("Transpose" in type(layer).__name__ for layer in generator.layers)


def test_the_seed_determines_the_weights():
    one, same, other = (style.generator(8, (16, 16, 1), width=8, seed=seed) for seed in (1, 1, 2))
    for first, second in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert any((a != b).any() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_a_copy_computes_in_the_precision_of_the_original(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = style.generator(8, (16, 16, 1), width=8, seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    network.save(tmp_path / "generator.keras")
    latents = np.ones((2, 8), "float32")
    for copy in (
        keras.models.clone_model(network),
        keras.models.load_model(tmp_path / "generator.keras"),
    ):
        copy.set_weights(network.get_weights())
        np.testing.assert_array_equal(copy(latents), network(latents))
        assert copy(latents).dtype == "float32"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width must be an integer"),
        ({"max_width": 2.5}, "max_width must be an integer"),
        ({"colours": 1}, "colours must be 2 or more"),
        ({"output_shape": (30, 30, 3)}, "divisible by 4"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        networks.style.generator(**options)
