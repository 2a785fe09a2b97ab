"""How `fit` divides an epoch into calls of several steps; nothing else may depend on it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import callbacks, networks
from geans.callbacks import checkpoint


class Batches(keras.callbacks.Callback):
    """What a callback of Keras sees of every batch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


class Calls(callbacks.Progress):
    """The batches that an observer of geans is told of: the last one of each call."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)

    def on_epoch_end(self, epoch, logs=None):
        pass


# Its module is what tells an observer of geans.
Calls.__module__ = "geans.tests"


def calls_of(model, data, **options):
    calls = Calls()
    model.fit(data, epochs=1, verbose=0, callbacks=[calls], **options)
    return calls.seen


@pytest.mark.slow
def test_steps_are_short_and_taken_together(points, make_model):
    model = make_model(geans.GAN)
    assert calls_of(model, points, batch_size=8) == [5]
    dataset = tf.data.Dataset.from_tensor_slices(points).batch(1)
    assert calls_of(model, dataset) == [44]
    # Calls of about the same length rather than 49 and 41.
    assert calls_of(model, dataset.repeat(2)) == [44, 89]
    assert model.steps.numpy() == 6 + 45 + 90
    model.compile(steps_per_execution=20)
    assert calls_of(model, dataset) == [19, 39, 59]
    assert model.steps.numpy() == 141 + 45


@pytest.mark.slow
def test_it_changes_nothing(points, make_model, assert_same_state):
    """A rule with windows, unknown lengths, ragged ends: bit by bit as step by step."""
    data = tf.data.Dataset.from_tensor_slices(points).batch(8)
    one, other = (
        make_model(geans.GEAN, compile_options={"steps_per_execution": steps}, update_every=4)
        for steps in (1, "auto")
    )
    for each in (data, data.filter(lambda batch: True)):
        logs = [model.fit(each, epochs=2, verbose=0).history for model in (one, other)]
        assert logs[0] == logs[1]
    assert_same_state(one, other)


@pytest.mark.slow
def test_callbacks_see_every_batch(points, make_model):
    batches, model = Batches(), make_model(geans.GAN)
    model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=[batches])
    assert batches.seen == [*range(6), *range(6)]


@pytest.mark.slow
def test_checkpoints_come_at_the_steps_that_were_asked(points, make_model, tmp_path):
    saving = callbacks.Checkpoint(tmp_path, every_steps=4, keep=9)
    make_model(geans.GAN).fit(points, batch_size=4, verbose=0, callbacks=[saving])
    names = [path.name for path in checkpoint.checkpoints(tmp_path / "checkpoints")]
    assert [int(name[-2:]) for name in names] == [0, 4, 8, 12, 0]


def test_long_steps_are_calls_of_their_own():
    model = geans.GAN(
        networks.dcgan.generator(8, (64, 64, 3), width=32, seed=0),
        networks.dcgan.discriminator((64, 64, 3), width=32, seed=0),
    )
    model.compile()
    images = np.zeros((96, 64, 64, 3), "float32")
    arguments = {"batch_size": 32}
    assert geans.models.execution.steps_at_once(model, [], images, images, arguments) == 1


@pytest.mark.slow
def test_the_first_step_that_is_not_finite_is_the_last(points, make_model):
    """The weights are those before it, however many steps a call could take."""
    points = np.repeat(points[:1], 40, axis=0)
    model = make_model(geans.GAN, compile_options={"on_nan": "stop"})
    model.generator_optimizer.learning_rate = 1e38
    with pytest.raises(FloatingPointError, match="first in step"):
        model.fit(points, batch_size=8, verbose=0)
    assert model.steps.numpy() < 5


def test_the_choice_is_saved(points, make_model, tmp_path):
    for steps in ("auto", 3):
        model = make_model(geans.GAN, compile_options={"steps_per_execution": steps})
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.get_compile_config()["steps_per_execution"] == steps


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"update_every": 4}], ids=["gan", "gean"])
def test_nothing_is_traced_again_after_the_first_epoch(options, tmp_path, monkeypatch):
    """Tracing a network calls its layers; running what was traced does not."""
    calls, traced = [], []
    call = keras.Layer.__call__

    def counted(layer, *args, **kwargs):
        calls.append(layer.name)
        return call(layer, *args, **kwargs)

    monkeypatch.setattr(keras.Layer, "__call__", counted)
    images = np.random.default_rng(0).uniform(-1, 1, (70, 28, 28, 1)).astype("float32")
    model = (geans.GEAN if options else geans.GAN)(
        networks.mlp.generator(2, (28, 28, 1), units=(4,)),
        networks.mlp.discriminator((28, 28, 1), units=(4,)),
        seed=0,
        **options,
    )
    model.compile()
    observers = [
        callbacks.SampleGrid(tmp_path, 1),
        callbacks.Evaluate(images, every=1, samples=20, directory=tmp_path),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: traced.append(len(calls))),
    ]
    dataset = geans.data.pipeline.batches(images, batch_size=16, seed=0)
    model.fit(dataset, epochs=3, verbose=0, callbacks=observers)
    assert traced[0] > 0 and traced[2] == traced[1] == traced[0]
