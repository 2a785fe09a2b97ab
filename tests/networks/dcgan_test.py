import keras
import numpy as np
import pytest

from geans.networks import dcgan

# Size of the image: size and channels of the generator's hidden layers at width 2.
LEVELS = {
    8: [(4, 2)],
    12: [(6, 2)],
    16: [(4, 4), (8, 2)],
    20: [(5, 4), (10, 2)],
    28: [(7, 4), (14, 2)],
    32: [(4, 8), (8, 4), (16, 2)],
    44: [(11, 4), (22, 2)],
    64: [(4, 16), (8, 8), (16, 4), (32, 2)],
    128: [(4, 32), (8, 16), (16, 8), (32, 4), (64, 2)],
}
INVALID_SHAPES = ((28, 30, 1), (30, 30, 1), (4, 4, 1), (0, 0, 1), (28, 28, 0), (28, 28), (784,))


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


@pytest.mark.parametrize("size, levels", LEVELS.items())
def test_levels_of_the_generator(size, levels):
    generator = dcgan.generator(3, (size, size, 3), width=2)
    hidden = [layer.output.shape[2:] for layer in layers_of(generator, keras.layers.ReLU)]
    assert hidden == levels
    assert generator.output_shape == (None, size, size, 3)


@pytest.mark.parametrize("size, levels", LEVELS.items())
def test_discriminator_mirrors_the_generator(size, levels):
    discriminator = dcgan.discriminator((size, size, 3), width=2)
    hidden = [layer.output.shape[2:] for layer in layers_of(discriminator, keras.layers.LeakyReLU)]
    assert [channels for _, channels in hidden] == [channels for _, channels in levels[::-1]]
    assert [2 * side for side, _ in hidden] == [size, *(side for side, _ in levels[:0:-1])]


def test_paper_at_64_pixels():
    """Radford et al. 2016, figure 1: 4x4x1024 up to 32x32x128."""
    generator = dcgan.generator(100, (64, 64, 3), width=128)
    hidden = [layer.output.shape[2:] for layer in layers_of(generator, keras.layers.ReLU)]
    assert hidden == [(4, 1024), (8, 512), (16, 256), (32, 128)]


@pytest.mark.parametrize(
    "network, count",
    [
        (dcgan.generator(3, width=2), 2),
        (dcgan.generator(3, width=2, normalization=None), 0),
        (dcgan.discriminator(width=2), 0),
        (dcgan.discriminator(width=2, normalization="batch"), 1),
    ],
)
def test_number_of_normalizations(network, count):
    assert len(layers_of(network, keras.layers.BatchNormalization)) == count


def test_default_discriminator_judges_each_image_alone():
    discriminator = dcgan.discriminator((8, 8, 1), width=4, seed=0)
    images = keras.random.normal((6, 8, 8, 1), seed=0)
    together = discriminator(images, training=True)
    alone = [discriminator(images[i : i + 1], training=True)[0] for i in range(6)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("build", [dcgan.generator, dcgan.discriminator])
def test_kernels_start_at_the_spread_of_the_paper(build):
    kernels = [weight for weight in build(width=32, seed=0).weights if weight.ndim > 1]
    assert len(kernels) == 3
    for kernel in kernels:
        assert abs(np.mean(kernel)) < 2e-3
        np.testing.assert_allclose(np.std(kernel), 0.02, rtol=0.05)


def test_upsampling_leaves_no_checkerboard():
    """A flat input gives a flat image (away from its border) if all kernel weights are equal."""
    generator = dcgan.generator(3, (28, 28, 1), width=2, normalization=None)
    for weight in generator.weights:
        weight.assign(0.01 * np.ones(weight.shape))
    inner = generator(np.ones((1, 3)))[0, 6:-6, 6:-6].numpy()
    assert inner.mean() > 0.01
    np.testing.assert_allclose(inner, inner.mean(), rtol=1e-5)


def test_dense_layer_sees_the_whole_image():
    discriminator = dcgan.discriminator((28, 28, 1), width=2, dense_units=5)
    hidden, logits = layers_of(discriminator, keras.layers.Dense)
    assert hidden.kernel.shape == (7 * 7 * 4, 5)
    assert logits.kernel.shape == (5, 1)
    assert len(layers_of(dcgan.discriminator(width=2), keras.layers.Dense)) == 1


@pytest.mark.parametrize("shape", INVALID_SHAPES)
def test_invalid_shapes(shape):
    with pytest.raises(ValueError, match=r"divisible by 4.* Received: output_shape=\("):
        dcgan.generator(3, shape)
    with pytest.raises(ValueError, match=r"divisible by 4.* Received: input_shape=\("):
        dcgan.discriminator(shape)


@pytest.mark.parametrize(
    "build, arguments, received",
    [
        (dcgan.generator, {"latent_dim": 0}, "latent_dim=0"),
        (dcgan.generator, {"width": 0}, "width=0"),
        (dcgan.generator, {"normalization": "layer"}, "normalization='layer'"),
        (dcgan.discriminator, {"width": -1}, "width=-1"),
        (dcgan.discriminator, {"dense_units": -1}, "dense_units=-1"),
        (dcgan.discriminator, {"normalization": "layer"}, "normalization='layer'"),
    ],
)
def test_invalid_options(build, arguments, received):
    with pytest.raises(ValueError, match=received):
        build(**arguments)
