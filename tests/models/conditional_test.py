import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import export, models, networks

POINTS = np.random.default_rng(0).normal(size=(45, 2)).astype("float32")
LABELS = np.arange(45) % 3
SEED = tf.constant([0, 1], "int64")


def discriminator(kind):
    mlp = networks.mlp.discriminator
    if kind == "channels":
        return networks.with_label_channels(mlp((2 + 3,), units=(8,), seed=2), 3)
    if kind == "projection":
        return networks.with_projection(mlp((2,), units=(8,), seed=2), 3, seed=4)
    return networks.with_heads(mlp((2,), units=(8,), seed=2), {"class_logits": 3}, seed=4)


def make(kind, **options):
    generator = networks.labelled(networks.mlp.generator(2 + 3, (2,), units=(8,), seed=1), 3)
    model_class = models.ACGAN if kind == "acgan" else models.ConditionalGAN
    model = model_class(generator, discriminator(kind), num_classes=3, seed=3, **options)
    model.compile()
    return model


def fit(model):
    return model.fit(POINTS, LABELS, batch_size=8, epochs=1, shuffle=False, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "projection",
        *(pytest.param(kind, marks=pytest.mark.nightly) for kind in ("acgan", "channels")),
    ],
)
def test_trains_saves_and_goes_on(kind, tmp_path, assert_same_state):
    """As a graph; tests/every_preset_test.py does it eagerly under every rule."""
    model = make(kind, update_every=2, order="simultaneous")
    before = [v.numpy() for v in (*model.generator.weights, *model.discriminator.weights)]
    history = fit(model).history
    assert set(history) == set(model.logged)
    assert np.isfinite([values[-1] for values in history.values()]).all()
    after = (*model.generator.weights, *model.discriminator.weights)
    assert any((a != b.numpy()).any() for a, b in zip(before, after, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    fit(model)
    fit(loaded)
    assert_same_state(model, loaded)


def test_samples_of_a_label():
    model = make("acgan")
    every = model.sample(6, seed=1)
    np.testing.assert_array_equal(every, model.sample(6, seed=1, labels=[0, 1, 2, 0, 1, 2]))
    ones = model.sample(6, seed=1, labels=1)
    np.testing.assert_array_equal(ones, model.sample(6, seed=1, labels=[1] * 6))
    np.testing.assert_array_equal(ones[[1, 4]], every[[1, 4]])
    assert (ones[[0, 2, 3, 5]] != every[[0, 2, 3, 5]]).any(axis=1).all()
    for labels, message in ((3, "0 to 2"), ([0, 1], "6 samples need"), (0.5, "integer labels")):
        with pytest.raises(ValueError, match=message):
            model.sample(6, labels=labels)


def test_auxiliary_losses_by_hand():
    # Two samples with the class probabilities .5, .25, .25 (real) and .25, .25, .5 (fake); labels
    # are 0 and 2, so that the cross-entropies are (ln 2 + ln 4) / 2 for both.
    model = make("acgan")
    probabilities = {"real": [0.5, 0.25, 0.25], "fake": [0.25, 0.25, 0.5]}
    real = tf.constant([[7.0, 7.0], [7.0, 7.0]])

    def answer(images, training):
        kind = "real" if images is real else "fake"
        row = tf.math.log(tf.constant([probabilities[kind]] * 2))
        return {"logits": tf.zeros((2, 1)), "class_logits": row}

    model.augmented_discriminator = lambda seed: answer
    batch = real, tf.constant([0, 2], "int64")
    losses, _ = model.compute_losses(batch, tf.zeros((2, 2)), SEED, ("discriminator", "generator"))
    entropy = 1.5 * np.log(2)
    assert float(losses["discriminator"]) == pytest.approx(2 * np.log(2) + 2 * entropy)
    assert float(losses["generator"]) == pytest.approx(np.log(2) + entropy)


def test_both_players_see_the_labels_of_the_batch():
    model = make("channels")
    seen = []
    discriminator, model.discriminator = model.discriminator, None

    def record(inputs, training):
        seen.append(inputs)
        return discriminator(inputs, training=training)

    object.__setattr__(model, "discriminator", record)
    real, labels = tf.constant(POINTS[:3]), tf.constant([2, 0, 1], "int64")
    latents = tf.ones((3, 2))
    model.compute_losses((real, labels), latents, SEED, ("discriminator", "generator"))
    fake = model.generator([latents, labels])
    for given, expected in zip(seen, (real, fake), strict=True):
        np.testing.assert_allclose(given[0], expected, rtol=1e-6)
        np.testing.assert_array_equal(given[1], labels)


BAD_DATA = {
    "no labels": (lambda model: model.fit(POINTS, verbose=0), "labels=True"),
    "too large": (lambda model: model.fit(POINTS, LABELS + 1, verbose=0), "labels from 0 to 2"),
    "one-hot": (lambda model: model.fit(POINTS, np.eye(3)[LABELS], verbose=0), "np.argmax"),
    "dataset": (
        lambda model: model.fit(tf.data.Dataset.from_tensor_slices(POINTS).batch(4), verbose=0),
        "samples alone",
    ),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_labels_are_refused_before_any_training(case):
    act, message = BAD_DATA[case]
    model = make("acgan")
    with pytest.raises(ValueError, match=message):
        act(model)
    assert int(model.steps) == 0


def test_export_takes_latents_and_labels(tmp_path):
    model = make("acgan")
    export.saved_model(model, tmp_path)
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.sample(6, 1), model.sample(6, seed=1), rtol=1e-6)
    latents, _ = model.sampling_inputs(6, 1)
    labels = tf.constant([1] * 6, "int64")
    served = loaded.signatures["serving_default"](latents=latents, labels=labels)
    served = next(iter(served.values()))
    np.testing.assert_allclose(served, model.sample(6, seed=1, labels=1), rtol=1e-6)
