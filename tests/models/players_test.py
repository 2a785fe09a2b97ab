import keras
import numpy as np
import pytest

from geans import networks
from geans.distribution import Gradients
from geans.models import players


@pytest.fixture
def network():
    return networks.dcgan.generator(2, (8, 8, 1), width=2, seed=0)


def small_style_network(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return networks.style.generator(2, (8, 8, 1), width=4, seed=0)
    finally:
        keras.config.set_dtype_policy(before)


def fill(network, value):
    for weight in network.weights:
        weight.assign(np.full(weight.shape, value, "float32"))


def dense(**options):
    inputs = keras.Input((1,))
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones", **options)(inputs))


def player_of(*found):
    player = players.Player(found)
    player.set_optimizer(keras.optimizers.SGD(1.0))
    return player


def test_the_ema_of_a_network_in_mixed_precision_computes_in_float32():
    half, single = (small_style_network(policy) for policy in ("mixed_bfloat16", "float32"))
    latents = np.ones((1, 2), "float32")
    average = players.EMANetwork(half, 100).network
    np.testing.assert_array_equal(average(latents), single(latents))
    assert np.abs(half(latents) - single(latents)).max() > 0
    assert half.layers[1].compute_dtype == "bfloat16"


def test_several_networks_move_as_one_player():
    player = player_of(dense(use_bias=False), dense(use_bias=False))
    player.apply(Gradients([np.array([[1.0]], "float32"), np.array([[2.0]], "float32")], 4))
    assert [v.numpy().item() for v in player.trained_variables] == [0.0, -1.0]
    assert player.optimizer.iterations.numpy() == 1


def test_gradients_that_were_left_out_move_nothing():
    player = player_of(dense())
    loss, bad = np.float32(0.5), [np.array([[1.0]], "float32"), np.array([np.nan], "float32")]
    gradients = player.checked(bad, np.int64(4), loss, np.int64(7))
    assert float(gradients.weight) == 0
    player.apply(gradients)
    assert player.optimizer.iterations.numpy() == 0
    # Again in the same step: a rule may take several gradients, but it is one micro-batch.
    player.checked(bad, np.int64(4), loss, np.int64(7))
    left_out, step, what = player.report()
    assert (left_out, step) == (1, 8) and what.endswith(player.trained_variables[1].path)
    assert player.report() == (0, None, None)


def test_a_missing_gradient_is_an_error():
    with pytest.raises(ValueError, match="2 variables need.*Received: 1"):
        player_of(dense()).apply(Gradients([np.array([[1.0]], "float32")], 1))


# --- the EMA ---


def test_after_a_half_life_half_is_left(network):
    """100,000 samples seen long ago as 0, then 1,000 samples of 1 with a half-life of 1,000."""
    fill(network, 0.0)
    ema = players.EMANetwork(network, half_life=1_000)
    ema.follow(network, np.int64(100_000))
    fill(network, 1.0)
    ema.follow(network, np.int64(101_000))
    for weight in ema.network.weights:
        followed = 1.0 if "moving" in weight.path else 0.5
        np.testing.assert_allclose(weight, followed, atol=1e-6)


def test_the_pace_is_per_sample_and_not_per_update(network):
    ends = []
    for updates in (1, 10):
        fill(network, 0.0)
        ema = players.EMANetwork(network, half_life=5_000)
        ema.follow(network, np.int64(200_000))
        fill(network, 1.0)
        for update in range(updates):
            ema.follow(network, np.int64(200_000 + 2_000 * (update + 1) // updates))
        ends.append(ema.network.weights[0].numpy())
    np.testing.assert_allclose(ends[0], 1 - 0.5**0.4, atol=1e-6)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)


def test_the_start_is_soon_forgotten(network):
    """Ramp-up: the half-life is at most a twentieth of what was seen."""
    fill(network, 0.0)
    ema = players.EMANetwork(network, half_life=1e9)
    fill(network, 1.0)
    ema.follow(network, np.int64(64))
    np.testing.assert_allclose(ema.network.weights[0], 1 - 0.5**20, atol=1e-6)


def test_the_copy_is_its_own_and_is_not_trained(network):
    ema = players.EMANetwork(network, half_life=1)
    assert not ema.trainable_weights
    before = ema.network.get_weights()
    fill(network, 3.0)
    for one, other in zip(before, ema.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert isinstance(ema.network, keras.Model)
