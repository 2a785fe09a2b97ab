"""Small networks and data that many tests share."""

import gc
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import types

import pytest

# Tests share helpers (`from tests import workers`). Not by sys.path, so that the installed package
# is tested, and because torch-fidelity installs a package of that name.
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [str(pathlib.Path(__file__).parent)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Two processes test at once: the threads of one would wait for the cores that the other one uses.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
shadowed = str(pathlib.Path(__file__).parent / "shadowed")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [shadowed, os.environ.get("PYTHONPATH")]))
# Tracing graphs makes so many objects that a tenth of the time would go into looking for cycles.
gc.set_threshold(200_000, 20, 20)
# A shell without job control starts background jobs deaf to Ctrl-C, and with them all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Nothing that tests compute shall be found by the user's own evaluations.
os.environ["GEANS_CACHE"] = tempfile.mkdtemp(prefix="geans-cache-")


def pytest_collection_modifyitems(items):
    """Begins with the longest file, so that the processes end together."""
    items.sort(key=lambda item: "what_if_test" not in item.nodeid)


def pytest_collection_finish():
    """Leaves the modules, which stay for ever, out of all further collections."""
    gc.freeze()


@pytest.fixture
def loopback():
    """Holds off other tests that talk over the loopback device: one of them counts its bytes."""
    import fcntl

    with open(os.path.join(tempfile.gettempdir(), "geans-loopback.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def points():
    """45 points of the plane, so that batches of 8 end in a ragged one of 5."""
    import numpy as np

    return np.random.default_rng(0).normal(size=(45, 2)).astype("float32")


@pytest.fixture
def make_model():
    """A function that makes a model on points, of networks that always start alike."""
    import keras

    from geans import networks

    def make(model_class, *, seed=3, compile_options=None, **options):
        model = model_class(
            networks.mlp.generator(3, (2,), units=(8, 8), seed=1),
            networks.mlp.discriminator((2,), units=(8, 8), seed=2),
            seed=seed,
            **options,
        )
        optimizers = {
            "generator_optimizer": keras.optimizers.Adam(0.01),
            "discriminator_optimizer": keras.optimizers.Adam(0.01),
        }
        model.compile(**{**optimizers, **(compile_options or {})})
        return model

    return make


@pytest.fixture
def assert_same_state():
    """A function that compares all that the future of two models' training depends on."""
    import numpy as np

    def state(model):
        return {
            "counters": [model.steps, model.samples_seen, *model.rule.weights],
            "generator": model.generator.variables,
            "discriminator": model.discriminator.variables,
            "average": model.ema.weights if model.ema else [],
            "sums": [*model.generator_player.weights, *model.discriminator_player.weights],
            "generator_optimizer": model.generator_player.optimizer.variables,
            "discriminator_optimizer": model.discriminator_player.optimizer.variables,
        }

    def compare(one, other):
        one, other = state(one), state(other)
        for name in one:
            for a, b in zip(one[name], other[name], strict=True):
                np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=name)

    return compare


@pytest.fixture
def run_python():
    """A function that runs code in a new process, outside the checkout; returns what it prints."""

    def run(code, cwd, *arguments):
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
