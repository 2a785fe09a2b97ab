import keras
import numpy as np
import pytest

import geans
from geans import rules
from tests.rules.bilinear_game import bilinear, own_rules, point, train, weights


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
@pytest.mark.parametrize("weight_decay", [0, 0.25])
def test_pullback_of_both_players_contracts_where_simultaneous_steps_diverge(weight_decay):
    """A window multiplies by 1 - share + share (1 - r L)^K with L = 2c - i.

    Chavdarova et al. 2021, proposition 1: Lookahead's eigenvalues of those of the method inside.
    """
    inside = 1 - 0.3 * (2 * weight_decay - 1j)
    for rule, factor in (
        (rules.Pullback(5, 0.5, "simultaneous"), 0.5 + 0.5 * inside**5),
        (rules.EveryStep("simultaneous"), inside**5),
    ):
        model = bilinear(rule, 0.3, weight_decay)
        start = point(model)
        train(model, 15)
        np.testing.assert_allclose(point(model), start * factor**3, rtol=1e-5)
    assert abs(0.5 + 0.5 * inside**5) < 1
    assert abs(inside) > 1 or weight_decay


@pytest.mark.slow
def test_alternating_steps_circle():
    model = bilinear(rules.EveryStep(), rate=0.3)
    radii = []
    for _ in range(10):
        train(model, 10)
        radii.append(abs(point(model)))
    assert 1.5 < min(radii) and max(radii) < 3


@pytest.mark.slow
def test_an_outer_optimizer_steps_from_the_anchor():
    """Momentum 1/4 at a rate of 1: v <- v / 4 + (moved - anchor), and both players follow v."""
    model = bilinear(rules.Pullback(2, 1.0, outer=keras.optimizers.SGD(momentum=0.25)))
    anchor, velocity = np.array(weights(model)), 0
    for _ in range(3):
        velocity = velocity / 4 + np.array(alternated(2, *anchor)) - anchor
        anchor = anchor + velocity
    train(model, 6)
    np.testing.assert_allclose(weights(model), anchor, rtol=1e-5)


@pytest.mark.slow
def test_an_outer_optimizer_may_be_conjugate():
    """The discriminator's steps are those of the optimizer along the windows' movements."""
    model = bilinear(rules.Pullback(2, outer="conjugate_gradient"))
    outer = geans.optimizers.ConjugateGradient(0.5)
    phi, theta = keras.Variable(1.0), 2.0
    for _ in range(4):
        moved, theta = alternated(2, float(phi), theta)
        outer.apply([float(phi) - moved], [phi])
    train(model, 8)
    np.testing.assert_allclose(weights(model), [float(phi), theta], rtol=1e-5)
    assert model.rule.description.endswith("every 2 steps by ConjugateGradient")


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
