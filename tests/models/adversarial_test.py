import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import losses, networks, penalties, rules
from tests.save_after import SaveAfter

RULES = {
    "gan": (geans.GAN, {}),
    "gan, simultaneous": (geans.GAN, {"order": "simultaneous"}),
    "gean, epoch": (geans.GEAN, {}),
    "gean, window": (geans.GEAN, {"update_every": 4}),
    "gean, alternating window": (geans.GEAN, {"update_every": 2, "order": "alternating"}),
    "gean, pullback": (geans.GEAN, {"update": "pullback", "update_every": 4}),
    "gean, outer": (geans.GEAN, {"rule": lambda: rules.Pullback(4, outer="conjugate_gradient")}),
    "gan, extragradient": (geans.GAN, {"rule": lambda: rules.Extragradient(fresh_batch=True)}),
    "gean, SVRE": (geans.GEAN, {"update": "svre", "update_every": 4}),
}
# To trace a graph takes seconds. tests/every_preset_test.py saves and continues all, eagerly.
RULES_IN_GRAPHS = [
    "gean, epoch",
    "gean, alternating window",
    "gean, pullback",
    "gean, outer",
    "gan, extragradient",
    "gean, SVRE",
    *(
        pytest.param(rule, marks=pytest.mark.nightly)
        for rule in ("gan", "gan, simultaneous", "gean, window")
    ),
]


def of_rule(name):
    """Returns the class and a model's arguments; a rule's state belongs to one model."""
    model_class, options = RULES[name]
    made = {key: value() if callable(value) else value for key, value in options.items()}
    return model_class, made


def with_dropout(network):
    """The same network, with a Dropout before its last layer's input."""
    dropped = keras.layers.Dropout(0.3, seed=7)(network.layers[-2].output)
    return keras.Model(network.inputs, network.layers[-1](dropped))


def dropout_model(model_class, **options):
    model = model_class(
        with_dropout(networks.mlp.generator(3, (2,), units=(8, 8), seed=1)),
        with_dropout(networks.mlp.discriminator((2,), units=(8, 8), seed=2)),
        seed=3,
        **options,
    )
    rate = keras.optimizers.schedules.PolynomialDecay(0.02, 40)
    model.compile(
        keras.optimizers.Adam(rate),
        keras.optimizers.SGD(0.01, momentum=0.9),
        loss="relativistic",
        penalty=penalties.R1(0.1, interval=2) + penalties.GradientPenalty(0.1),
    )
    return model


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES_IN_GRAPHS)
def test_save_and_continue_is_exactly_the_uninterrupted_run(
    rule, points, tmp_path, assert_same_state
):
    """Saved after 3 of 6 steps of the second epoch, loaded, continued: equal bit by bit."""
    model_class, options = of_rule(rule)
    path = tmp_path / "model.keras"
    batches = tf.data.Dataset.from_tensor_slices(points).batch(8)

    uninterrupted = dropout_model(model_class, **options)
    uninterrupted.fit(batches, epochs=4, verbose=0, callbacks=[SaveAfter(9, path)])
    resumed = keras.saving.load_model(path)
    assert resumed.steps.numpy() == 9
    resumed.fit(batches.skip(3), epochs=1, verbose=0)
    resumed.fit(batches, epochs=2, verbose=0)
    assert_same_state(uninterrupted, resumed)


