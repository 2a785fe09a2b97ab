import keras
import numpy as np
import pytest

import geans
from geans import networks


def linear_model(matrix):
    """A GAN whose generator makes 2x2 images, linear in the latents."""
    generator = keras.Sequential(
        [
            keras.Input((len(matrix),)),
            keras.layers.Dense(4, use_bias=False),
            keras.layers.Reshape((2, 2, 1)),
        ]
    )
    generator.set_weights([matrix])
    return geans.GAN(generator, networks.mlp.discriminator((2, 2, 1)))


def test_of_a_linear_generator_it_is_the_least_squares_solution():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(2, 4)).astype("float32")
    images = rng.uniform(-1, 1, (3, 2, 2, 1)).astype("float32")
    options = {"steps": 600, "perceptual_weight": 0, "candidates": 10, "starts": 2}
    found = linear_model(matrix).project(images, **options)
    expected = np.linalg.lstsq(matrix.T, images.reshape(3, 4).T, rcond=None)[0].T
    np.testing.assert_allclose(found.inputs, expected, atol=1e-3)
    np.testing.assert_allclose(
        found.errors, np.mean((found.reconstructions - images) ** 2, axis=(1, 2, 3)), rtol=1e-5
    )


@pytest.mark.slow
def test_generated_digits_come_back():
    model = geans.from_pretrained("digits")
    images = model.sample(4, seed=5)
    others = model.sample(4, seed=6)
    options = {"steps": 60, "candidates": 400}
    found = model.project(images, **options)
    between = np.mean((images - others) ** 2)
    assert np.median(found.errors) < 0.05 * between
    latents, labels = found.inputs
    assert latents.shape == (4, model.latent_dim)
    np.testing.assert_array_equal(model.generate(found.inputs), found.reconstructions)
    same = model.project(images, **options)
    np.testing.assert_array_equal(same.errors, found.errors)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"steps": 0}, "steps must be a positive integer"),
        ({"starts": 11, "candidates": 10}, "starts must be a positive integer, at most 10"),
        ({"learning_rate": 0}, "learning_rate must be a positive number"),
        ({"perceptual_weight": -1}, "perceptual_weight"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        linear_model(np.ones((1, 4), "float32")).project(
            np.zeros((1, 2, 2, 1), "float32"), **options
        )


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"of shape \(n, 2, 2, 1\)"):
        linear_model(np.ones((1, 4), "float32")).project(np.zeros((1, 3, 2, 1), "float32"))
