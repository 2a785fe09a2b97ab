import functools
import hashlib
import http.server
import json
import pickle
import threading

import keras
import numpy as np
import pytest

from geans import pretrained
from geans.pretrained import store

ARRAYS = [np.array([[1.0, -2.5]], "float32"), np.array(0.1, "float32")]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of the weights of two models, and their table."""
    table = {}
    for name, scale in (("one", 1), ("two", 2)):
        file = f"{name}.npz"
        sha256 = pretrained.write(tmp_path / file, [scale * array for array in ARRAYS])
        table[name] = {"files": {"generator": {"file": file, "sha256": sha256}}}
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    monkeypatch.setattr(store, "_table", lambda: table)
    return tmp_path


def test_weights_come_back_as_half_precision_keeps_them(shelf):
    assert pretrained.names() == ["one", "two"]
    found = pretrained.weights("two", "generator")
    assert [array.dtype for array in found] == [np.float32] * 2
    np.testing.assert_array_equal(found[0], [[2, -5]])
    np.testing.assert_allclose(found[1], 0.2, rtol=1e-3)


def test_unknown_names_are_refused_with_the_known(shelf):
    with pytest.raises(ValueError, match="three.*one, two"):
        pretrained.weights("three", "generator")


def test_what_half_precision_cannot_hold_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="Array 1, .* beyond float16"):
        pretrained.write(tmp_path / "a.npz", [np.zeros(2), np.array([1e6])])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_truncated_files_are_refused(shelf, cut):
    path = shelf / "one.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="not the file that was published"):
        pretrained.weights("one", "generator")


def test_every_changed_byte_is_noticed(shelf):
    path, rng = shelf / "one.npz", np.random.default_rng(0)
    whole = path.read_bytes()
    for place in rng.choice(len(whole), 50, replace=False):
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="not the file that was published"):
            pretrained.weights("one", "generator")


def test_a_renamed_file_is_refused(shelf):
    (shelf / "two.npz").rename(shelf / "one.npz")
    with pytest.raises(ValueError, match="not the file that was published"):
        pretrained.weights("one", "generator")
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        pretrained.weights("two", "generator")


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("code in a file was run",)


def test_nothing_in_a_file_is_run(tmp_path):
    # Even if the table vouches for it.
    for name, content in (("a.npz", pickle.dumps(Bomb())), ("b.npz", None)):
        path = tmp_path / name
        if content is None:
            np.savez(path, **{"0": np.array([Bomb()], object)})
        else:
            path.write_bytes(content)
        with pytest.raises(ValueError, match="allow_pickle"):
            pretrained.read(path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def server(shelf, monkeypatch, tmp_path_factory):
    # Keras reads KERAS_HOME when it is imported.
    cached = functools.partial(keras.utils.get_file, cache_dir=tmp_path_factory.mktemp("home"))
    monkeypatch.setattr(keras.utils, "get_file", cached)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=shelf)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_files_that_are_not_in_the_package_are_fetched_once(shelf, server, monkeypatch, tmp_path):
    file = pretrained.entry("one")["files"]["generator"]
    file["url"] = f"{server}/one.npz"
    monkeypatch.setattr(store, "FOLDER", tmp_path / "elsewhere")
    found = pretrained.weights("one", "generator")
    np.testing.assert_array_equal(found[0], ARRAYS[0])
    (shelf / "one.npz").unlink()
    np.testing.assert_array_equal(pretrained.weights("one", "generator")[0], ARRAYS[0])
    file["sha256"] = "0" * 64
    with pytest.raises(ValueError, match="one.npz cannot be fetched"):
        pretrained.weights("one", "generator")


def test_a_fetched_file_must_be_the_published_one(server):
    file = pretrained.entry("one")["files"]["generator"]
    file["url"] = f"{server}/two.npz"
    with pytest.raises(ValueError, match="two.npz cannot be fetched"):
        pretrained.weights("one", "generator")


def test_the_table_fits_the_files_of_the_package():
    table = json.loads(pretrained.TABLE.read_text())
    assert list(table) == pretrained.names()
    total = 0
    for name, entry in table.items():
        for part, file in entry["files"].items():
            assert pretrained.weights(name, part)
            size = (pretrained.TABLE.parent / file["file"]).stat().st_size
            assert size <= 3_000_000
            total += size
    assert total <= 15_000_000
