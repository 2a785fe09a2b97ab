"""By Gidel et al. 2019, whose proposition 2 has the rate of the bilinear game."""

import numpy as np
import pytest

from geans import rules
from tests.rules.bilinear_game import bilinear, own_rules, point, train, weights


@pytest.mark.slow
@pytest.mark.parametrize("weight_decay", [0, 0.25])
def test_an_update_multiplies_by_the_factor_of_the_paper(weight_decay):
    """1 - r L + (r L)^2 with the rate r and the game's eigenvalue L = 2c - i."""
    model = bilinear(rules.Extragradient(), 0.3, weight_decay)
    start = point(model)
    train(model, 7)
    scaled = 0.3 * (2 * weight_decay - 1j)
    np.testing.assert_allclose(point(model), start * (1 - scaled + scaled**2) ** 7, rtol=1e-5)
    if not weight_decay:
        shrinking = (1 - 0.3**2 + 0.3**4) ** (7 / 2)
        assert abs(point(model)) == pytest.approx(shrinking * abs(start), rel=1e-5)


@pytest.mark.slow
def test_it_is_the_rule_of_contributing():
    models = [bilinear(rules.Extragradient()), bilinear(own_rules()["Extragradient"]())]
    for model in models:
        train(model, 3)
    assert weights(models[0]) == weights(models[1])


@pytest.mark.slow
def test_a_fresh_batch_is_the_next_one():
    """Steps lead to w', and from there to the update; an epoch ends at an update."""
    model = bilinear(rules.Extragradient(fresh_batch=True))
    ahead = point(model) * (1 + 0.1j)
    updated = point(model) + 0.1j * ahead
    model.train_on_batch(np.zeros((4, 1), "float32"))
    np.testing.assert_allclose(point(model), ahead, rtol=1e-6)
    model.train_on_batch(np.zeros((4, 1), "float32"))
    np.testing.assert_allclose(point(model), updated, rtol=1e-6)
    train(model, 1)
    np.testing.assert_allclose(point(model), updated, rtol=1e-6)


def test_both_points_are_updates_of_the_optimizer():
    model = bilinear(rules.Extragradient())
    model.train_on_batch(np.zeros((4, 1), "float32"))
    assert int(model.generator_player.optimizer.iterations.numpy()) == 2
    assert int(model.steps) == 1
    assert model.rule.description == "extragradient updates every step"
