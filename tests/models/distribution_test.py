import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from tests.models import replicas

SCRIPT = pathlib.Path(replicas.__file__)


def start(path, count, **environment):
    return subprocess.Popen(
        [sys.executable, SCRIPT, path, str(count)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(processes):
    for process in processes:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output[-3000:]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_workers(folder, count):
    """One process per worker, as on as many machines."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(count)]}
    for index in range(count):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        path = folder / f"worker_{index}_of_{count}.npz"
        yield start(path, count, TF_CONFIG=json.dumps(task))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("alone") / "1.npz"
    finish([start(path, 1)])
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
    finish([start(path, count)])
    assert_same(np.load(path), alone)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_workers_train_as_one_device_does(count, alone, tmp_path):
    finish(list(start_workers(tmp_path, count)))
    for index in range(count):
        assert_same(np.load(tmp_path / f"worker_{index}_of_{count}.npz"), alone)


@pytest.mark.slow
def test_one_device_trains_what_is_compared(alone):
    """The comparison would hold of models that do not move, too."""
    for case in replicas.CASES:
        losses = alone[f"{case}/history|generator_loss"]
        assert np.isfinite(losses).all()
        assert len(set(losses)) == 3
