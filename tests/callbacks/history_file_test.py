import numpy as np
import pytest

import geans
from geans import callbacks, report


@pytest.mark.slow
def test_a_row_per_epoch_as_fit_logs_them(make_model, points, tmp_path):
    path = tmp_path / "history.csv"
    model = make_model(geans.GEAN)
    history = model.fit(
        points, batch_size=8, epochs=3, verbose=0, callbacks=[callbacks.HistoryFile(path)]
    )
    written = report.read_history(path)
    assert written.pop("epoch") == [1, 2, 3]
    assert written == history.history


@pytest.mark.slow
def test_a_resumed_run_goes_on_in_the_file(make_model, points, tmp_path):
    path = tmp_path / "history.csv"
    for first, last in ((0, 2), (2, 3)):
        make_model(geans.GAN).fit(
            points,
            epochs=last,
            initial_epoch=first,
            verbose=0,
            callbacks=[callbacks.HistoryFile(path)],
        )
    assert report.read_history(path)["epoch"] == [1, 2, 3]


def test_nan_is_kept(tmp_path):
    callbacks.HistoryFile(tmp_path / "history.csv").on_epoch_end(0, {"generator_loss": np.nan})
    assert np.isnan(report.read_history(tmp_path / "history.csv")["generator_loss"]).all()
