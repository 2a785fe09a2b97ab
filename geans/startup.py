"""Before the import of TensorFlow: its log lines, and its threads."""

import contextlib
import importlib.abc
import importlib.util
import os
import subprocess
import sys

# TensorFlow logs them before it reads TF_CPP_MIN_LOG_LEVEL. In a process of its own, so that the
# last words of one that TensorFlow ends come through.
FILTER = r"""
import re, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
level = int(sys.argv[1])
pattern = rb"(WARNING: All log messages before absl|To enable the following instructions)|"
pattern += rb"([IWE])\d{4} [\d:. ]+\S+:\d+\] |[\d-]{10} [\d:.]{8,}: ([IWE]) "
for line in sys.stdin.buffer:
    found = re.match(pattern, line)
    severity = found and (found[2] or found[3] or b"I")
    if not found or b"IWE".index(severity) >= level:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


class QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Finds TensorFlow as others do, but lets its first import log only what it should."""

    def find_spec(self, fullname, path, target=None):
        """Returns the spec of "tensorflow" with a loader that filters the standard error."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = QuietLoader(spec.loader)
        return spec


class QuietLoader(importlib.abc.Loader):
    """Loads a module as another loader does, within `quiet()`."""

    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        """Returns what the other loader makes."""
        return self.loader.create_module(spec)

    def exec_module(self, module):
        """Loads the module."""
        with quiet():
            self.loader.exec_module(module)


def install():
    """Makes the import of TensorFlow quiet, unless it is imported already."""
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, QuietTensorFlow())


def share_cores():
    """Lets TensorFlow use two cores for two operations, instead of both for each.

    Call it before TensorFlow is imported. A training step then takes less time (docs/results.md).
    Machines of more cores, and numbers of threads that the environment sets, stay as they are.
    """
    if os.cpu_count() == 2 and "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")


def quiet():
    """Returns a context in which TensorFlow logs what TF_CPP_MIN_LOG_LEVEL says, by default 3.

    That is fatal errors only.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return filtered(level) if level in ("1", "2", "3") else contextlib.nullcontext()


@contextlib.contextmanager
def filtered(level):
    """Leaves TensorFlow's log lines of severities below `level` out of the standard error."""
    # Not sys.stderr, which is another stream in a notebook and is not what C++ writes to.
    command = [sys.executable, "-ISc", FILTER, level]
    with contextlib.ExitStack() as stack:
        try:
            filter_ = subprocess.Popen(command, stdin=subprocess.PIPE)
            original = os.dup(2)
        except OSError:  # Neither is worth an error.
            yield
            return
        stack.callback(_wait, filter_)
        stack.callback(filter_.stdin.close)
        stack.callback(os.close, original)
        stack.callback(os.dup2, original, 2)
        os.dup2(filter_.stdin.fileno(), 2)
        yield


def _wait(process):
    # Not for ever: a process that was begun meanwhile may keep the stream open.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
