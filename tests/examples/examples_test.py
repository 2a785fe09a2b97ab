import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "examples").glob("*.py"))
REAL_DATA = pathlib.Path(__file__).parents[2] / "../shared/data/tfds"


def run(script, *arguments, cwd):
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [EXAMPLES[-1], *(pytest.param(each, marks=pytest.mark.nightly) for each in EXAMPLES[:-1])],
    ids=lambda path: path.stem,
)
def test_runs_for_an_epoch_on_embedded_images(script, tmp_path):
    done = run(script, "--epochs=1", "--output=picture.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "picture.png").stat().st_size > 1_000
    assert re.search(r"Generator loss: \d+\.\d{3}\n$", done.stdout)


@pytest.mark.nightly
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="needs MNIST in ../shared/data/tfds")
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_runs_for_an_epoch_on_mnist(script, tmp_path):
    done = run(script, "--epochs=1", f"--data_dir={REAL_DATA.resolve()}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_is_short_and_explains_itself(script):
    text = script.read_text()
    assert len(text.splitlines()) <= 120
    assert f"python examples/{script.name}" in text and "minutes" in text and "xpect" in text


@pytest.mark.nightly
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_helps(script, tmp_path):
    assert run(script, "--help", cwd=tmp_path).returncode == 0
