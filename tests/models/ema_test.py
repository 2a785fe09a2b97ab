import keras
import numpy as np
import pytest

from geans import networks
from geans.models import ema


@pytest.fixture
def network():
    return networks.dcgan.generator(2, (8, 8, 1), width=2, seed=0)


def fill(network, value):
    for weight in network.weights:
        weight.assign(np.full(weight.shape, value, "float32"))


def test_after_a_half_life_half_is_left(network):
    """100,000 samples seen long ago as 0, then 1,000 samples of 1 with a half-life of 1,000."""
    fill(network, 0.0)
    average = ema.EMANetwork(network, half_life=1_000)
    average.follow(network, np.int64(100_000))
    fill(network, 1.0)
    average.follow(network, np.int64(101_000))
    for weight in average.network.weights:
        followed = 1.0 if "moving" in weight.path else 0.5
        np.testing.assert_allclose(weight, followed, atol=1e-6)


def test_the_pace_is_per_sample_and_not_per_update(network):
    ends = []
    for updates in (1, 10):
        fill(network, 0.0)
        average = ema.EMANetwork(network, half_life=5_000)
        average.follow(network, np.int64(200_000))
        fill(network, 1.0)
        for update in range(updates):
            average.follow(network, np.int64(200_000 + 2_000 * (update + 1) // updates))
        ends.append(average.network.weights[0].numpy())
    np.testing.assert_allclose(ends[0], 1 - 0.5**0.4, atol=1e-6)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)


def test_the_start_is_soon_forgotten(network):
    """Ramp-up: the half-life is at most a twentieth of what was seen."""
    fill(network, 0.0)
    average = ema.EMANetwork(network, half_life=1e9)
    fill(network, 1.0)
    average.follow(network, np.int64(64))
    np.testing.assert_allclose(average.network.weights[0], 1 - 0.5**20, atol=1e-6)


def test_the_copy_is_its_own_and_is_not_trained(network):
    average = ema.EMANetwork(network, half_life=1)
    assert not average.trainable_weights
    before = average.network.get_weights()
    fill(network, 3.0)
    for one, other in zip(before, average.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert isinstance(average.network, keras.Model)
