"""The README's Python runs, and its tables come from the benchmark files."""

import pathlib
import re
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

import geans
from geans import data, experiment

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
ZOO = (ROOT / "docs" / "zoo.md").read_text()
ZOO_BLOCKS = re.findall(r"```python\n(.*?)```", ZOO, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with what the README's snippets speak of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    PIL.Image.new("RGB", (80, 70)).save("photos/one.png")
    return tmp_path


@pytest.mark.slow
def test_training_in_python(folder):
    code = BLOCKS[0].replace("epochs=20", "epochs=1")
    assert code != BLOCKS[0]
    names = {}
    exec(code, names)
    assert names["images"].shape == (64, 28, 28, 1)
    assert (folder / "model.keras").is_file() and (folder / "saved").is_dir()


@pytest.mark.slow
def test_ones_own_images(folder, monkeypatch):
    real_data = ROOT / "../shared/data/tfds"
    code = BLOCKS[1].replace('"datasets"', repr(str(real_data)))
    if not real_data.is_dir():
        code = "\n".join(line for line in code.splitlines() if "tfds" not in line)
    exec(code, {"images": np.zeros((3, 28, 28), "uint8")})


def test_every_block_is_tested():
    assert len(BLOCKS) == 2
    assert len(ZOO_BLOCKS) == 3


@pytest.mark.slow
def test_the_zoo_in_python():
    names = {}
    # Garments need no download.
    code = ZOO_BLOCKS[0].replace('from_tfds("mnist", ', 'embedded("fashion", ')
    code = code.replace("batch_size=32", "batch_size=500").replace("epochs=5", "epochs=1")
    assert "embedded" in code and "epochs=1" in code
    exec(code, names)
    assert names["sevens"].shape == (16, 28, 28, 1)
    exec(ZOO_BLOCKS[1], names)
    assert names["model"].sample(3, seed=0, labels=7).shape == (3, 28, 28, 1)


@pytest.mark.slow
def test_the_anomaly_score_in_python(monkeypatch):
    garments, labels = next(
        data.images.embedded(labels=True, shuffle=False, batch_size=100).as_numpy_iterator()
    )
    dataset = data.images.embedded(without=[0], batch_size=500, seed=0)
    model = geans.from_preset("anomaly_mnist", dataset, data="embedded:fashion")
    monkeypatch.setattr(experiment, "load", {"runs/anomaly_mnist": model}.get)
    names = {"images": garments, "labels": labels}
    code = ZOO_BLOCKS[2].replace("discriminator)", "discriminator, candidates=1_000)")
    assert "candidates" in code
    exec(code, names)
    assert names["found"].scores.shape == (100,)


def test_the_picture_is_there_and_small():
    for name in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / name).stat().st_size < 300_000


def test_the_tables_are_those_of_the_benchmark_files():
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"], capture_output=True
    )
    assert done.returncode == 0, "run python benchmarks/tables.py"
