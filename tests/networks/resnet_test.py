import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans.networks import resnet

# Size of the image: sizes after the blocks of the generator, and of the discriminator.
LEVELS = {
    8: ([8], [4, 4, 4]),
    12: ([12], [6, 6, 6]),
    20: ([10, 20], [10, 5, 5, 5]),
    28: ([14, 28], [14, 7, 7, 7]),
    32: ([8, 16, 32], [16, 8, 8, 8]),
    64: ([8, 16, 32, 64], [32, 16, 8, 8, 8]),
}


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


def bounded(network):
    return layers_of(network, keras.layers.SpectralNormalization)


def spectral_norms(network):
    kernels = [layer.kernel.numpy() for layer in bounded(network)]
    return [np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), ord=2) for kernel in kernels]


def images_of(size, count=4, channels=1):
    images = np.random.default_rng(0).uniform(-1, 1, (count, size, size, channels))
    return images.astype("float32")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", LEVELS)
def test_shapes_of_the_blocks(size, channels):
    shape = (size, size, channels)
    generator = resnet.generator(3, shape, width=2)
    discriminator = resnet.discriminator(shape, width=2)
    for network, sizes in zip((generator, discriminator), LEVELS[size], strict=True):
        blocks = [layer.output.shape[1:] for layer in layers_of(network, keras.layers.Add)]
        assert blocks == [(side, side, 2) for side in sizes]
    assert generator(np.ones((2, 3))).shape == (2, *shape)
    assert discriminator(np.ones((2, *shape))).shape == (2, 1)


def test_weights_of_the_paper_at_32_pixels():
    """Miyato et al. 2018, table 3, with the shortcuts of the authors' code."""

    def convolution(kernel_size, channels_in, channels_out):
        return (kernel_size**2 * channels_in + 1) * channels_out

    up = 2 * 256 + 2 * 256 + 2 * convolution(3, 256, 256) + convolution(1, 256, 256)
    generator = resnet.generator(128, (32, 32, 3), width=256)
    expected = (128 + 1) * 4 * 4 * 256 + 3 * up + 2 * 256 + convolution(3, 256, 3)
    assert sum(weight.numpy().size for weight in generator.trainable_variables) == expected
    assert expected == 4_276_739

    first = convolution(3, 3, 128) + convolution(3, 128, 128) + convolution(1, 3, 128)
    down = 2 * convolution(3, 128, 128) + convolution(1, 128, 128)
    same = 2 * convolution(3, 128, 128)
    discriminator = resnet.discriminator((32, 32, 3), width=128, normalization="spectral")
    expected = first + down + 2 * same + 128 + 1
    assert sum(weight.numpy().size for weight in discriminator.trainable_variables) == expected
    assert expected == 1_053_825


@pytest.mark.parametrize("normalization, count", [("batch", 2 * 2 + 1), (None, 0)])
def test_number_of_batch_normalizations(normalization, count):
    generator = resnet.generator(3, width=2, normalization=normalization)
    assert len(layers_of(generator, keras.layers.BatchNormalization)) == count


def test_every_convolution_and_the_dense_layer_are_bounded():
    network = resnet.discriminator(width=2, normalization="spectral")
    assert not layers_of(network, (keras.layers.Conv2D, keras.layers.Dense))
    kernels = [variable for variable in network.trainable_variables if variable.ndim > 1]
    assert len(bounded(network)) == len(kernels) == 3 + 3 + 2 + 2 + 1
    assert not bounded(resnet.discriminator(width=2))


@pytest.mark.parametrize("size, halvings", [(8, 1), (28, 2), (32, 2)])
def test_shortcuts_average_and_the_head_sums(size, halvings):
    """Without residuals, logits are the sum over all positions of the image averaged 2x2."""
    network = resnet.discriminator((size, size, 1), width=1)
    for variable in network.trainable_variables:
        variable.assign(keras.ops.full(variable.shape, float(variable.shape[:2] != (3, 3))))
        if variable.ndim == 1:
            variable.assign([0.0])
    images = np.abs(images_of(size))
    expected = images.sum(axis=(1, 2)) / 4**halvings
    np.testing.assert_allclose(network(images), expected, rtol=1e-5)


def test_first_block_sees_dark_pixels():
    network = resnet.discriminator((8, 8, 1), width=1)
    for variable in network.trainable_variables:
        variable.assign(keras.ops.zeros(variable.shape))
    first, second = [
        layer.kernel
        for layer in layers_of(network, keras.layers.Conv2D)
        if layer.kernel_size == (3, 3)
    ][:2]
    first.assign(-np.eye(3)[1][:, None, None, None] * np.eye(3)[1][:, None, None])
    second.assign(-first)
    network.layers[-1].kernel.assign([[1.0]])
    dark = -np.abs(images_of(8))
    np.testing.assert_allclose(network(dark), -dark.sum(axis=(1, 2)) / 4, rtol=1e-5)
    np.testing.assert_array_equal(network(-dark), np.zeros((4, 1)))


