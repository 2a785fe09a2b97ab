import keras
import numpy as np
import pytest

from geans.networks import video

# Shape of the clip: frames, size and channels of the generator's hidden layers at width 2.
LEVELS = {
    (4, 8): [(2, 4, 2)],
    (6, 12): [(3, 6, 2)],
    (8, 28): [(2, 7, 4), (4, 14, 2)],
    (16, 28): [(4, 7, 4), (8, 14, 2)],
    (8, 32): [(2, 4, 8), (2, 8, 4), (4, 16, 2)],
    (16, 32): [(2, 4, 8), (4, 8, 4), (8, 16, 2)],
    (10, 32): [(5, 4, 8), (5, 8, 4), (5, 16, 2)],
}


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


def hidden_shapes(network, layer_class):
    shapes = [layer.output.shape[1:] for layer in layers_of(network, layer_class)]
    assert all(height == width for _, height, width, _ in shapes)
    return [(frames, height, channels) for frames, height, _, channels in shapes]


@pytest.mark.parametrize("clip, levels", LEVELS.items())
def test_levels_of_both_networks(clip, levels):
    frames, size = clip
    generator = video.generator(3, (frames, size, size, 3), width=2)
    assert hidden_shapes(generator, keras.layers.ReLU) == levels
    assert generator.output_shape == (None, frames, size, size, 3)
    discriminator = video.discriminator((frames, size, size, 3), width=2)
    assert hidden_shapes(discriminator, keras.layers.LeakyReLU) == levels[::-1]


def test_paper_at_64_pixels():
    """Vondrick et al. 2016, figure 1: 2x4x4x512 up to 16x32x32x64, out come 32x64x64x3."""
    generator = video.generator(100, (32, 64, 64, 3), width=64)
    expected = [(2, 4, 512), (4, 8, 256), (8, 16, 128), (16, 32, 64)]
    assert hidden_shapes(generator, keras.layers.ReLU) == expected


def test_parameters_counted_by_hand():
    """8x28x28, width 2: 2x7x7x4 to 4x14x14x2 to the clip, and back."""
    projection = 5 * 2 * 7 * 7 * 4
    middle, last = 4**3 * 4 * 2, 4**3 * 2 * 3
    # No bias before a normalization, which has four numbers per channel; one per voxel of a block.
    generator = video.generator(5, (8, 28, 28, 3), width=2)
    assert generator.count_params() == projection + 4 * 4 + middle + 4 * 2 + last + 8 * 3
    plain = video.generator(5, (8, 28, 28, 3), width=2, normalization=None)
    biases = 2 * 7 * 7 * 4 + 2
    assert plain.count_params() == projection + middle + last + 8 * 3 + biases
    discriminator = video.discriminator((8, 28, 28, 3), width=2)
    assert discriminator.count_params() == last + 2 + middle + 4 + 2 * 7 * 7 * 4 + 1


def test_parameters_where_time_is_halved_no_more():
    """8x32x32, width 2: a kernel of 3x4x4 between 2x8x8x4 and 2x4x4x8."""
    discriminator = video.discriminator((8, 32, 32, 1), width=2)
    convolutions = 4**3 * 1 * 2 + 2 + 4**3 * 2 * 4 + 4 + 3 * 4 * 4 * 4 * 8 + 8
    assert discriminator.count_params() == convolutions + 2 * 4 * 4 * 8 + 1


def voxel_kernel(kernel):
    """Of a kernel over blocks (2, 2, 2, 8 a, b) that over voxels, (4, 4, 4, a, b)."""
    a, b = kernel.shape[3] // 8, kernel.shape[4]
    split = kernel.reshape(2, 2, 2, 2, 2, 2, a, b)
    return split.transpose(0, 3, 1, 4, 2, 5, 6, 7).reshape(4, 4, 4, a, b)


