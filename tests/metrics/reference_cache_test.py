import json
import logging
import pathlib

import numpy as np
import pytest

from geans.metrics import reference_cache

KEY = {"features": "digits28", "count": 3}


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("GEANS_CACHE", str(tmp_path))
    return tmp_path


def test_what_was_written_is_read_under_the_same_key_only(directory):
    assert reference_cache.read(KEY) is None
    reference_cache.write(KEY, {"mean": np.arange(3.0)})
    np.testing.assert_array_equal(
        reference_cache.read(dict(reversed(KEY.items())))["mean"], [0, 1, 2]
    )
    assert reference_cache.read({**KEY, "count": 4}) is None
    (record,) = directory.glob("*.json")
    assert json.loads(record.read_text()) == KEY
    assert len(list(directory.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"anything"])
def test_a_damaged_file_counts_as_none(directory, caplog, content):
    reference_cache.write(KEY, {"mean": np.arange(3.0)})
    (path,) = directory.glob("*.npz")
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert reference_cache.read(KEY) is None
    assert "damaged" in caplog.text


def test_pickles_are_never_run(directory):
    reference_cache.write(KEY, {"mean": np.array([object()], dtype=object)})
    assert (reference_cache.read(KEY) or {}).get("mean") is None


def test_where_nothing_can_be_written_the_work_goes_on(directory, monkeypatch, caplog):
    (directory / "file").write_text("")
    monkeypatch.setenv("GEANS_CACHE", str(directory / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        reference_cache.write(KEY, {"mean": np.arange(3.0)})
    assert "not kept" in caplog.text


def test_the_directory_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("GEANS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert reference_cache.directory() == tmp_path / "geans"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert reference_cache.directory() == pathlib.Path.home() / ".cache" / "geans"


def test_where_nothing_can_be_read_the_work_goes_on(monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise PermissionError("Permission denied")

    monkeypatch.setattr(pathlib.Path, "exists", refuse)
    monkeypatch.setattr(np, "load", refuse)
    with caplog.at_level(logging.WARNING):
        assert reference_cache.read(KEY) is None
    assert "cannot be looked up" in caplog.text
