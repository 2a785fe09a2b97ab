import keras
import numpy as np
import pytest

from geans.networks import modern

# Size of the image: sizes of the generator's stages.
STAGES = {
    8: [4, 8],
    12: [6, 12],
    28: [7, 14, 28],
    32: [4, 8, 16, 32],
    64: [4, 8, 16, 32, 64],
}


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


def convolutions(network):
    """Those of the residual blocks: 1x1, 3x3, 1x1 of each in turn."""
    found = layers_of(network, keras.layers.Conv2D)
    return found[:-1] if network.name == "generator" else found[1:]


def build(role, **options):
    if role == "generator":
        return modern.generator(3, (8, 8, 2), width=8, seed=0, **options)
    return modern.discriminator((8, 8, 2), width=8, seed=0, **options)


each_role = pytest.mark.parametrize("role", ["generator", "discriminator"])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", STAGES)
def test_stages(size, channels):
    shape = (size, size, channels)
    generator = modern.generator(3, shape, width=8, blocks=1)
    discriminator = modern.discriminator(shape, width=8, blocks=1)
    for network, sizes in ((generator, STAGES[size]), (discriminator, STAGES[size][::-1])):
        blocks = [layer.output.shape[1:] for layer in layers_of(network, keras.layers.Add)]
        assert blocks == [(side, side, 8) for side in sizes]
    assert generator(np.ones((2, 3))).shape == (2, *shape)
    assert discriminator(np.ones((2, *shape))).shape == (2, 1)


def test_number_of_weights():
    """Counted by hand for width 32, blocks of 32-64-64-32 in 4 groups, 4 stages of 2 blocks."""
    block = (32 * 64 + 64) + (3 * 3 * 16 * 64 + 64) + 64 * 32
    generator = modern.generator(64, (32, 32, 3), width=32)
    assert generator.count_params() == 64 * 32 + 4 * 4 * 32 + 8 * block + 32 * 3
    discriminator = modern.discriminator((32, 32, 3), width=32)
    assert discriminator.count_params() == 3 * 32 + 8 * block + 4 * 4 * 32 + 32 + 1


@each_role
def test_blocks_start_as_the_identity(role):
    network = build(role)
    for block in layers_of(network, keras.layers.Add):
        shortcut, residual = block.input
        probe = keras.Model(network.input, [shortcut, residual, block.output])
        before, change, after = probe(keras.random.normal((4, *network.input_shape[1:]), seed=0))
        assert np.ptp(before) > 0.1
        np.testing.assert_array_equal(change, 0 * change)
        np.testing.assert_array_equal(before, after)


@each_role
def test_spread_of_the_kernels_in_blocks(role):
    """He's for a leak of 0.2, sqrt(2 / 1.04 / fan_in), times (4 blocks)^(-1/4)."""
    network = build(role)
    assert len(layers_of(network, keras.layers.Add)) == 4
    by_layer = [layer.kernel.numpy() for layer in convolutions(network)]
    for first, second, last in zip(by_layer[::3], by_layer[1::3], by_layer[2::3], strict=True):
        assert (first.shape, second.shape) == ((1, 1, 8, 16), (3, 3, 16, 16))
        assert last.shape == (1, 1, 16, 8) and not last.any()
    for place, fan_in in ((0, 8), (1, 3 * 3 * 16)):
        drawn = np.concatenate([kernel.ravel() for kernel in by_layer[place::3]])
        expected = np.sqrt(2 / 1.04 / fan_in / np.sqrt(4))
        np.testing.assert_allclose(np.std(drawn), expected, rtol=0.1)


@pytest.mark.parametrize("width, groups", [(8, 1), (16, 2), (24, 3), (64, 8)])
def test_groups_have_16_channels(width, groups):
    network = modern.discriminator((8, 8, 1), width=width, blocks=1)
    assert [layer.groups for layer in convolutions(network)[1::3]] == [groups, groups]
    assert convolutions(network)[1].kernel.shape == (3, 3, 16, 2 * width)


def test_grouped_convolution_is_that_of_keras():
    options = {"padding": "same", "groups": 3, "bias_initializer": "normal"}
    ours, keras_own = (
        modern.GroupedConvolution(48, 3, **options),
        keras.layers.Conv2D(48, 3, **options),
    )
    images = keras.random.normal((2, 6, 6, 48), seed=0)
    outputs = ours(images)
    keras_own(images)
    keras_own.set_weights(ours.get_weights())
    assert ours.kernel.shape == (3, 3, 16, 48)
    np.testing.assert_allclose(outputs, keras_own(images), rtol=1e-4, atol=1e-5)


def test_images_start_as_a_mixture_of_learned_images():
    """Latents weigh the images of the basis, two doublings enlarge what comes of it."""
    generator = modern.generator(3, (28, 28, 1), width=8, seed=0)
    basis = layers_of(generator, keras.layers.EinsumDense)[0].kernel
    weights = layers_of(generator, keras.layers.Dense)[0].kernel
    mixing = layers_of(generator, keras.layers.Conv2D)[-1].kernel[0, 0, :, 0]
    latents = keras.random.normal((5, 3), seed=1)
    small = np.einsum("bl,lc,chw,c->bhw", latents, weights, basis, mixing)
    images = np.arctanh(generator(latents))[..., 0]
    assert basis.shape == (8, 7, 7)
    np.testing.assert_allclose(np.std(basis), 1, rtol=0.15)
    doubled = keras.layers.UpSampling2D(interpolation="bilinear")
    expected = doubled(doubled(small[..., None]))[..., 0]
    np.testing.assert_allclose(images, expected, atol=1e-4)


def test_logits_start_as_a_comparison_with_learned_images():
    discriminator = modern.discriminator((28, 28, 1), width=8, seed=0)
    extraction = layers_of(discriminator, keras.layers.Conv2D)[0].kernel[0, 0, 0]
    templates = layers_of(discriminator, keras.layers.DepthwiseConv2D)[0].kernel[..., 0]
    head = discriminator.layers[-1].kernel[:, 0]
    images = keras.random.uniform((5, 28, 28, 1), -1, 1, seed=0)
    small = keras.ops.reshape(images, (5, 7, 4, 7, 4)).numpy().mean(axis=(2, 4))
    expected = np.einsum("bhw,c,hwc,c->b", small, extraction, templates, head)
    assert templates.shape == (7, 7, 8) and np.ptp(expected) > 0.01
    np.testing.assert_allclose(np.std(templates), 1 / 7, rtol=0.15)
    np.testing.assert_allclose(discriminator(images)[:, 0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "build, arguments, received",
    [
        (modern.generator, {"latent_dim": 0}, "latent_dim=0"),
        (modern.generator, {"output_shape": (30, 30, 1)}, r"output_shape=\(30, 30, 1\)"),
        (modern.generator, {"width": 0}, "width=0"),
        (modern.generator, {"width": 12}, "width=12"),
        (modern.generator, {"blocks": 0}, "blocks=0"),
        (modern.discriminator, {"input_shape": (28, 28)}, r"input_shape=\(28, 28\)"),
        (modern.discriminator, {"width": "16"}, "width='16'"),
        (modern.discriminator, {"blocks": 1.5}, "blocks=1.5"),
    ],
)
def test_invalid_arguments(build, arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        build(**arguments)
