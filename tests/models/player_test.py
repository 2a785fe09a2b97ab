import keras
import numpy as np
import pytest

from geans.models import player as player_module


@pytest.fixture
def player():
    inputs = keras.Input((1,))
    network = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(inputs))
    player = player_module.Player([network], collects=True)
    player.set_optimizer(keras.optimizers.SGD(1.0))
    return player


def gradients(kernel, bias):
    return [np.array([[kernel]], "float32"), np.array([bias], "float32")]


def test_received_gradients_are_averaged_by_size(player):
    """(3 * 1 + 1 * 5) / 4 = 2 off the kernel's 1, (3 * 0 + 1 * 4) / 4 = 1 off the bias's 0."""
    player.receive(gradients(1.0, 0.0), weight=3)
    player.receive(gradients(5.0, 4.0), weight=1)
    player.apply_received()
    kernel, bias = player.networks[0].get_weights()
    assert (kernel.item(), bias.item()) == (-1.0, -1.0)


def test_sums_are_empty_after_an_update(player):
    player.receive(gradients(1.0, 1.0), weight=3)
    player.apply_received()
    for total in (*player.gradient_sums, player.weight_sum):
        np.testing.assert_array_equal(total, 0)
    player.receive(gradients(0.5, 0.0), weight=8)
    player.apply_received()
    assert player.networks[0].get_weights()[0].item() == -0.5


def test_several_networks_move_as_one_player():
    networks = []
    for _ in range(2):
        inputs = keras.Input((1,))
        networks.append(keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs)))
    player = player_module.Player(networks, collects=False)
    player.set_optimizer(keras.optimizers.SGD(1.0))
    assert len(player.moving_variables) == 2
    player.apply([np.array([[1.0]], "float32")] * 2, weight=4)
    assert player.optimizer.iterations.numpy() == 1


def test_a_missing_gradient_is_an_error(player):
    with pytest.raises(ValueError):
        player.receive(gradients(1.0, 1.0)[:1], weight=1)


def test_a_proposal_moves_nothing_until_a_share_of_it_is_taken(player):
    """The update of rate 1 along (2, 1), off a kernel of 1 and a bias of 0; half of it is taken."""
    player.receive(gradients(2.0, 1.0), weight=3)
    received, moves = player.propose_received()
    assert [float(np.squeeze(g)) for g in received] == [2.0, 1.0]
    assert [float(np.squeeze(move)) for move in moves] == [-2.0, -1.0]
    assert [weight.item() for weight in player.networks[0].get_weights()] == [1.0, 0.0]
    assert player.optimizer.iterations.numpy() == 1 and float(np.asarray(player.weight_sum)) == 0
    player.move(moves, 0.5)
    assert [weight.item() for weight in player.networks[0].get_weights()] == [0.0, -0.5]
