from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from geans import callbacks, plotting


class Model:
    """Samples change from epoch to epoch, by `brightness`, and with the seed."""

    def __init__(self, shape):
        self.shape = shape
        self.brightness = 0.0
        self.seeds = []

    def sample(self, count, seed, ema=True):
        self.seeds.append(seed)
        noise = np.random.default_rng(seed).uniform(-0.5, 0, (count, *self.shape))
        return noise + self.brightness


def train(callback, model, epochs, start=0, planned=None):
    callback.set_model(model)
    callback.set_params({"epochs": planned or epochs})
    callback.on_train_begin()
    for epoch in range(start, epochs):
        model.brightness = epoch / 10
        callback.on_epoch_end(epoch, {})
    callback.on_train_end()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_second_epoch_and_the_last(tmp_path):
    model = Model((8, 8, 1))
    train(callbacks.SampleGrid(tmp_path / "run", every=2, count=9, seed=5), model, epochs=5)
    expected = ["epoch_0002.png", "epoch_0004.png", "epoch_0005.png", "training.gif"]
    assert names(tmp_path / "run") == expected
    assert Image.open(tmp_path / "run" / "training.gif").n_frames == 3
    assert model.seeds == [5, 5, 5]


def test_last_planned_epoch_is_drawn_when_it_ends(tmp_path):
    callback = callbacks.SampleGrid(tmp_path, every=10)
    callback.set_model(Model((8, 8, 1)))
    callback.set_params({"epochs": 3})
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_end(epoch)
    assert names(tmp_path) == ["epoch_0003.png"]


def test_training_that_stops_early_still_shows_its_last_epoch(tmp_path):
    train(callbacks.SampleGrid(tmp_path, every=2), Model((8, 8, 1)), epochs=3, planned=100)
    assert names(tmp_path) == ["epoch_0002.png", "epoch_0003.png", "training.gif"]


def test_resumed_run_animates_the_frames_from_before(tmp_path):
    train(callbacks.SampleGrid(tmp_path), Model((8, 8, 1)), epochs=2)
    train(callbacks.SampleGrid(tmp_path), Model((8, 8, 1)), epochs=4, start=2)
    assert Image.open(tmp_path / "training.gif").n_frames == 4


def test_frames_are_in_order_of_epochs_and_not_from_other_runs(tmp_path, monkeypatch):
    for name in ("epoch_10000.png", "epoch_9999.png", "epoch_10009.png", "epoch_last.png"):
        (tmp_path / name).touch()
    joined = []
    monkeypatch.setattr(plotting, "animation", lambda frames, path: joined.extend(frames))
    train(callbacks.SampleGrid(tmp_path), Model((8, 8, 1)), epochs=10001, start=10000)
    expected = ["epoch_9999.png", "epoch_10000.png", "epoch_10001.png"]
    assert [path.name for path in joined] == expected


def test_nothing_trained_nothing_drawn(tmp_path):
    train(callbacks.SampleGrid(tmp_path), Model((8, 8, 1)), epochs=0, planned=3)
    assert names(tmp_path) == []


def test_a_picture_shows_the_samples_of_its_epoch(tmp_path):
    model = Model((8, 8, 1))
    train(callbacks.SampleGrid(tmp_path, count=1, seed=3), model, epochs=2)
    pixels = np.asarray(Image.open(tmp_path / "epoch_0002.png").convert("L"))[-34:-2, 2:-2]
    model.brightness = 0.1
    expected = np.rint((model.sample(1, seed=3)[0, ..., 0] + 1) * 127.5)
    np.testing.assert_array_equal(pixels[::4, ::4], expected)


def test_points_are_drawn_over_the_same_real_points(tmp_path, monkeypatch):
    calls = []
    scatter = plotting.scatter

    def spy(real, fake, mixture=None, **options):
        calls.append((real, fake, mixture, options["title"]))
        return scatter(real, fake, mixture, **options)

    monkeypatch.setattr(plotting, "scatter", spy)
    mixture = SimpleNamespace(
        centers=np.eye(2), stddev=0.1, sample=lambda count: np.random.normal(size=(count, 2))
    )
    train(callbacks.SampleGrid(tmp_path, count=7, mixture=mixture), Model((2,)), epochs=2)

    (real, fake, shown, title), (same, *_) = calls
    assert real.shape == fake.shape == (7, 2)
    assert same is real
    assert shown is mixture
    assert title == "epoch 1"


def test_points_without_a_mixture(tmp_path):
    train(callbacks.SampleGrid(tmp_path), Model((2,)), epochs=1)
    assert names(tmp_path) == ["epoch_0001.png", "training.gif"]


@pytest.mark.slow
def test_under_fit_it_leaves_the_weights_alone(tmp_path):
    class Line(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

        def sample(self, count, seed):
            return keras.random.normal((count, 2), seed=seed) @ self.dense.kernel

    def weights_after_training(observers):
        keras.utils.set_random_seed(0)
        model = Line()
        model.compile("sgd", "mse")
        data = np.ones((8, 2), "float32")
        model.fit(data, 3 * data, epochs=2, verbose=0, callbacks=observers)
        return model.get_weights()

    watched = weights_after_training([callbacks.SampleGrid(tmp_path)])
    for ours, theirs in zip(watched, weights_after_training([]), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert names(tmp_path) == ["epoch_0001.png", "epoch_0002.png", "training.gif"]


@pytest.mark.parametrize("arguments", [{"every": 0}, {"count": 0}, {"every": -1}])
def test_senseless_arguments(arguments):
    [(name, value)] = arguments.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        callbacks.SampleGrid("anywhere", **arguments)


def test_clips_are_rows_of_frames(tmp_path):
    train(callbacks.SampleGrid(tmp_path, count=3), Model((5, 8, 8, 1)), epochs=2)
    assert names(tmp_path) == ["epoch_0001.png", "epoch_0002.png", "training.gif"]
    width, height = Image.open(tmp_path / "epoch_0002.png").size
    assert width == 5 * (4 * 8 + 2) + 2
    assert height > 3 * (4 * 8 + 2) + 2  # And the title.


@pytest.mark.parametrize("shape", [(2, 5, 8, 8, 3), (3,)])
def test_samples_that_are_no_picture(tmp_path, shape):
    with pytest.raises(ValueError, match=r"Received: samples of shape \(64, "):
        train(callbacks.SampleGrid(tmp_path), Model(shape), epochs=1)


def test_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    callback = callbacks.SampleGrid(tmp_path / "file" / "pictures")
    with pytest.raises(ValueError, match="Cannot write to"):
        callback.on_train_begin()


def test_a_long_first_epoch_has_one_picture_of_its_own(tmp_path):
    quick = callbacks.SampleGrid(tmp_path / "quick")
    slow = callbacks.SampleGrid(tmp_path / "slow", first_after=0.0)
    for callback in (quick, slow):
        callback.set_model(Model((8, 8, 1)))
        callback.set_params({"epochs": 2})
        callback.on_train_begin()
        for epoch in range(2):
            callback.on_epoch_begin(epoch)
            for batch in range(3):
                callback.on_train_batch_end(batch)
            callback.on_epoch_end(epoch)
        callback.on_train_end()
    of_epochs = ["epoch_0001.png", "epoch_0002.png", "training.gif"]
    assert names(tmp_path / "quick") == of_epochs
    assert names(tmp_path / "slow") == ["epoch_0000.png", *of_epochs]
    assert len(slow.model.seeds) == 3
