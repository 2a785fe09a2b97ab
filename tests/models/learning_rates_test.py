import keras
import pytest

from geans.models import learning_rates


@pytest.mark.parametrize(
    ("rates", "value", "expected"), [((0.5, 0.25), 1.0, (1.0, 0.5)), ((0.0, 0.25), 1.0, (1.0, 1.0))]
)
def test_both_rates_change_by_one_factor(rates, value, expected):
    optimizers = [keras.optimizers.SGD(rate) for rate in rates]
    both = learning_rates.BothOptimizers(*optimizers)
    both.learning_rate = value
    assert tuple(float(each.learning_rate) for each in optimizers) == expected
    assert float(both.learning_rate) == value


def test_the_config_is_that_of_both():
    both = learning_rates.BothOptimizers(keras.optimizers.Adam(0.25), keras.optimizers.SGD(0.5))
    config = both.get_config()
    assert config["generator_learning_rate"] == 0.25
    assert config["discriminator_optimizer"] == "SGD"
    assert config["discriminator_momentum"] == 0.0
