import keras
import numpy as np
import pytest

from geans.networks import mlp


def kernels(network):
    return [tuple(weight.shape) for weight in network.weights if weight.ndim == 2]


def test_default_widths():
    assert kernels(mlp.generator()) == [(64, 128), (128, 128), (128, 784)]
    assert kernels(mlp.discriminator()) == [(784, 128), (128, 128), (128, 1)]


@pytest.mark.parametrize("shape, activation", [((2,), "linear"), ((4, 4, 1), "tanh")])
def test_output_activation_follows_the_samples(shape, activation):
    assert mlp.generator(3, shape).layers[-1].activation.__name__ == activation


def test_output_activation_can_be_chosen():
    generator = mlp.generator(3, (2,), output_activation="sigmoid", seed=0)
    samples = generator(keras.random.normal((64, 3), seed=0)).numpy()
    assert 0 < samples.min() < 0.5 < samples.max() < 1


def test_points_leave_the_unit_square():
    generator = mlp.generator(3, (2,), seed=0)
    assert np.abs(generator(100 * keras.random.normal((64, 3), seed=0))).max() > 2


def test_input_scale_multiplies_the_samples():
    plain = mlp.discriminator((2,), seed=0)
    scaled = mlp.discriminator((2,), input_scale=1 / 4, seed=0)
    points = keras.random.normal((16, 2), seed=0)
    np.testing.assert_allclose(scaled(4 * points), plain(points), rtol=1e-6)
    assert not np.allclose(scaled(points), plain(points), rtol=1e-2)


def test_activation_of_hidden_layers():
    points = keras.random.normal((16, 2), seed=0)
    linear = mlp.discriminator((2,), activation="linear", seed=0)
    np.testing.assert_allclose(linear(-points), -linear(points), rtol=1e-5)
    relu = mlp.discriminator((2,), seed=0)
    assert not np.allclose(relu(-points), -relu(points), rtol=1e-2)


def test_no_hidden_layer_is_a_linear_network():
    assert kernels(mlp.generator(3, (2,), units=())) == [(3, 2)]


@pytest.mark.parametrize(
    "build, arguments, received",
    [
        (mlp.generator, {"latent_dim": 0}, "latent_dim=0"),
        (mlp.generator, {"output_shape": (0,)}, r"output_shape=\(0,\)"),
        (mlp.generator, {"units": (8, 0)}, r"units=\(8, 0\)"),
        (mlp.discriminator, {"input_shape": (4, -1)}, r"input_shape=\(4, -1\)"),
        (mlp.discriminator, {"units": (-8,)}, r"units=\(-8,\)"),
    ],
)
def test_invalid_sizes(build, arguments, received):
    with pytest.raises(ValueError, match=f"integers? from 1 to 65,536.* Received: {received}"):
        build(**arguments)
