import io
import re

import pytest

import geans
from geans import callbacks


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


@pytest.mark.slow
def test_a_resumed_run_counts_on(make_model, points):
    stream = io.StringIO()
    fit(make_model(geans.GEAN), points, stream, initial_epoch=3)
    assert stream.getvalue().startswith("epoch 4/4, 0 s left")


@pytest.mark.slow
def test_a_terminal_gets_one_bar_for_all_epochs(make_model, points, capsys):
    fit(make_model(geans.GEAN), points, Terminal())
    assert "24/24" in capsys.readouterr().out