@pytest.mark.nightly
def test_save_and_continue_in_a_new_process(points, tmp_path, run_python):
    """`import geans` is enough for Keras to find the classes."""
    model = dropout_model(geans.GEAN, update_every=4)
    np.save(tmp_path / "points.npy", points)
    model.fit(points, batch_size=8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    model.fit(points, batch_size=8, shuffle=False, verbose=0)
    code = """
import geans, keras, numpy as np
model = keras.saving.load_model("model.keras")
model.fit(np.load("points.npy"), batch_size=8, shuffle=False, verbose=0)
np.save("weights.npy", np.concatenate([np.ravel(w) for w in model.get_weights()]))
"""
    run_python(code, tmp_path)
    np.testing.assert_array_equal(
        np.load(tmp_path / "weights.npy"),
        np.concatenate([np.ravel(w) for w in model.get_weights()]),
    )


@pytest.mark.slow
def test_save_weights_holds_the_optimizers(make_model, points, tmp_path, assert_same_state):
    model, other = make_model(geans.GEAN, update_every=4), make_model(geans.GEAN, update_every=4)
    model.fit(points, batch_size=8, verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    assert_same_state(model, other)


def test_a_model_that_was_never_compiled_saves_and_loads(tmp_path):
    model = geans.GEAN(networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model.sample(4, seed=0), loaded.sample(4, seed=0))
    assert not loaded.compiled


@pytest.mark.parametrize("rule", RULES)
def test_config_round_trip(rule, make_model):
    model_class, options = of_rule(rule)
    model = make_model(model_class, ema_half_life=77.0, **options)
    copy = model_class.from_config(model.get_config())
    assert {**copy.get_config(), "generator": 0, "discriminator": 0} == {
        **model.get_config(),
        "generator": 0,
        "discriminator": 0,
    }


def test_loading_restores_loss_penalty_and_options(make_model, tmp_path):
    model = make_model(
        geans.GAN,
        compile_options={
            "loss": "hinge",
            "penalty": penalties.R1(0.5, interval=4) + penalties.R2(0.25),
            "jit_compile": True,
            "steps_per_execution": 3,
        },
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.loss, losses.Hinge)
    parts = [(type(part), part.get_config()) for part in loaded.penalty.penalties]
    assert parts == [
        (penalties.R1, {"gamma": 0.5, "interval": 4}),
        (penalties.R2, {"gamma": 0.25, "interval": 1}),
    ]
    assert (loaded.steps_per_execution, loaded.jit_compile_gradients) == (3, True)
    assert loaded.generator_player.optimizer.learning_rate.numpy() == np.float32(0.01)


@pytest.mark.slow
def test_history_has_the_four_means_weighted_by_batch_size(make_model, points):
    """Frozen players (rate 0) give every sample the same loss in any batching."""
    frozen = {
        "generator_optimizer": keras.optimizers.SGD(0.0),
        "discriminator_optimizer": keras.optimizers.SGD(0.0),
    }
    model = make_model(geans.GAN, compile_options=frozen)
    history = model.fit(points, batch_size=8, epochs=2, verbose=0).history
    assert set(history) == {"generator_loss", "discriminator_loss", "real_logits", "fake_logits"}
    expected = float(np.mean(model.discriminator(points)))
    np.testing.assert_allclose(history["real_logits"], [expected] * 2, rtol=1e-5)


@pytest.mark.slow
def test_labels_are_ignored_and_all_kinds_of_data_train_alike(make_model, points):
    labels = np.arange(45)
    batches = tf.data.Dataset.from_tensor_slices(points).batch(8)
    labelled = tf.data.Dataset.from_tensor_slices((points, labels)).batch(8)
    doubles = tf.data.Dataset.from_tensor_slices(points.astype("float64")).batch(8)
    kinds = [
        lambda model: model.fit(points, batch_size=8, shuffle=False, verbose=0),
        lambda model: model.fit(points, labels, batch_size=8, shuffle=False, verbose=0),
        lambda model: model.fit(tf.constant(points), batch_size=8, shuffle=False, verbose=0),
        lambda model: model.fit(batches, verbose=0),
        lambda model: model.fit(labelled, verbose=0),
        lambda model: model.fit(doubles, verbose=0),
        lambda model: model.fit(((batch,) for batch in batches.as_numpy_iterator()), verbose=0),
    ]
    finals = []
    for fit in kinds:
        model = make_model(geans.GEAN, update_every=4, compile_options={"run_eagerly": True})
        fit(model)
        finals.append(np.concatenate([np.ravel(w) for w in model.get_weights()]))
    for final in finals[1:]:
        np.testing.assert_array_equal(finals[0], final)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES_IN_GRAPHS[1:])
def test_data_of_unknown_length_ends_without_a_half_step(
    rule, make_model, points, assert_same_state
):
    """The step that finds no more data must not count, nor move anything."""
    known = tf.data.Dataset.from_tensor_slices(points).batch(8)
    unknown = known.filter(lambda batch: True)
    made = [of_rule(rule) for _ in range(2)]
    models = [make_model(model_class, **options) for model_class, options in made]
    for model, dataset in zip(models, (known, unknown), strict=True):
        model.fit(dataset, epochs=5, verbose=0)
    assert models[1].steps.numpy() == 30
    assert_same_state(*models)


@pytest.mark.slow
def test_endless_data_trains_with_steps_per_epoch(make_model, points):
    endless = tf.data.Dataset.from_tensor_slices(points).repeat().batch(8)
    model = make_model(geans.GEAN)
    model.fit(endless, epochs=2, steps_per_epoch=5, verbose=0)
    assert model.steps.numpy() == 10
    assert model.generator_player.optimizer.iterations.numpy() == 2


@pytest.mark.slow
def test_the_seed_decides_the_training(make_model, points):
    finals = []
    for seed in (1, 1, 2):
        model = make_model(geans.GEAN, update_every=2, seed=seed)
        model.fit(points, batch_size=8, shuffle=False, verbose=0)
        finals.append(model.generator.get_weights()[0])
    np.testing.assert_array_equal(finals[0], finals[1])
    assert (finals[0] != finals[2]).any()


OF_KERAS_SEED = """
import sys
import keras
import numpy as np
import geans
from geans import data, networks

def train(model_class, seed):
    keras.utils.set_random_seed(seed)
    dataset = data.images.embedded("fashion", limit=40, image_size=8, batch_size=16)
    model = model_class(
        networks.mlp.generator(3, (8, 8, 1), units=(4,)),
        networks.mlp.discriminator((8, 8, 1), units=(4,)),
    )
    model.compile(run_eagerly="eagerly" in sys.argv)
    model.fit(dataset, epochs=3, verbose=0)
    return np.concatenate([np.ravel(array) for array in (*model.get_weights(), model.sample(2))])
"""


@pytest.mark.parametrize(
    "model_class", [pytest.param(geans.GAN, marks=pytest.mark.nightly), geans.GEAN]
)
def test_keras_seed_decides_what_has_no_seed_of_its_own(model_class, monkeypatch):
    """Initial weights, latents, the order of the data and samples."""
    names = {}
    monkeypatch.setattr("sys.argv", ["test", "eagerly"])
    exec(OF_KERAS_SEED, names)
    one, same, other = (names["train"](model_class, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.5  # Biases begin at 0, and counters count alike.
    keras.utils.set_random_seed(5)
    seeds = [
        geans.GAN(networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,)), seed=seed).seed
        for seed in (None, 7)
    ]
    assert seeds[1] == 7 != seeds[0]


@pytest.mark.nightly
def test_keras_seed_decides_in_every_process(run_python, tmp_path):
    code = f"{OF_KERAS_SEED}\nprint([train(each, 1).tobytes() for each in (geans.GAN, geans.GEAN)])"
    assert run_python(code, tmp_path) == run_python(code, tmp_path)


def test_latents_differ_between_steps_and_turns():
    class Recording(geans.GAN):
        def compute_losses(self, batch, latents, seed, players):
            drawn.append((latents.numpy(), seed.numpy()))
            return super().compute_losses(batch, latents, seed, players)

    drawn = []
    model = Recording(
        networks.mlp.generator(3, (2,)), networks.mlp.discriminator((2,)), discriminator_steps=2
    )
    model.compile(run_eagerly=True)
    model.fit(np.zeros((12, 2), "float32"), batch_size=4, verbose=0)
    assert len(drawn) == 9
    for (latents, seed), (other_latents, other_seed) in itertools.combinations(drawn, 2):
        assert (latents != other_latents).all() and (seed != other_seed).any()


def train_in(policy, model_class, points, **compile_options):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        generator = networks.mlp.generator(3, (2,), units=(8, 8), seed=1)
        discriminator = networks.mlp.discriminator((2,), units=(8, 8), seed=2)
    finally:
        keras.config.set_dtype_policy(before)
    model = model_class(generator, discriminator, seed=3)
    optimizers_ = [keras.optimizers.SGD(0.05) for _ in range(2)]
    model.compile(*optimizers_, penalty=penalties.R1(0.1), **compile_options)
    history = model.fit(points, batch_size=8, epochs=3, verbose=0, shuffle=False).history
    return model, history


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.nightly)])
@pytest.mark.parametrize(
    ("policy", "model_class"),
    [
        ("mixed_float16", geans.GAN),
        ("mixed_bfloat16", geans.GEAN),
        pytest.param("mixed_bfloat16", geans.GAN, marks=pytest.mark.nightly),
        pytest.param("mixed_float16", geans.GEAN, marks=pytest.mark.nightly),
    ],
)
def test_half_precision_trains_about_as_single_does(policy, model_class, jit_compile, points):
    _, expected = train_in("float32", model_class, points)
    model, history = train_in(policy, model_class, points, jit_compile=jit_compile)
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[name], atol=0.02, err_msg=name)
    assert model.sample(3, seed=0).dtype == np.float32
    scaled = isinstance(model.generator_player.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")


@pytest.mark.slow
def test_an_overflow_lowers_the_loss_scale_and_skips_the_update(points):
    model, _ = train_in("mixed_float16", geans.GAN, points[:8])
    optimizer = model.discriminator_player.optimizer
    optimizer.dynamic_scale.assign(2.0**40)  # Times any loss, this is more than float16 holds.
    before = [np.array(v) for v in model.discriminator.weights]
    model.fit(points[:8], batch_size=8, verbose=0, shuffle=False)
    assert optimizer.dynamic_scale.numpy() == 2.0**39
    for now, then in zip(model.discriminator.weights, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.slow
def test_a_scale_that_does_not_help_is_a_nan_after_all(points):
    model, _ = train_in("mixed_float16", geans.GAN, points[:8])
    optimizer = model.discriminator_player.optimizer
    optimizer.dynamic_scale.assign(1.0)
    kernel = model.discriminator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan, "float32"))
    with pytest.raises(FloatingPointError, match="in the discriminator's loss"):
        model.fit(points[:8], batch_size=8, verbose=0)


