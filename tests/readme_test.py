"""The README's Python and commands run, and all tables come from the benchmarks' rows."""

import dataclasses
import pathlib
import re
import shlex
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

import geans
from geans import cli, data, experiment, presets

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *(ROOT / "docs").rglob("*.md")]
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
ZOO = (ROOT / "docs" / "zoo.md").read_text()
ZOO_BLOCKS = re.findall(r"```python\n(.*?)```", ZOO, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with 50 photos of each of two classes."""
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for index in range(50):
            PIL.Image.new("RGB", (80, 70 + index)).save(f"photos/{name}/{index}.png")
    return tmp_path


def test_the_size_of_the_readme():
    assert len(README.splitlines()) <= 150
    assert len(README.split()) <= 1_400


@pytest.mark.slow
def test_training_in_python(folder):
    code = BLOCKS[0].replace("epochs=20", "epochs=1").replace("seed=0)", "seed=0, limit=100)")
    assert "epochs=1)" in code and "limit=100)" in code
    names = {}
    exec(code, names)
    assert names["images"].shape == (64, 28, 28, 1)
    assert (folder / "model.keras").is_file()


@pytest.mark.slow
def test_ones_own_images(folder):
    real_data = ROOT / "../shared/data/tfds"
    code = BLOCKS[1].replace('"datasets"', repr(str(real_data)))
    if not real_data.is_dir():
        code = "\n".join(line for line in code.splitlines() if "tfds" not in line)
    exec(code, {"geans": geans, "images": np.zeros((3, 28, 28), "uint8")})


def test_every_command_is_known():
    """What is not a geans command is what .ci/run calls: the installation and the suite itself."""
    others = [command for command in COMMANDS if not command.startswith("geans ")]
    assert others == [
        "pip install .",
        'pip install ".[test]" && pytest -n 2 --dist loadfile --no-loadscope-reorder',
    ]
    commands = {command.split()[1] for command in set(COMMANDS) - set(others)}
    assert commands == {"train", "sample", "evaluate", "export"}


@pytest.mark.slow
def test_the_commands_run_in_their_order(folder, monkeypatch):
    """Cut to 100 images, one epoch of two batches, and narrow networks."""
    short = dataclasses.replace(presets.get("gean_fashion"), data_options={"limit": 100})
    monkeypatch.setitem(presets.PRESETS, "gean_fashion", lambda: short)
    for command in COMMANDS:
        if not command.startswith("geans "):
            continue
        arguments = shlex.split(command)[1:]
        if arguments[0] == "train":
            arguments += ["--epochs=1", "--batch_size=50", "--evaluation_samples=100", "--width=8"]
        if arguments[0] == "evaluate":
            arguments.append("--samples=100")
        assert cli.main(arguments) == 0, command
    assert (folder / "runs/photos/samples.png").is_file()
    for name in ("samples.png", "clothing.png", "clothing/saved_model.pb"):
        assert (folder / name).is_file()
    assert (folder / "runs/clothing/samples.png").is_file()
    names = {}
    exec(BLOCKS[2], names)
    assert names["images"].shape == (16, 28, 28, 1)


def test_every_block_is_tested():
    assert len(BLOCKS) == 3
    assert len(ZOO_BLOCKS) == 4


@pytest.mark.slow
def test_the_zoo_in_python():
    names = {}
    # Fashion-MNIST needs no download.
    code = ZOO_BLOCKS[0].replace('from_tfds("mnist", ', 'embedded("fashion", ')
    code = code.replace("batch_size=32", "batch_size=500").replace("epochs=5", "epochs=1")
    assert "embedded" in code and "epochs=1" in code
    exec(code, names)
    assert names["sevens"].shape == (16, 28, 28, 1)
    exec(ZOO_BLOCKS[1], names)
    assert names["model"].sample(3, seed=0, labels=7).shape == (3, 28, 28, 1)


@pytest.mark.slow
def test_editing_in_python():
    images = geans.from_pretrained("digits").sample(2, seed=1)
    names = {"geans": geans, "images": images}
    exec(ZOO_BLOCKS[2].replace("project(images)", "project(images, steps=3)"), names)
    assert names["rows"].shape == (2, 9, 28, 28, 1)


@pytest.mark.slow
def test_the_anomaly_score_in_python(monkeypatch):
    clothing, labels = next(
        data.images.embedded(labels=True, shuffle=False, batch_size=100).as_numpy_iterator()
    )
    dataset = data.images.embedded(without=[0], batch_size=500, seed=0)
    model = geans.from_preset("anomaly_mnist", dataset, data="embedded:fashion")
    monkeypatch.setattr(experiment, "load", {"runs/anomaly_mnist": model}.get)
    names = {"images": clothing, "labels": labels}
    code = ZOO_BLOCKS[3].replace("discriminator)", "discriminator, candidates=1_000)")
    assert "candidates" in code
    exec(code, names)
    assert names["found"].scores.shape == (100,)


def test_pictures_are_there_and_small():
    for name in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / name).stat().st_size < 300_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    """Links within the repository; those to other sites are not followed."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if heading:
            lines = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            known = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}
            assert heading in known, link


@pytest.mark.slow
def test_the_tables_are_those_of_the_benchmark_files():
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"], capture_output=True
    )
    assert done.returncode == 0, "run python benchmarks/tables.py"
