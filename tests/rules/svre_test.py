import keras
import numpy as np
import pytest

import geans
from geans import rules
from tests.rules.bilinear_game import bilinear, point, train


@pytest.mark.slow
@pytest.mark.parametrize("window", [2, "epoch"])
def test_windows_measure_and_move_in_turn(window):
    """The second window has extragradient updates, as all gradients are those of all samples."""
    model = bilinear(rules.SVRE(window))
    expected = point(model)
    for _ in range(2):
        train(model, 2)
        np.testing.assert_allclose(point(model), expected, rtol=1e-6)
        expected *= (1 + 0.1j - 0.1**2) ** 2
        train(model, 2)
        np.testing.assert_allclose(point(model), expected, rtol=1e-6)


@pytest.mark.slow
def test_noise_of_the_batches_does_not_count():
    """L_D = phi (theta - x) with x of 3 and -3 in turn, whose mean is 0."""
    samples = np.repeat(np.float32([3, -3]), 4)[:, None]
    ends = []
    for rule in (rules.SVRE("epoch"), rules.Extragradient()):
        model = bilinear(rule)
        expected = point(model) * (1 + 0.1j - 0.1**2) ** 2
        model.fit(samples, batch_size=4, epochs=2, shuffle=False, verbose=0)
        ends.append(abs(point(model) - expected))
    assert ends[0] < 1e-6
    assert ends[1] > 0.1


def test_what_is_kept(make_model):
    """Sums, means and anchors of both players, their weights, and counters."""
    model = make_model(geans.GAN)
    rule = rules.SVRE(5)
    rule.build_state(model)
    sizes = [np.prod(v.shape) for p in model.players.values() for v in p.trained_variables]
    assert sum(int(np.prod(v.shape)) for v in rule.weights) == 3 * sum(sizes) + 4
    assert rule.description.endswith("in every other window of 5 steps")


def test_scaled_losses_are_refused(make_model, points):
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    options = {"generator_optimizer": scaling, "run_eagerly": True}
    model = make_model(geans.GEAN, update="svre", compile_options=options)
    with pytest.raises(ValueError, match="float32 or bfloat16 instead of float16"):
        model.fit(points, verbose=0)
