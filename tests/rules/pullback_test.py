import numpy as np
import pytest

import geans
from geans import rules
from tests.rules.bilinear_game import bilinear, own_rules, train, weights


def alternated(steps, phi, theta, rate=0.1):
    """Alternating steps of the bilinear game, worked out by hand."""
    for _ in range(steps):
        phi -= rate * theta
        theta += rate * phi
    return phi, theta


def kept(share, anchor, moved):
    return anchor + share * (moved - anchor)


def test_pullback_keeps_half_of_the_discriminators_movement():
    model = bilinear(rules.Pullback(2))
    phi, theta = 1, 2
    for _ in range(2):
        moved, theta = alternated(2, phi, theta)
        phi = kept(0.5, phi, moved)
    train(model, 4)
    np.testing.assert_allclose(weights(model), [phi, theta], rtol=1e-6)
    train(model, 1)  # Between the ends of windows it is a GAN.
    np.testing.assert_allclose(weights(model), alternated(1, phi, theta), rtol=1e-6)


@pytest.mark.slow
def test_pullback_of_both_players_is_lookahead():
    """CONTRIBUTING's rule, step by step."""
    models = [
        bilinear(rules.Pullback(3, 0.5, "simultaneous")),
        bilinear(own_rules()["Lookahead"](3, 0.5)),
    ]
    for steps in (2, 3, 2):
        for model in models:
            train(model, steps)
        assert weights(models[0]) == weights(models[1])


@pytest.mark.slow
def test_nested_windows_pull_back_what_the_inner_ones_have_left():
    shares = {"discriminator": 0.5, "generator": 0.25}
    model = bilinear(rules.Pullback((2, 4), shares))
    start = point = (1, 2)
    for _ in range(2):
        point = [*map(kept, shares.values(), point, alternated(2, *point))]
    point = [*map(kept, shares.values(), start, point)]
    train(model, 4)
    np.testing.assert_allclose(weights(model), point, rtol=1e-6)


@pytest.mark.slow
def test_pullback_once_per_epoch():
    """Epochs of 3 steps, however many there are in a call."""
    model = bilinear(rules.Pullback("epoch"))
    phi, theta = 1, 2
    for _ in range(2):
        moved, theta = alternated(3, phi, theta)
        phi = kept(0.5, phi, moved)
    train(model, 3, epochs=2)
    np.testing.assert_allclose(weights(model), [phi, theta], rtol=1e-6)


@pytest.mark.slow
def test_pullback_starts_from_the_weights_that_it_finds():
    """Those set after the model was made, as by loading, and again where a window begins."""
    model = bilinear(rules.Pullback(2))
    for start in (3.0, -1.0):
        model.discriminator.set_weights([np.array([[start]])])
        theta = weights(model)[1]
        phi, theta = alternated(2, start, theta)
        train(model, 2)
        np.testing.assert_allclose(weights(model), [kept(0.5, start, phi), theta], rtol=1e-6)


@pytest.mark.slow
def test_pullback_of_both_players_contracts_where_alternating_steps_circle():
    """Chavdarova et al. 2021, section 3: on the bilinear game Lookahead converges."""
    ends = []
    for rule in (rules.Pullback(10, 0.5), rules.EveryStep()):
        model = bilinear(rule, rate=0.3)
        train(model, 200)
        ends.append(np.hypot(*weights(model)))
    assert ends[0] < 1e-3
    assert ends[1] > 1


def test_pullback_keeps_a_copy_of_each_player_that_it_pulls_back(make_model):
    """And of its own only a counter."""
    model = make_model(geans.GAN)
    sizes = {
        name: sum(int(np.prod(v.shape)) for v in player.trained_variables)
        for name, player in model.players.items()
    }
    for window, share, copies in (
        (5, None, sizes["discriminator"]),
        ((5, 50), None, 2 * sizes["discriminator"]),
        (5, 0.5, sum(sizes.values())),
        (5, 1.0, 0),
    ):
        rule = rules.Pullback(window, share)
        rule.build_state(model)
        assert sum(int(np.prod(v.shape)) for v in rule.weights) == copies + 1


@pytest.mark.parametrize("window", [0, 1, True, "week", (5, 12), (5, 5), ()])
def test_pullback_needs_windows(window):
    with pytest.raises(ValueError, match="window must be"):
        rules.Pullback(window)


@pytest.mark.parametrize("share", [0, 2, "half", {"critic": 0.5}, {"generator": None}])
def test_pullback_needs_shares(share):
    with pytest.raises(ValueError, match="share must be"):
        rules.Pullback(5, share)
