import numpy as np
import pytest

from tests import workers
from tests.models import replicas

SCRIPT = replicas.__file__


def start_workers(folder, count):
    """One process per worker, which writes what it ends with into `folder`."""
    paths = [folder / f"worker_{index}_of_{count}.npz" for index in range(count)]
    return workers.start(SCRIPT, [(path, count) for path in paths])


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("alone") / "1.npz"
    workers.finish([workers.start_one(SCRIPT, path, 1)])
    return np.load(path)


def assert_same(results, expected):
    assert set(results.files) == set(expected.files)
    for name in expected.files:
        np.testing.assert_allclose(results[name], expected[name], rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_replicas_train_as_one_device_does(count, alone, tmp_path):
    """All networks, rules and penalties of `replicas.CASES`, with a ragged last batch."""
    path = tmp_path / "replicas.npz"
    workers.finish([workers.start_one(SCRIPT, path, count)])
    assert_same(np.load(path), alone)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.usefixtures("loopback")
def test_workers_train_as_one_device_does(count, alone, tmp_path):
    workers.finish(start_workers(tmp_path, count))
    for index in range(count):
        assert_same(np.load(tmp_path / f"worker_{index}_of_{count}.npz"), alone)


@pytest.mark.slow
def test_one_device_trains_what_is_compared(alone):
    """The comparison would hold of models that do not move, too."""
    for case in replicas.CASES:
        losses = alone[f"{case}/history|generator_loss"]
        assert np.isfinite(losses).all()
        assert len(set(losses)) == 3