@pytest.mark.slow
def test_jit_compile_changes_no_gradient(make_model, points):
    finals = []
    for jit_compile in (False, True):
        model = make_model(geans.GEAN, compile_options={"jit_compile": jit_compile})
        model.fit(points, batch_size=8, shuffle=False, verbose=0)
        finals.append(model.get_weights())
    for one, other in zip(*finals, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_summary_shows_both_networks_and_the_rule(make_model):
    lines = []
    make_model(geans.GEAN, update_every=4).summary(print_fn=lines.append)
    text = "\n".join(str(line) for line in lines)
    assert "simultaneous updates every 4 steps" in text
    assert "generator" in text and "discriminator" in text


@pytest.mark.parametrize("optimizer", ["sgd", None])
def test_optimizers_by_name_or_by_default(optimizer, make_model):
    model = make_model(
        geans.GAN,
        compile_options={"generator_optimizer": optimizer, "discriminator_optimizer": optimizer},
    )
    assert model.generator_player.optimizer is not model.discriminator_player.optimizer
    assert model.generator_player.optimizer.name.lower().startswith(optimizer or "adam")


@pytest.mark.slow
def test_the_penalty_is_added_to_the_discriminators_loss_only(make_model, points):
    plain, penalised = (
        make_model(geans.GEAN, compile_options={"penalty": penalty})
        .fit(points, batch_size=45, verbose=0)
        .history
        for penalty in (None, penalties.R1(2.0))
    )
    assert plain["generator_loss"] == penalised["generator_loss"]
    discriminator = make_model(geans.GEAN).discriminator
    expected = float(penalties.R1(2.0)(discriminator, points, points, seed=[0, 0]))
    difference = penalised["discriminator_loss"][0] - plain["discriminator_loss"][0]
    assert difference == pytest.approx(expected, rel=1e-4)
