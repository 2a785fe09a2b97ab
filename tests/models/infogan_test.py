import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import export, models, networks

POINTS = np.random.default_rng(0).normal(size=(45, 2)).astype("float32")


def make(*, noise_dim=2, categories=3, continuous=2, **options):
    heads = {"category_logits": 3, "continuous": 2}
    discriminator = networks.mlp.discriminator((2,), units=(8,), seed=2)
    model = models.InfoGAN(
        networks.mlp.generator(noise_dim + categories + continuous, (2,), units=(8,), seed=1),
        networks.with_heads(discriminator, heads, seed=4),
        num_categories=categories,
        num_continuous=continuous,
        seed=3,
        **options,
    )
    model.compile()
    return model


@pytest.mark.slow
def test_trains_saves_and_goes_on(tmp_path, assert_same_state):
    """As a graph; tests/every_preset_test.py does it eagerly under every rule."""
    model = make(update_every=2, order="simultaneous", information_weight=0.5)
    options = {"batch_size": 8, "shuffle": False, "verbose": 0}
    history = model.fit(POINTS, epochs=2, **options).history
    assert np.isfinite([values[-1] for values in history.values()]).all()
    assert "information" in history
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.information_weight == 0.5
    model.fit(POINTS, **options)
    loaded.fit(POINTS, **options)
    assert_same_state(model, loaded)


def test_latents_follow_their_priors():
    latents = make().draw_latents(30_000, tf.constant([0, 1])).numpy()
    noise, category, continuous = np.split(latents, [2, 5], axis=1)
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert set(category.sum(axis=1)) == {1.0}
    np.testing.assert_allclose(category.mean(axis=0), 1 / 3, atol=0.01)
    assert continuous.min() > -1 and continuous.max() < 1
    np.testing.assert_allclose(continuous.std(axis=0), 1 / math.sqrt(3), atol=0.01)
    assert abs(np.corrcoef(continuous.T)[0, 1]) < 0.02


def test_chosen_codes():
    model = make()
    drawn = model.sampling_inputs(4, 1).numpy()
    chosen = model.sampling_inputs(4, 1, category=[2, 2, 0, 1], continuous=[0.5, -1]).numpy()
    np.testing.assert_array_equal(drawn[:, :2], chosen[:, :2])
    np.testing.assert_array_equal(chosen[:, 2:5], np.eye(3)[[2, 2, 0, 1]])
    np.testing.assert_array_equal(chosen[:, 5:], [[0.5, -1]] * 4)
    with pytest.raises(ValueError, match="0 to 2"):
        model.sample(4, category=3)
    with pytest.raises(ValueError, match="4 samples need as many"):
        model.sample(4, category=[1, 2])
    with pytest.raises(ValueError, match=r"\(2,\) or \(4, 2\)"):
        model.sample(4, continuous=[0.5])


def test_information_by_hand():
    # Categories 0 and 2 guessed with probabilities 1/2 and 1/4; codes missed by (.5, 0), (0, 1).
    model = make()
    latents = tf.constant([[0, 0, 1, 0, 0, 0.5, 0], [0, 0, 0, 0, 1, 0, 1]], "float32")
    output = {
        "category_logits": tf.math.log([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]),
        "continuous": tf.zeros((2, 2)),
    }
    category = math.log(3) - 1.5 * math.log(2)
    codes = 2 * (math.log(2) - math.log(2 * math.pi) / 2) - (0.25 + 1) / 2 / 2
    found = [float(each) for each in model.information(latents, output)]
    assert found == pytest.approx([category, codes], rel=1e-5)


def test_both_players_lose_less_by_the_weighted_information():
    batch, latents = tf.constant(POINTS[:8]), make().draw_latents(8, tf.constant([0, 1]))
    seed, players = tf.constant([0, 1], "int64"), ("discriminator", "generator")
    weighted = make(information_weight=2.0, continuous_weight=3.0)
    losses, logs = weighted.compute_losses(batch, latents, seed, players)
    plain = make(information_weight=0, continuous_weight=0)
    without, _ = plain.compute_losses(batch, latents, seed, players)
    output = plain.discriminator(plain.generator(latents))
    category, continuous = plain.information(latents, output)
    assert float(logs["information"]) == pytest.approx(float(category + continuous), rel=1e-4)
    for player in players:
        difference = float(without[player] - losses[player])
        assert difference == pytest.approx(float(2 * category + 3 * continuous), rel=1e-4)


BAD = {
    "no noise": ({"noise_dim": 0}, "leaves no noise"),
    "categories": ({"categories": 4}, "category_logits.*networks.with_heads"),
    "codes": ({"continuous": 1}, "continuous.*networks.with_heads"),
    "weight": ({"information_weight": -1}, "information_weight must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_export_draws_codes_too(tmp_path):
    model = make()
    export.saved_model(model, tmp_path)
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.sample(6, 1), model.sample(6, seed=1), rtol=1e-5, atol=1e-6)