def test_first_layer_of_the_discriminator_is_a_convolution_of_kernel_4_and_stride_2():
    discriminator = video.discriminator((4, 8, 8, 3), width=5, seed=0)
    layer = layers_of(discriminator, keras.layers.Conv3D)[0]
    plain = keras.layers.Conv3D(5, 4, strides=2, padding="same", use_bias=False)
    clips = keras.random.normal((2, 4, 8, 8, 3), seed=1)
    plain.build(clips.shape)
    plain.kernel.assign(voxel_kernel(layer.kernel.numpy()))
    found = keras.Model(discriminator.input, layer.output)(clips)
    np.testing.assert_allclose(found, plain(clips), atol=1e-6)


def test_last_layer_of_the_generator_is_a_transposed_convolution_of_kernel_4_and_stride_2():
    generator = video.generator(6, (4, 8, 8, 3), width=5, seed=0)
    layer = layers_of(generator, keras.layers.Conv3DTranspose)[-1]
    plain = keras.layers.Conv3DTranspose(3, 4, strides=2, padding="same", use_bias=False)
    plain.build(layer.input.shape)
    plain.kernel.assign(voxel_kernel(layer.kernel.numpy()))
    hidden = keras.Model(generator.input, layer.input)
    latents = keras.random.normal((2, 6), seed=1)
    expected = np.tanh(plain(hidden(latents)))
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(generator(latents), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "network, count",
    [
        (video.generator(3, width=2), 2),
        (video.generator(3, width=2, normalization=None), 0),
        (video.discriminator(width=2), 0),
        (video.discriminator(width=2, normalization="batch"), 1),
    ],
)
def test_number_of_normalizations(network, count):
    assert len(layers_of(network, keras.layers.BatchNormalization)) == count


def test_default_discriminator_judges_each_clip_alone():
    discriminator = video.discriminator((4, 8, 8, 1), width=4, seed=0)
    clips = keras.random.normal((5, 4, 8, 8, 1), seed=0)
    together = discriminator(clips, training=True)
    alone = [discriminator(clips[i : i + 1], training=True)[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("build", [video.generator, video.discriminator])
def test_kernels_start_at_the_spread_of_dcgan(build):
    kernels = [weight for weight in build(width=16, seed=0).weights if weight.ndim > 1]
    assert len(kernels) == 3
    for kernel in kernels:
        assert abs(np.mean(kernel)) < 2e-3
        np.testing.assert_allclose(np.std(kernel), 0.02, rtol=0.05)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((28, 28, 1), r"must be \(frames, height, width, channels\).*shape=\(28, 28, 1\)"),
        ((7, 28, 28, 1), r"even number of frames, at least 4.*shape=\(7, 28, 28, 1\)"),
        ((2, 28, 28, 1), r"even number of frames, at least 4.*shape=\(2, 28, 28, 1\)"),
        ((8.0, 28, 28, 1), r"even number of frames.*shape=\(8.0, 28, 28, 1\)"),
        ((8, 28, 30, 1), r"divisible by 4.*shape\[1:\]=\(28, 30, 1\)"),
        ((8, 30, 30, 1), r"divisible by 4.*shape\[1:\]=\(30, 30, 1\)"),
        ((8, 28, 28, 0), r"at least 1 channel.*shape\[1:\]=\(28, 28, 0\)"),
    ],
)
def test_invalid_shapes(shape, message):
    with pytest.raises(ValueError, match=f"^output_shape.*{message}"):
        video.generator(3, shape)
    with pytest.raises(ValueError, match=f"^input_shape.*{message}"):
        video.discriminator(shape)


@pytest.mark.parametrize(
    "build, arguments, received",
    [
        (video.generator, {"latent_dim": 0}, "latent_dim=0"),
        (video.generator, {"width": 0}, "width=0"),
        (video.generator, {"normalization": "layer"}, "normalization='layer'"),
        (video.discriminator, {"width": -1}, "width=-1"),
        (video.discriminator, {"normalization": "layer"}, "normalization='layer'"),
    ],
)
def test_invalid_options(build, arguments, received):
    with pytest.raises(ValueError, match=received):
        build(**arguments)
