import json
import time

import keras
import pytest

import geans
from geans import callbacks


class Slow(keras.callbacks.Callback):
    """Takes its time where an epoch is over."""

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(1)


def fit(model, points, path, first, last):
    model.fit(
        points,
        batch_size=8,
        initial_epoch=first,
        epochs=last,
        verbose=0,
        callbacks=[callbacks.Cost(path), Slow()],
    )
    return json.loads(path.read_text())


@pytest.mark.slow
def test_counts_add_up_over_sessions_and_observers_cost_nothing(make_model, points, tmp_path):
    """45 points in batches of 8 are 6 steps, and windows of 4 of them 2 updates an epoch."""
    model = make_model(geans.GEAN, update_every=4)
    path = tmp_path / "cost.json"
    start = time.perf_counter()
    one = fit(model, points, path, 0, 2)
    assert (one["updates"], one["samples"]) == (4, 90)
    assert 0 < one["seconds"] < time.perf_counter() - start - 2
    assert one["peak_memory_mb"] > 50

    two = fit(model, points, path, 2, 3)
    assert (two["updates"], two["samples"]) == (6, 135)
    assert two["seconds"] > one["seconds"]
    assert two["peak_memory_mb"] >= one["peak_memory_mb"]


def test_an_epoch_that_is_interrupted_counts_once(make_model, points, tmp_path):
    callback = callbacks.Cost(tmp_path / "cost.json")
    callback.set_model(make_model(geans.GAN))
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    time.sleep(0.05)
    callback.write()
    first = json.loads(callback.path.read_text())["seconds"]
    assert 0.05 <= first < 1
    callback.write()
    assert json.loads(callback.path.read_text())["seconds"] == first


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"seconds": "x", "peak_memory_mb": 1}', "[" * 9999]
)
def test_a_damaged_file_is_named_before_the_first_step(make_model, points, tmp_path, text):
    path = tmp_path / "cost.json"
    path.write_text(text)
    model = make_model(geans.GAN)
    with pytest.raises(ValueError, match=r"cost\.json is damaged"):
        fit(model, points, path, 0, 1)
    assert model.steps.numpy() == 0 and path.read_text() == text
