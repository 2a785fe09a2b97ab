import os
import subprocess
import sys

import pytest

from geans import startup

LINES = b"""\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795957832.393020   28029 port.cc:153] oneDNN custom operations are on.
2026-11-29 10:00:00.123456: W external/local_xla/xla/a.cc:47] old format
To enable the following instructions: AVX2 FMA, rebuild TensorFlow.
E0000 00:00:1795957836.450920   28029 cuda_platform.cc:52] failed call to cuInit
F0000 00:00:1795957836.450920   28029 guard.cc:1] This machine lacks AVX.
a.py:1: DeprecationWarning: of another library
"""


@pytest.mark.parametrize(("level", "left"), [("1", "WEFa"), ("2", "EFa"), ("3", "Fa")])
def test_log_lines_of_lower_severity_are_left_out(level, left, capfd):
    with startup.filtered(level):
        os.write(2, LINES)
    lines = capfd.readouterr().err.splitlines()
    assert "".join("W" if line[0] == "2" else line[0] for line in lines) == left


def test_the_last_words_of_a_process_come_through():
    code = """
import os
from geans import startup
with startup.filtered("3"):
    os.write(2, b"I0000 00:00:1.1  1 a.cc:1] hello\\nF0000 00:00:1.1  1 a.cc:1] no AVX\\n")
    os.abort()
"""
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert done.returncode < 0 and "no AVX" in done.stderr and "hello" not in done.stderr


@pytest.mark.parametrize("imported", [True, False])
def test_a_tensorflow_that_is_imported_is_left_alone(imported, monkeypatch):
    monkeypatch.setattr(sys, "modules", {"tensorflow": None} if imported else {})
    monkeypatch.setattr(sys, "meta_path", [])
    startup.install()
    assert len(sys.meta_path) == (0 if imported else 1)


@pytest.mark.parametrize("level", [None, "0", "2"])
def test_the_users_own_level_holds(level, monkeypatch, capfd):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    if level is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    with startup.quiet():
        os.write(2, LINES)
    kept = {None: 2, "0": 7, "2": 3}[level]
    assert len(capfd.readouterr().err.splitlines()) == kept
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == (level or "3")


@pytest.mark.slow
def test_an_import_of_tensorflow_after_geans_logs_nothing():
    code = "import geans.strategies; import tensorflow as tf; tf.ones(3) + 1"
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("TF_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_hooks_of_other_packages_on_tensorflow_run(tmp_path):
    """The import of a stand-in, which is all that a hook needs."""
    (tmp_path / "tensorflow.py").write_text(
        "import os; os.write(2, b'I0000 00:00:1.1  1 a.cc:1] ')"
    )
    code = (
        "import wrapt; wrapt.register_post_import_hook(lambda module: print('hook'), 'tensorflow')"
    )
    code += "; import geans; import tensorflow"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "hook\n" and "a.cc" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("cores", "given", "expected"),
    [(2, {}, ("1", "2")), (8, {}, (None, None)), (2, {"TF_NUM_INTRAOP_THREADS": "2"}, ("2", "2"))],
)
def test_two_cores_are_for_two_operations(cores, given, expected, monkeypatch):
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(os, "environ", dict(given))
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    startup.share_cores()
    assert tuple(os.environ.get(name) for name in names) == expected
