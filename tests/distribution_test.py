import functools

import keras
import numpy as np
import pytest

import geans  # noqa: F401 (registers the classes of the models that are loaded here)
from tests import workers
from tests.models import replicas

SCRIPT = replicas.__file__


def start_workers(folder, count):
    """One process per worker, which writes what it ends with into `folder`."""
    paths = [folder / f"worker_{index}_of_{count}.npz" for index in range(count)]
    return workers.start(SCRIPT, [(path, count, "few") for path in paths])


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A function that returns the path of what one device ends with, of a set of cases."""

    @functools.cache
    def train(cases):
        path = tmp_path_factory.mktemp("alone") / "1.npz"
        workers.finish([workers.start_one(SCRIPT, path, 1, cases)])
        return path

    return train


def assert_same(path, alone, cases):
    results, expected = np.load(path), np.load(alone)
    names = [name for name in expected.files if name.split("/")[0] in replicas.SETS[cases]]
    assert set(results.files) == set(names)
    for name in names:
        # Half precision rounds the sums of two halves in another way than that of the whole.
        atol = 1e-3 if "float16" in name else 1e-5
        np.testing.assert_allclose(results[name], expected[name], rtol=0, atol=atol, err_msg=name)
    best = [keras.saving.load_model(each.parent / "best.keras") for each in (path, alone)]
    assert best[0].steps.numpy() == best[1].steps.numpy()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "cases"),
    [
        (2, "pairs"),
        pytest.param(2, "all", marks=pytest.mark.nightly),
        pytest.param(4, "pairs", marks=pytest.mark.nightly),
    ],
)
def test_replicas_train_as_one_device_does(count, cases, alone, tmp_path):
    """Networks, rules, penalties and evaluation, with a ragged last batch."""
    path = tmp_path / "replicas.npz"
    workers.finish([workers.start_one(SCRIPT, path, count, cases)])
    assert_same(path, alone("all" if cases == "all" else "pairs"), cases)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.nightly)])
@pytest.mark.usefixtures("loopback")
def test_workers_train_as_one_device_does(count, alone, tmp_path):
    workers.finish(start_workers(tmp_path, count))
    for index in range(count):
        assert_same(tmp_path / f"worker_{index}_of_{count}.npz", alone("pairs"), "few")


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("data", ["dataset", "generator"])
def test_replicas_have_latents_of_their_own(data, run_python, tmp_path):
    """Of the positions of their samples in a dataset's batch; elsewhere, by their number."""
    code = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import geans
from geans import networks

class Noted(geans.GAN):
    seen = []

    def compute_losses(self, batch, latents, seed, players):
        tf.numpy_function(lambda x: self.seen.append(x) or np.float32(0), [latents], tf.float32)
        return super().compute_losses(batch, latents, seed, players)

with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = Noted(
        networks.mlp.generator(3, (2,), units=(4,)), networks.mlp.discriminator((2,), units=(4,))
    )
    model.compile()
points = np.ones((16, 2), "float32")
batches = tf.data.Dataset.from_tensor_slices(points).batch(8)
data = batches if sys.argv[1] == "dataset" else ((batch.numpy(),) for batch in batches)
model.fit(data, verbose=0)
rows = np.concatenate(model.seen)
assert len(rows) == 32, len(rows)  # Two steps of two turns of 8 samples.
print(len(np.unique(rows, axis=0)))
"""
    assert run_python(code, tmp_path, data).split()[-1] == "32"


@pytest.mark.slow
def test_one_device_trains_what_is_compared(alone):
    """The comparison would hold of models that do not move, too."""
    found = np.load(alone("pairs"))
    for case in replicas.PAIRS:
        losses = found[f"{case}/history|generator_loss"]
        assert np.isfinite(losses).all()
        assert len(set(losses)) == 3
    strengths, distances, recalls = (
        found[f"dcgan, adaptive, no penalty/history|{name}"]
        for name in ("augmentation_strength", "frechet_distance", "recall")
    )
    assert strengths[-1] > strengths[0] == 0
    assert len(set(distances)) == 3 and np.isfinite(recalls).all()
