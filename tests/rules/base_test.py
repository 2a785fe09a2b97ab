"""Update rules: the library's, and those that CONTRIBUTING shows how to write."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import rules
from tests.rules.bilinear_game import bilinear, own_rules, train, weights


class Notes(rules.Rule):
    """Notes what a rule asks of the game, instead of doing it."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.log = inner, []

    def build_state(self, game):
        self.inner.build_state(game)

    def step(self, game, batch):
        self.inner.step(_Watched(game, self.log), batch)

    def end_step(self, game):
        self.inner.end_step(_Watched(game, self.log))

    def end_epoch(self, game):
        self.inner.end_epoch(_Watched(game, self.log))


class _Watched:
    def __init__(self, game, log):
        self.game, self.log = game, log

    def __getattr__(self, name):
        return getattr(self.game, name)

    def gradients(self, players, *arguments):
        self.log.append(f"{' and '.join(players)} on {int(arguments[0].size)}")
        return self.game.gradients(players, *arguments)

    def apply(self, gradients):
        self.log.append(f"{' and '.join(gradients)} move")
        self.game.apply(gradients)


@pytest.mark.parametrize(
    ("rule", "steps", "expected"),
    [
        (rules.EveryStep("simultaneous"), 1, ["both on 4", "both move"]),
        (
            rules.EveryStep(discriminator_steps=2),
            1,
            ["d on 4", "d move"] * 2 + ["g on 4", "g move"],
        ),
        (rules.Window(2), 3, ["both on 4", "both on 4", "both move", "both on 4", "both move"]),
        (
            rules.Window(2, "alternating"),
            4,
            ["d on 4", "d on 4", "d move", "g on 4", "g on 4", "g move"],
        ),
        (rules.Window("epoch"), 3, ["both on 4"] * 3 + ["both move"]),
    ],
)
def test_which_players_move_when(rule, steps, expected):
    tf.config.run_functions_eagerly(True)
    try:
        notes = Notes(rule)
        train(bilinear(notes), steps)
    finally:
        tf.config.run_functions_eagerly(False)
    short = {"discriminator and generator": "both", "discriminator": "d", "generator": "g"}
    found = [
        " ".join([short[line.rpartition(" on" if " on" in line else " move")[0]], end])
        for line in notes.log
        for end in [re.search(r"(on \d+|move)$", line).group()]
    ]
    assert found == expected


def test_the_epoch_update_is_a_callback_that_updates():
    class Model:
        updates = 0

        def update(self):
            self.updates += 1

    callback = rules.EpochUpdate()
    callback.set_model(Model())
    callback.on_epoch_end(0)
    assert isinstance(callback, keras.callbacks.Callback) and callback.model.updates == 1


@pytest.mark.slow
def test_extragradient_by_hand():
    """phi - r (theta + r phi) and theta + r (phi - r theta), with the rate r = .1."""
    model = bilinear(own_rules()["Extragradient"](), ema_half_life=1e-9)
    history = train(model, 1).history
    np.testing.assert_allclose(weights(model), [0.79, 2.08], rtol=1e-6)
    # Logs, counters and the EMA see one step, though it took two gradients of each player.
    assert history["discriminator_loss"] == [pytest.approx(2.0)]
    assert int(model.steps) == 1 and int(model.samples_seen) == 4
    np.testing.assert_allclose(model.ema_generator.get_weights()[0], [[2.08]], rtol=1e-6)


def test_lookahead_by_hand():
    """Two steps lead from (1, 2) to (.59, 2.18); half of both movements is kept."""
    model = bilinear(own_rules()["Lookahead"](every=2, share=0.5))
    train(model, 2)
    np.testing.assert_allclose(weights(model), [0.795, 2.09], rtol=1e-6)
    train(model, 1)
    np.testing.assert_allclose(weights(model), [0.795 - 0.209, 2.09 + 0.0795], rtol=1e-6)


@pytest.mark.slow
def test_the_state_of_an_own_rule_is_saved(tmp_path):
    names = own_rules()
    model = bilinear(names["Lookahead"](every=3, share=0.5))
    train(model, 4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.rule.every, loaded.rule.share) == (3, 0.5)
    for each in (model, loaded):
        train(each, 3)
    assert weights(model) == weights(loaded)


@pytest.mark.parametrize("rule", ["window", rules.Window])
def test_a_rule_is_an_object(rule):
    with pytest.raises(ValueError, match="object of geans.rules"):
        bilinear(rule)


def test_a_rule_with_state_belongs_to_one_model():
    rule = rules.Window(2)
    bilinear(rule)
    with pytest.raises(ValueError, match="state of one model"):
        bilinear(rule)


def test_the_base_class_says_what_to_override(points, make_model):
    model = make_model(geans.GAN, rule=rules.Rule(), compile_options={"run_eagerly": True})
    with pytest.raises(NotImplementedError, match=r"Rule must override step\(game, batch\)"):
        model.fit(points, verbose=0)
