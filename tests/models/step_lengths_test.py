import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import losses, optimizers
from geans.models import step_lengths
from geans.models.step_lengths import CurvatureStep

FACTORS = {
    "the exact minimiser": ({"damping": 0, "max_step": 100}, -3.0, 6.0, 0.5),
    "the exact minimiser, far": ({"damping": 0, "max_step": 100}, -3.0, 0.06, 50.0),
    "damped: 2 / (6 + 2)": ({}, -2.0, 6.0, 0.25),
    "little damped: 2 / (6 + 0.5 * 2)": ({"damping": 0.5}, -2.0, 6.0, 2 / 7),
    "bounded": ({"damping": 0, "max_step": 3}, -3.0, 0.06, 3.0),
    "flat": ({}, -2.0, 0.0, 1.0),
    "negative curvature": ({}, -2.0, -50.0, 1.0),
    "negative curvature, undamped": ({"damping": 0, "max_step": 3}, -2.0, -50.0, 3.0),
    "uphill": ({}, 2.0, 6.0, 0.0),
    "uphill, negative curvature": ({}, 2.0, -6.0, 0.0),
    "nowhere": ({}, 0.0, 6.0, 0.0),
    "tiny": ({"damping": 0, "max_step": 100}, -1e-35, 2e-35, 0.5),
    "huge": ({"damping": 0}, -1e38, 1e-38, 1.0),
}


@pytest.mark.parametrize("case", FACTORS)
def test_factor(case):
    options, slope, bend, expected = FACTORS[case]
    factor = CurvatureStep(**options).factor(slope, bend)
    assert float(factor) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "options", [{"damping": -1}, {"damping": float("nan")}, {"max_step": 0}, {"max_step": np.inf}]
)
def test_bad_numbers(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be.*Received"):
        CurvatureStep(**options)


def test_get():
    step = CurvatureStep(damping=2.0)
    assert step_lengths.get("fixed") is None and step_lengths.get(None) is None
    assert isinstance(step_lengths.get("curvature"), CurvatureStep)
    assert step_lengths.get(step) is step
    with pytest.raises(ValueError, match="fixed, curvature.*'newton'"):
        step_lengths.get("newton")


def test_curvature_of_a_quartic():
    """x^4 + y^2 z at (1, 2, 3): d.Hd = 12 dx^2 + 2 z dy^2 + 4 y dy dz = 48 + 6 + 24."""
    point = keras.Variable([1.0, 2.0]), keras.Variable([3.0])
    directions = [tf.constant([2.0, 1.0]), tf.constant([3.0])]

    def loss():
        (x, y), (z,) = tf.unstack(point[0].value), tf.unstack(point[1].value)
        return x**4 + y**2 * z

    assert float(step_lengths.curvature(loss, point, directions)) == pytest.approx(78.0)


class Downwards(losses.LeastSquares):
    """The least squares for the discriminator; for the generator a loss that curves downwards."""

    def generator(self, real_logits, fake_logits):
        return -tf.reduce_mean(tf.square(fake_logits))


def linear_model(
    step_length,
    loss="least_squares",
    rate=0.1,
    optimizer=optimizers.ConjugateGradient,
    compile_options=None,
    **options,
):
    """Networks without hidden layers: either loss is quadratic in the player's weights."""
    keras.utils.set_random_seed(0)
    networks = [keras.Sequential([keras.Input((2,)), keras.layers.Dense(n)]) for n in (2, 1)]
    model = geans.GEAN(*networks, seed=3, **options)
    movers = optimizer(rate), optimizer(rate)
    model.compile(*movers, loss=loss, step_length=step_length, **(compile_options or {}))
    return model


def players(model):
    return model.discriminator_player, model.generator_player


def flat(values):
    return np.concatenate([np.ravel(value) for value in values]).astype("float64")


def weights(model):
    return [flat(player.moving_variables) for player in players(model)]


def gradients(model):
    """Of the players' losses on the held micro-batch."""
    batch, latents, seed = model.held.read()
    found, _ = model.compute_gradients(batch, latents, seed, ("discriminator", "generator"))
    return [flat(found[name]) for name in ("discriminator", "generator")]


def received(model):
    """The mean gradients that wait for the update."""
    return [flat(p.gradient_sums) / float(np.asarray(p.weight_sum)) for p in players(model)]


def collect(model, points, sizes):
    for size in sizes:
        model.train_on_batch(points[:size])
        points = points[size:]


@pytest.mark.parametrize("rate", [0.01, 10.0])
def test_the_exact_step_ends_where_the_slope_is_zero(points, rate):
    """s p = -d (g.d) / (d.Hd), whatever the learning rate; on a quadratic g' - g = s H p."""
    model = linear_model(CurvatureStep(damping=0, max_step=1e6), rate=rate)
    collect(model, points, [45])
    before, slopes = weights(model), gradients(model)
    starts = [player.networks[0].get_weights() for player in players(model)]
    model.update()
    for player, start, end, g in zip((0, 1), before, weights(model), slopes, strict=True):
        step = end - start
        # The opponent moved too, so each player's slope is taken with the other one put back.
        opponent = players(model)[1 - player].networks[0]
        moved = opponent.get_weights()
        opponent.set_weights(starts[1 - player])
        bend = step @ (gradients(model)[player] - g)
        opponent.set_weights(moved)
        assert -(g @ step) / bend == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("damping", [0.0, 1.0, 3.0])
def test_slope_of_the_window_and_curvature_of_the_last_micro_batch(points, damping):
    """A discriminator w.x + b with least squares has H = X'X / n over real and fake, by hand."""
    model = linear_model(
        CurvatureStep(damping=damping, max_step=1e6), optimizer=keras.optimizers.SGD
    )
    collect(model, points, [20, 20, 5])
    before, g = weights(model)[0], received(model)[0]
    real, latents, _ = model.held.read()
    assert real.shape == (5, 2)
    rows = [np.c_[np.asarray(x), np.ones(5)] for x in (real, model.generator(latents))]
    hessian = sum(x.T @ x / 5 for x in rows)
    model.update()
    p = -0.1 * g
    expected = -(g @ p) / (p @ hessian @ p + damping * abs(g @ p)) * p
    np.testing.assert_allclose(weights(model)[0] - before, expected, rtol=1e-4, atol=1e-7)


def test_negative_curvature_leaves_the_optimizers_step(points):
    """The generator's loss is -mean(logit^2): its curvature along any line is not positive."""
    finals = []
    for step_length in ("fixed", "curvature"):
        model = linear_model(step_length, loss=Downwards())
        collect(model, points, [45])
        model.update()
        finals.append(weights(model)[1])
    np.testing.assert_allclose(*finals, rtol=1e-6)


@pytest.mark.parametrize("damping", [0.0, 1.0])
def test_a_zero_gradient_moves_nothing(damping):
    model = linear_model(CurvatureStep(damping=damping))
    before = weights(model)
    model.train_on_batch(np.zeros((8, 2), "float32"))
    for player in players(model):
        for total in player.gradient_sums:
            total.assign(tf.zeros(total.shape))
    model.update()
    for one, other in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("order", ["simultaneous", "alternating"])
def test_in_simultaneous_order_both_step_from_the_same_weights(points, order):
    """The generator's step is what it is alone, its opponent frozen; alternating it waits."""
    steps = []
    for discriminator_rate in (0.1, 0.0):
        model = linear_model("curvature", order=order)
        model.discriminator_player.optimizer.learning_rate = discriminator_rate
        start = weights(model)[1]
        collect(model, points, [45])
        model.update()
        steps.append(weights(model)[1] - start)
    np.testing.assert_array_equal(*steps)
    assert (steps[0] != 0).any() == (order == "simultaneous")


GROWING = keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], [1, 2, 4])
RHYTHMS = {
    "window": {"update_every": 2},
    "alternating window": {"update_every": 2, "order": "alternating"},
    "growing window": {"update_every": GROWING},
    "epoch": {},
}


