import pathlib
import runpy
import sys

import numpy as np
import PIL.Image
import pytest

from geans import models

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/keras_io"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
MOST_LINES = 60


@pytest.fixture
def few_steps(monkeypatch):
    """Lets `fit` end after two steps."""
    fit = models.AdversarialModel.fit

    def fit_shortly(self, dataset, **options):
        return fit(self, dataset.take(2), **options | {"verbose": 0})

    monkeypatch.setattr(models.AdversarialModel, "fit", fit_shortly)


@pytest.fixture
def earth(tmp_path):
    """A file of label maps and images, as gaugan.py takes it."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 16, 16, 3)).astype("uint8")
    masks = random.integers(0, 3, (40, 16, 16)).astype("uint8")
    np.savez(tmp_path / "earth.npz", satellite_train=images, mask_train=masks)
    return tmp_path / "earth.npz"


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_trains_for_some_steps_and_draws(script, earth, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = [f"--data={earth}"] if script.stem == "gaugan" else []
    monkeypatch.setattr(sys, "argv", [script.name, *data, "--epochs=1", "--output=picture.png"])
    runpy.run_path(str(script), run_name="__main__")
    with PIL.Image.open(tmp_path / "picture.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 1


def test_there_are_seven_of_at_most_sixty_lines():
    lines = {script.stem: len(script.read_text().splitlines()) for script in SCRIPTS}
    assert len(lines) == 7 and max(lines.values()) <= MOST_LINES, lines
    table = (EXAMPLES / "README.md").read_text()
    for name, count in lines.items():
        assert f"[{name}.py]({name}.py) | {count} |" in table
