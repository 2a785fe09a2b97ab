import json
import os

import numpy as np
import pytest

from geans import report


@pytest.fixture
def run(tmp_path):
    """A finished run, and a file that it must not touch."""
    for name in report.ARTIFACTS:
        path = tmp_path / "run" / name
        if "." in name:
            path.parent.mkdir(exist_ok=True)
            path.write_text("{}")
        else:
            path.mkdir(parents=True)
            (path / "inner").write_text("x")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    return tmp_path / "run"


def test_a_new_or_empty_directory_is_fine(tmp_path):
    report.check_run_dir(tmp_path / "new")
    report.check_run_dir(tmp_path)


def test_a_run_is_protected(run):
    with pytest.raises(ValueError, match="holds a run. Pass --resume"):
        report.check_run_dir(run)
    report.check_run_dir(run, overwrite=True)
    report.check_run_dir(run, resume=True)
    with pytest.raises(ValueError, match="not both"):
        report.check_run_dir(run, resume=True, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_run_is_never_overwritten(tmp_path, overwrite):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="is not a run directory"):
        report.check_run_dir(tmp_path, overwrite=overwrite)
    with pytest.raises(ValueError, match="is not a run directory"):
        report.check_run_dir(tmp_path / "thesis.tex", overwrite=overwrite)


def test_there_must_be_something_to_resume(tmp_path):
    with pytest.raises(ValueError, match="no run to resume"):
        report.check_run_dir(tmp_path / "new", resume=True)


def test_clearing_leaves_other_files_alone(run):
    report.clear(run)
    assert os.listdir(run) == ["notes.txt"]
    report.clear(run / "missing")


def test_json_is_written_whole(tmp_path):
    report.write_json({"a": [1, 2]}, tmp_path / "deep" / "a.json")
    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == {"a": [1, 2]}
    with pytest.raises(TypeError):
        report.write_json({"a": object()}, tmp_path / "deep" / "a.json")
    assert os.listdir(tmp_path / "deep") == ["a.json"]
    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == {"a": [1, 2]}


def test_versions_name_what_a_result_depends_on():
    found = report.versions()
    assert {"python", "geans", "tensorflow", "keras", "numpy", "machine"} <= set(found)
    assert found["numpy"] == np.__version__


@pytest.mark.nightly
def test_peak_memory_grows_by_what_is_held():
    before = report.peak_memory_mb()
    block = np.ones(int(before * 1e6 / 8) + 10_000_000)
    assert report.peak_memory_mb() > before + 70
    assert block.size


def test_history(tmp_path):
    path = tmp_path / "history.csv"
    assert report.read_history(path) == {}
    path.write_text("epoch,generator_loss\n1,0.5\n2,nan\n")
    history = report.read_history(path)
    assert history["epoch"] == [1.0, 2.0]
    np.testing.assert_array_equal(history["generator_loss"], [0.5, np.nan])


def test_an_epoch_that_is_trained_again_replaces_its_row_and_later_ones(tmp_path):
    path = tmp_path / "history.csv"
    for epoch, loss in ((1, 0.5), (2, 0.25), (3, 0.125), (2, 7.0)):
        report.write_epoch({"epoch": epoch, "generator_loss": loss}, path)
    assert path.read_text() == "epoch,generator_loss\n1,0.5\n2,7.0\n"
    assert os.listdir(tmp_path) == ["history.csv"]


def test_a_value_that_an_epoch_lacks_is_nan(tmp_path):
    report.write_epoch({"epoch": 1, "a": 0.5}, tmp_path / "history.csv")
    report.write_epoch({"epoch": 2, "b": 0.25}, tmp_path / "history.csv")
    history = report.read_history(tmp_path / "history.csv")
    np.testing.assert_array_equal(history["a"], [0.5, np.nan])
    np.testing.assert_array_equal(history["b"], [np.nan, 0.25])


def test_a_directory_is_made_or_refused(tmp_path):
    report.check_writable(tmp_path / "deep" / "run")
    assert os.listdir(tmp_path / "deep" / "run") == []
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="Cannot write to .*file"):
        report.check_writable(tmp_path / "file")


def test_tolerant_methods_warn_of_the_disk_and_of_nothing_else(tmp_path, caplog):
    @report.tolerant
    def write(path):
        path.write_text("x")
        return len(path.name)

    assert write(tmp_path / "ok") == 2
    assert not caplog.records
    assert write(tmp_path / "missing" / "file") is None
    assert "training goes on" in caplog.text and str(tmp_path / "missing") in caplog.text
    with pytest.raises(AttributeError):
        write(3)


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\n1,high\n",
        b"epoch,loss\n1\n",
        b"epoch,loss\n1,2,3\n",
        b"loss\n0.5\n",
        b"epoch\n1.5\n",
        b"epoch\n\xff\n",
        b"epoch\n1\0\n",
    ],
)
def test_a_damaged_history_is_named(tmp_path, content):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"history\.csv is damaged"):
        report.read_history(path)
    with pytest.raises(ValueError, match=r"history\.csv is damaged"):
        report.write_epoch({"epoch": 2}, path)
    assert path.read_bytes() == content


def test_columns_of_a_table_are_aligned():
    table = report.text_table([("preset", "seeds"), ("a", "10"), ("longest", "3")])
    assert table == "preset   seeds\na        10\nlongest  3"
