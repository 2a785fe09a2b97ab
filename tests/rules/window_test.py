import keras
import numpy as np
import pytest

import geans
from geans import rules
from tests.rules.bilinear_game import bilinear, weights


@pytest.mark.slow
def test_a_window_weighs_batches_by_their_size():
    """Of 3 and 1 samples of 0 and 4: L_D = phi (theta - mean x), so phi moves by theta - 1."""
    model = bilinear(rules.Window("epoch"), rate=1.0)
    model.fit(np.array([[0], [0], [0], [4]], "float32"), batch_size=3, shuffle=False, verbose=0)
    assert weights(model) == [1.0 - (2.0 - 1.0), 2.0 + 1.0]
    for total in (*model.rule.sums["generator"], model.rule.weight_sums["generator"]):
        np.testing.assert_array_equal(total, 0)


def test_only_a_window_keeps_sums(make_model):
    assert not make_model(geans.GAN).rule.weights
    assert len(make_model(geans.GEAN).rule.weights) > 2


def test_configurations_are_those_of_the_constructor():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1, 3])
    rule = rules.Window(schedule, "alternating", 2)
    twin = rules.Window.from_config(rule.get_config())
    assert twin.get_config() == rule.get_config()
    assert twin.every(7) == 3 and rule.description.startswith("alternating updates in windows")
