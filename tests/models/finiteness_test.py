import logging

import keras
import numpy as np
import pytest

import geans
from geans import losses, networks
from geans.models import finiteness

RULES = {
    "gan": (geans.GAN, {}),
    "gan, simultaneous": (geans.GAN, {"order": "simultaneous"}),
    "gean, window": (geans.GEAN, {"update_every": 3}),
    "gean, epoch": (geans.GEAN, {}),
}


@keras.saving.register_keras_serializable(package="tests")
class BrokenIf(losses.NonSaturating):
    """A loss whose discriminator meets a NaN wherever a real sample is marked by a large number."""

    def discriminator(self, real_logits, fake_logits):
        marked = keras.ops.any(real_logits > 1e6)
        return super().discriminator(real_logits, fake_logits) * keras.ops.where(
            marked, float("nan"), 1.0
        )


def weights(model):
    return [np.array(v) for v in model.generator.weights + model.discriminator.weights]


def batches_with_one_bad(points, bad):
    """Batches of 8, in order; the discriminator's logits of batch `bad` are huge."""
    from geans.data import pipeline

    points = points.copy()
    points[8 * bad : 8 * bad + 8] = 1e9
    return pipeline.batches(points, batch_size=8, shuffle=False)


@pytest.fixture
def make_broken(make_model):
    def make(rule, **compile_options):
        model_class, options = RULES[rule]
        model = make_model(
            model_class, compile_options={"loss": BrokenIf(), **compile_options}, **options
        )
        kernel = model.discriminator.trainable_variables[0]
        kernel.assign(np.abs(kernel.numpy()))  # A large sample has large activations ...
        last = model.discriminator.trainable_variables[-2]
        last.assign(np.abs(last.numpy()))  # ... and a large logit.
        return model

    return make


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_nan_stops_the_training_with_step_player_and_tensor(rule, make_broken, points):
    model = make_broken(rule)
    message = r"NaN or infinity in 1 micro-batches, first in step 3, in the discriminator's loss"
    with pytest.raises(FloatingPointError, match=message):
        model.fit(batches_with_one_bad(points, bad=2), epochs=1, verbose=0)
    assert model.steps.numpy() == 3
    assert all(np.isfinite(value).all() for value in weights(model))


@pytest.mark.slow
def test_an_update_along_a_nan_is_skipped(make_broken, points):
    model = make_broken("gan")
    before = None

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            nonlocal before
            before = [np.array(v) for v in model.discriminator.weights]

    with pytest.raises(FloatingPointError):
        model.fit(batches_with_one_bad(points, 4), epochs=1, verbose=0, callbacks=[Look()])
    for now, then in zip(model.discriminator.weights, before, strict=True):
        np.testing.assert_array_equal(now, then)
    # Nor does the optimizer's state: it counts four updates of five steps.
    assert model.discriminator_player.optimizer.iterations.numpy() == 4


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gan", "gean, epoch"])
def test_skipping_trains_as_without_the_batch(rule, make_broken, points, caplog):
    """In simultaneous order and with SGD, an epoch of GEAN is a mean over the good batches."""
    model = make_broken(rule, on_nan="skip")
    with caplog.at_level(logging.WARNING):
        history = model.fit(batches_with_one_bad(points, 2), epochs=1, verbose=0).history
    assert "Epoch 1: NaN or infinity in 1 micro-batches, first in step 3" in caplog.text
    assert all(np.isfinite(value).all() for value in weights(model))
    assert model.steps.numpy() == 6
    assert np.isnan(history["discriminator_loss"][0])  # What was seen is not embellished.
    updates = {"gan": 5, "gean, epoch": 1}[rule]
    assert model.discriminator_player.optimizer.iterations.numpy() == updates


@pytest.mark.slow
def test_a_window_without_a_good_batch_skips_the_update(make_broken, points):
    model = make_broken("gean, epoch", on_nan="skip")
    before = [np.array(v) for v in model.discriminator.weights]
    model.fit(batches_with_one_bad(points[:8], 0), epochs=1, verbose=0)
    for now, then in zip(model.discriminator.weights, before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_gradient_is_named_by_its_variable():
    model = geans.GAN(
        networks.mlp.generator(3, (2,), units=(4,), seed=1),
        networks.mlp.discriminator((2,), units=(4,), seed=2),
        order="simultaneous",
    )
    model.compile()
    gradients = [np.zeros(v.shape, "float32") for v in model.generator.trainable_variables]
    gradients[1][0] = np.inf
    checked = model.generator_player.checked(gradients, 4, np.float32(0.5), np.int64(7))
    assert float(checked.weight) == 0
    report = finiteness.report(model)
    assert report.startswith("NaN or infinity in 1 micro-batches, first in step 8, in the gen")
    assert report.endswith(f"gradient of {model.generator.trainable_variables[1].path}")
    assert finiteness.report(model) is None


def test_an_unknown_way_is_refused(make_model):
    with pytest.raises(ValueError, match="on_nan must be one of stop, skip. Received: on_nan='go'"):
        make_model(geans.GAN, compile_options={"on_nan": "go"})
    assert finiteness.ON_NAN == ("stop", "skip")
