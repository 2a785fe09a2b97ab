import numpy as np
import pytest
from scipy import optimize

import geans
from geans.metrics.features import digits28
from geans.models import attributes, latent_space


def test_the_regression_is_at_the_minimum_of_its_objective():
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(200, 4))
    positive = latents @ [1, -2, 0, 0.5] + rng.normal(size=200) > 0.3
    signs = np.where(positive, 1, -1)

    def objective(weights):
        margins = signs * (latents @ weights[:4] + weights[4])
        return np.logaddexp(0, -margins).sum() + 2 / 2 * weights[:4] @ weights[:4]

    expected = optimize.minimize(objective, np.zeros(5), tol=1e-10).x[:4]
    found = attributes.logistic_regression(latents, positive, 2.0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_separable_labels_have_a_finite_direction():
    latents = np.repeat([[5.0, 0.0], [-5.0, 0.0]], 50, axis=0)
    found = attributes.logistic_regression(latents, latents[:, 0] > 0, 1e-6)
    assert np.isfinite(found).all() and found[0] > 0 and abs(found[1]) < 1e-9


def test_directions_point_towards_their_label(make_model):
    model = make_model(geans.GAN)
    latents = np.asarray(model.sampling_inputs(500, seed=3))
    labels = np.where(latents[:, 0] > 0.5, "right", np.where(latents[:, 0] < -0.5, "left", "mid"))
    found = model.attribute_directions(labels, seed=3)
    assert set(found) == {"left", "mid", "right"}
    assert found["right"][0] > 0.95 and found["left"][0] < -0.95
    np.testing.assert_allclose(np.linalg.norm(found["mid"]), 1, rtol=1e-5)
    same = model.attribute_directions(labels, inputs=latents)
    np.testing.assert_array_equal(same["right"], found["right"])


@pytest.mark.slow
def test_the_direction_of_thick_strokes_leaves_the_digit_as_it_is():
    model, classes = geans.from_pretrained("digits"), np.arange(1_000) % 10
    ink = model.sample(1_000, seed=0).mean(axis=(1, 2, 3))
    medians = np.array([np.median(ink[classes == digit]) for digit in range(10)])
    direction = model.attribute_directions(ink > medians[classes], seed=0)[True]
    inputs = model.sampling_inputs(50, 7)
    rows = latent_space.traverse(model, inputs, direction, steps=3, reach=2)
    thin, middle, thick = rows.mean(axis=(2, 3, 4)).T
    assert ((thin < middle) & (middle < thick)).mean() > 0.9
    for samples in rows.swapaxes(0, 1):
        assert (digits28.classify(samples) == classes[:50]).mean() > 0.85


@pytest.mark.parametrize(
    "labels, options, message",
    [
        ([1, 1], {}, "two or more kinds.*1 kinds"),
        ([[0, 1]], {}, r"shape \(1, 2\)"),
        ([0, 1], {"penalty": 0}, "penalty must be a positive number"),
        ([0, 1, 2], {"inputs": np.zeros((2, 3), "float32")}, "each of the 2 inputs. Received: 3"),
    ],
)
def test_bad_arguments(make_model, labels, options, message):
    with pytest.raises(ValueError, match=message):
        make_model(geans.GAN).attribute_directions(labels, **options)