def state(model):
    variables = [*model.weights, *model.held.variables]
    for player in players(model):
        variables += player.optimizer.variables
    return [np.asarray(variable) for variable in variables]


@pytest.mark.slow
@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_save_and_continue_is_exactly_the_uninterrupted_run(rhythm, points, tmp_path):
    """Saved within a window, with sums and a micro-batch that wait for the update."""
    model = linear_model(CurvatureStep(damping=0.5), **RHYTHMS[rhythm])
    collect(model, points, [8, 8, 5])
    model.save(tmp_path / "model.keras")
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, resumed):
        each.update()
        collect(each, points, [8] * 5)
        each.update()
    for one, other in zip(state(model), state(resumed), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"steps_per_execution": 4}, {"jit_compile": True}], ids=str)
def test_compiled_otherwise_it_moves_alike(points, options):
    finals = []
    for each in ({}, options):
        model = linear_model("curvature", update_every=3, compile_options=each)
        model.fit(points, batch_size=8, shuffle=False, epochs=2, verbose=0)
        finals.append(model.get_weights())
    for one, other in zip(*finals, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_what_waits_for_the_update_is_saved(points, tmp_path):
    """The micro-batch, its latents and seed, bit by bit; and the numbers of the step length."""
    model = linear_model(CurvatureStep(damping=0.5))
    collect(model, points, [8, 5])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.rule.step_length.get_config() == {"damping": 0.5, "max_step": 1.0}
    np.testing.assert_array_equal(loaded.held.read()[0], points[8:13])
    for one, other in zip(state(model), state(loaded), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fixed_step_holds_nothing(points):
    model = linear_model("fixed")
    collect(model, points, [45])
    assert model.held is None and model.get_compile_config()["step_length"] is None
