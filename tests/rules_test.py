"""Update rules: the library's, and those that CONTRIBUTING shows how to write."""

import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import rules

ROOT = pathlib.Path(__file__).parents[1]


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


@keras.saving.register_keras_serializable(package="geans_tests")
class Bilinear(geans.GAN):
    """L_D = phi theta = -L_G: the generator's weight is theta, the discriminator's phi."""

    def draw_latents(self, count, seed):
        return tf.ones((count, 1))


def scalar(value):
    inputs = keras.Input((1,))
    start = keras.initializers.Constant(value)
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=start)
    return keras.Model(inputs, layer(inputs))


def bilinear(rule, rate=0.1, **options):
    """The game at theta = 2, phi = 1, with real samples of 0."""
    model = Bilinear(scalar(2.0), scalar(1.0), rule=rule, seed=0, **options)
    optimizers = [keras.optimizers.SGD(rate) for _ in range(2)]
    model.compile(*optimizers, loss="wasserstein")
    return model


def train(model, steps, **options):
    return model.fit(np.zeros((4 * steps, 1), "float32"), batch_size=4, verbose=0, **options)


def weights(model):
    return [network.get_weights()[0].item() for network in (model.discriminator, model.generator)]


def own_rules():
    """The classes of CONTRIBUTING's page on update rules."""
    page = (ROOT / "CONTRIBUTING.md").read_text().split("## A new update rule")[1]
    found = {}
    for block in re.findall(r"```python\n(.*?)```", page.split("\n## ")[0], re.DOTALL):
        assert len(block.splitlines()) <= 40
        exec(block, found)
    return found


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


@pytest.mark.slow
def test_extragradient_contracts_where_simultaneous_steps_diverge():
    ends = [
        np.hypot(*weights(bilinear(rule)))
        for rule in (own_rules()["Extragradient"](), rules.EveryStep("simultaneous"))
    ]
    models = [bilinear(own_rules()["Extragradient"]()), bilinear(rules.EveryStep("simultaneous"))]
    for model in models:
        train(model, 50)
    assert np.hypot(*weights(models[0])) < 0.8 * ends[0]
    assert np.hypot(*weights(models[1])) > 1.2 * ends[1]


def test_lookahead_by_hand():
    """Two steps lead from (1, 2) to (.59, 2.18); half of both movements is kept."""
    model = bilinear(own_rules()["Lookahead"](every=2, share=0.5))
    train(model, 2)
    np.testing.assert_allclose(weights(model), [0.795, 2.09], rtol=1e-6)
    train(model, 1)
    np.testing.assert_allclose(weights(model), [0.795 - 0.209, 2.09 + 0.0795], rtol=1e-6)


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


def test_configurations_are_those_of_the_constructor():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1, 3])
    rule = rules.Window(schedule, "alternating", 2)
    twin = rules.Window.from_config(rule.get_config())
    assert twin.get_config() == rule.get_config()
    assert twin.every(7) == 3 and rule.description.startswith("alternating updates in windows")


def test_the_base_class_says_what_to_override(points, make_model):
    model = make_model(geans.GAN, rule=rules.Rule(), compile_options={"run_eagerly": True})
    with pytest.raises(NotImplementedError, match=r"Rule must override step\(game, batch\)"):
        model.fit(points, verbose=0)