def test_without_residuals_the_generator_repeats_pixels():
    generator = resnet.generator(3, (32, 32, 2), width=4, seed=0)
    for layer in layers_of(generator, keras.layers.Conv2D)[:-1]:
        if layer.kernel_size == (3, 3):
            layer.kernel.assign(keras.ops.zeros(layer.kernel.shape))
    last = layers_of(generator, keras.layers.Conv2D)[-1].kernel
    last.assign(last * (np.arange(9).reshape(3, 3, 1, 1) == 4))
    images = generator(np.ones((1, 3)))[0].numpy()
    pixels = images[::8, ::8]
    np.testing.assert_array_equal(images, pixels.repeat(8, axis=0).repeat(8, axis=1))
    assert len(np.unique(pixels)) == 4 * 4 * 2


@pytest.mark.nightly
@pytest.mark.parametrize(
    "rule", [geans.GAN, lambda *networks, **options: geans.GEAN(*networks, update_every=5)]
)
def test_spectral_norms_are_1_after_50_steps(rule):
    discriminator = resnet.discriminator((8, 8, 3), width=16, normalization="spectral", seed=1)
    assert np.abs(np.array(spectral_norms(discriminator)) - 1).max() > 0.3
    before = [layer.kernel.numpy() for layer in bounded(discriminator)]
    model = rule(resnet.generator(4, (8, 8, 3), width=8, seed=1), discriminator)
    model.compile(
        generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
        loss="hinge",
    )
    dataset = tf.data.Dataset.from_tensor_slices(images_of(8, count=200, channels=3)).batch(4)
    model.fit(dataset, epochs=1, verbose=0)
    np.testing.assert_allclose(spectral_norms(discriminator), 1, atol=1e-2)
    for layer, kernel in zip(bounded(discriminator), before, strict=True):
        # Not only scaled: the optimizer has turned it.
        assert np.ptp(layer.kernel.numpy() / kernel) > 1e-3


def test_mixed_precision_keeps_bounded_kernels_in_float32():
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        network = resnet.discriminator((8, 8, 1), width=8, normalization="spectral", seed=0)
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    network(images_of(8), training=True)
    for layer in bounded(network):
        kernel = layer.kernel.value
        assert np.mean(kernel == tf.cast(tf.cast(kernel, "bfloat16"), "float32")) < 0.1


def test_seed_reproduces_the_power_iteration():
    first, again, other = [
        resnet.discriminator((8, 8, 1), width=4, normalization="spectral", seed=seed)
        for seed in (3, 3, 4)
    ]
    for network in (first, again, other):
        network(images_of(8), training=True)
    for a, b, c in zip(first.weights, again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        # Biases start at zero; the vector of the one logit is 1 or -1.
        assert a.ndim == 1 or a.shape == (1, 1) or not np.any(a.numpy() == c.numpy())
    drawn = [layer.vector_u.numpy().ravel() for layer in bounded(first)[:-1]]
    assert len({tuple(vector) for vector in drawn}) == len(drawn)


def test_saved_network_trains_on_as_if_never_saved(tmp_path):
    network = resnet.discriminator((8, 8, 1), width=4, normalization="spectral", seed=0)
    network(images_of(8), training=True)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    for _ in range(3):
        np.testing.assert_array_equal(
            loaded(images_of(8), training=True), network(images_of(8), training=True)
        )
    for restored, weight in zip(loaded.weights, network.weights, strict=True):
        np.testing.assert_array_equal(restored, weight)


@pytest.mark.parametrize(
    "build, arguments, received",
    [
        (resnet.generator, {"latent_dim": 0}, "latent_dim=0"),
        (resnet.generator, {"output_shape": (30, 30, 1)}, r"output_shape=\(30, 30, 1\)"),
        (resnet.generator, {"width": 0}, "width=0"),
        (resnet.generator, {"normalization": "spectral"}, "normalization='spectral'"),
        (resnet.discriminator, {"input_shape": (28, 28)}, r"input_shape=\(28, 28\)"),
        (resnet.discriminator, {"width": 2.5}, "width=2.5"),
        (resnet.discriminator, {"normalization": "batch"}, "normalization='batch'"),
    ],
)
def test_invalid_arguments(build, arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        build(**arguments)
