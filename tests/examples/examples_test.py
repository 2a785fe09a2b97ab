import io
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import PIL.Image
import pytest

import geans

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "examples").glob("*.py"))
SERVING = EXAMPLES[0].with_name("serving.py")
TRAININGS = [each for each in EXAMPLES if each != SERVING]
IN_CI = "training_loop"
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
    [
        pytest.param(each, marks=[] if each.stem == IN_CI else pytest.mark.nightly)
        for each in TRAININGS
    ],
    ids=lambda path: path.stem,
)
def test_runs_for_an_epoch_on_embedded_images(script, tmp_path):
    done = run(script, "--epochs=1", "--output=picture.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "picture.png").stat().st_size > 1_000
    assert re.search(r"Generator loss: \d+\.\d{3}\n$", done.stdout)


@pytest.mark.nightly
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="needs MNIST in ../shared/data/tfds")
@pytest.mark.parametrize("script", TRAININGS, ids=lambda path: path.stem)
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


@pytest.mark.slow
def test_serving_answers_with_the_samples_of_the_model(tmp_path):
    model = geans.from_pretrained("fashion")
    model.export(tmp_path / "clothing")
    command = [sys.executable, str(SERVING), "--model=clothing", "--port=0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip().removesuffix("seed=0")
            answer = urllib.request.urlopen(f"{address}seed=3&label=8", timeout=60).read()
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(f"{address}label=800", timeout=60)
        finally:
            server.kill()
    expected = (model.sample(1, seed=3, labels=8)[0, ..., 0] + 1) * 127.5
    found = np.asarray(PIL.Image.open(io.BytesIO(answer)))
    np.testing.assert_allclose(found, np.rint(expected), atol=1)
