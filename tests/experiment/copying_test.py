import dataclasses
import pathlib

import numpy as np
import pytest

import geans
from geans import data, experiment, presets, report
from geans.metrics import features
from tests.experiment.small_presets import fashion, ring

REAL_DATA = pathlib.Path(__file__).parents[2] / "../shared/data/tfds"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fashion") / "run"
    experiment.run(fashion(), folder, evaluation_samples=50)
    return folder


@pytest.fixture
def memory(monkeypatch, run_dir):
    """Has the run's model draw training images, every second one negated."""
    images = next(iter(data.images.embedded(batch_size=40, shuffle=False))).numpy()
    signs = np.where(np.arange(40) % 2, -1, 1)[:, None, None, None]

    def sample(self, count, seed=None, ema=True, batch_size=256):
        return (signs * images)[:count]

    monkeypatch.setattr(geans.GEAN, "sample", sample)
    return images


@pytest.mark.slow
def test_copies_are_the_rows_of_the_picture(run_dir, memory):
    figure, numbers = experiment.neighbours(run_dir, samples=40)
    assert numbers == []
    nearest = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()][::5]
    assert [float(caption) for caption in nearest] == [0] * 6
    assert any("nearest 6 of 40 samples" in text.get_text() for text in figure.texts)


@pytest.mark.slow
def test_held_out_images_say_which_distances_are_small(tmp_path):
    if not REAL_DATA.is_dir():
        pytest.skip(f"needs MNIST in {REAL_DATA}")
    mnist = dataclasses.replace(
        presets.get("gan_mlp_mnist"), epochs=1, data_options={"split": "train[:2000]"}
    )
    model = experiment.make_model(mnist, experiment.make_data(mnist, REAL_DATA))
    report.save_model(model, tmp_path / "model.keras")
    report.write_json(dataclasses.asdict(mnist), tmp_path / "preset.json")
    options = {"samples": 200, "data_dir": REAL_DATA, "held_out": "test"}
    figure, numbers = experiment.neighbours(tmp_path, **options)
    found = {each.metric: each for each in numbers}
    # An untrained generator is far from everything.
    assert found["copied_fraction"].value == 0
    assert found["z_score"].value > 3
    assert found["z_score"].real_count == 2_000
    assert found["z_score"].real.split == "train[:2000], held out test"
    assert len(figure.axes) >= 2


@pytest.mark.slow
def test_points_need_no_copying(tmp_path):
    experiment.run(ring(epochs=1), tmp_path / "run")
    with pytest.raises(ValueError, match="drawn anew need no copying. Received: mixture:ring"):
        experiment.neighbours(tmp_path / "run")


def test_a_split_that_does_not_exist(run_dir):
    with pytest.raises(ValueError, match="embedded:fashion has no splits"):
        experiment.neighbours(run_dir, held_out="test")


@pytest.mark.slow
def test_other_features_can_be_asked(run_dir, memory):
    figure, _ = experiment.neighbours(run_dir, samples=10, features=features.get("digits28"))
    assert figure.axes
