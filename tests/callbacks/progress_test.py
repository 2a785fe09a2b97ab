import io
import re

import pytest

import geans
from geans import callbacks
from geans.callbacks import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def fit(model, points, stream, **options):
    progress = callbacks.Progress(stream)
    model.fit(points, batch_size=8, epochs=4, verbose=0, callbacks=[progress], **options)


@pytest.mark.slow
def test_a_log_gets_a_line_per_epoch_with_the_time_left(make_model, points):
    stream = io.StringIO()
    fit(make_model(geans.GEAN), points, stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert re.match(r"epoch 1/4, (\d+ min )?\d+ s left: .*generator_loss 0\.\d{3}", lines[0])
    assert "epoch 4/4, 0 s left" in lines[3]


def test_the_time_left_is_measured_after_the_first_step(monkeypatch):
    """A run of 2 epochs of 10 steps of 2 s, the first of which is compiled for 60 s."""
    now, stream = [0.0], io.StringIO()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    callback = callbacks.Progress(stream)
    callback.set_params({"steps": 10, "epochs": 2})
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for batch in range(10):
            now[0] += 60 if epoch == batch == 0 else 2
            callback.on_train_batch_end(batch)
        callback.on_epoch_end(epoch)
    lines = stream.getvalue().splitlines()
    # After the step that ends the first 5 seconds, 16 of 20 steps are left.
    expected = ["about 32 s left", "epoch 1/2, 20 s left: ", "epoch 2/2, 0 s left: "]
    assert lines == expected


def test_epochs_of_one_step(monkeypatch):
    now, stream = [0.0], io.StringIO()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    callback = callbacks.Progress(stream)
    callback.set_params({"steps": 1, "epochs": 3})
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        now[0] += 8
        callback.on_train_batch_end(0)
        callback.on_epoch_end(epoch)
    lefts = [line.partition(", ")[2] for line in stream.getvalue().splitlines()]
    assert lefts == ["16 s left: ", "8 s left: ", "0 s left: "]


@pytest.mark.slow
def test_a_resumed_run_counts_on(make_model, points):
    stream = io.StringIO()
    fit(make_model(geans.GEAN), points, stream, initial_epoch=3)
    assert stream.getvalue().startswith("epoch 4/4, 0 s left")


@pytest.mark.slow
def test_a_terminal_gets_one_bar_for_all_epochs(make_model, points, capsys):
    fit(make_model(geans.GEAN), points, Terminal())
    assert "24/24" in capsys.readouterr().out
