import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.models import update_rule


class Notes:
    """Stands for a player, and notes what it is asked to do."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def apply(self, gradients, weight, after=None):
        self.log.append(f"{self.name} moves")

    def receive(self, gradients, weight):
        self.log.append(f"{self.name} receives {weight}")

    def apply_received(self, after=None):
        self.log.append(f"{self.name} moves")


def play(steps, **options):
    """The log of some steps of size 4, without networks."""
    log = []
    players = {name: Notes(name[0], log) for name in update_rule.PLAYERS}
    options = {"order": "alternating", "discriminator_steps": 1, **options}
    rule = update_rule.UpdateRule(
        players, after_generator_update=lambda: log.append("average"), **options
    )
    strategy = tf.distribute.get_strategy()
    for step in range(steps):
        rule.take_step(
            lambda data, players, turn: (
                dict.fromkeys(players, [np.float32(0)]),
                dict.fromkeys(players, data),
            ),
            4,
        )
        rule.end_step(strategy, tf.constant(step + 1, "int64"))
    return log


@pytest.mark.parametrize(
    ("options", "steps", "expected"),
    [
        (
            {"update_every": 1, "order": "simultaneous"},
            1,
            ["d moves", "g moves", "average"],
        ),
        (
            {"update_every": 1, "discriminator_steps": 2},
            1,
            ["d moves", "d moves", "g moves", "average"],
        ),
        (
            {"update_every": 2, "order": "simultaneous"},
            2,
            ["d receives 4", "g receives 4"] * 2 + ["d moves", "g moves", "average"],
        ),
        (
            {"update_every": 2},
            4,
            ["d receives 4", "d receives 4", "d moves"]
            + ["g receives 4", "g receives 4", "g moves", "average"],
        ),
        (
            {"update_every": 1_000},
            3,
            ["d receives 4"] * 3,
        ),
        (
            {"update_every": "epoch"},
            3,
            ["d receives 4"] * 3,
        ),
    ],
)
def test_who_moves_when(options, steps, expected):
    assert play(steps, **options) == expected


def test_the_epoch_update_is_a_callback_that_updates():
    class Model:
        updates = 0

        def update(self):
            self.updates += 1

    callback = update_rule.EpochUpdate()
    callback.set_model(Model())
    callback.on_epoch_end(0)
    assert isinstance(callback, keras.callbacks.Callback) and callback.model.updates == 1
