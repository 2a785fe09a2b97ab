import shutil

import numpy as np
import pytest

from geans import experiment, report
from geans.experiment import checks, diagnosis
from tests.experiment.small_presets import fashion, stacks, untrained


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    preset = fashion(data_options={"limit": 60}, batch_size=20, augmentation="diff_augment")
    return untrained(preset, tmp_path_factory.mktemp("run"))


def by_name(found):
    return {each.name: each for each in found}


@pytest.fixture(scope="module")
def every(run_dir):
    return diagnosis.examine(run_dir, samples=50)


def test_findings_are_what_is_conspicuous_and_repeatable(run_dir, every):
    found = experiment.diagnose(run_dir, samples=50)
    assert all(isinstance(each, checks.Finding) and each.conspicuous for each in found)
    assert found == [each for each in every if each.conspicuous]
    assert {"updates", "variety", "duplicates", "contrast"} <= by_name(found).keys()
    assert by_name(every)["updates"].value == 0
    assert "a stronger augmentation" in by_name(every)["r_t"].advice
    assert {"balance", "colour"}.isdisjoint(by_name(every))  # No history, no colours.


def test_another_seed_gives_other_samples(run_dir, every):
    other = by_name(diagnosis.examine(run_dir, samples=50, seed=1))
    assert other["variety"] != by_name(every)["variety"]
    assert other["data range"] == by_name(every)["data range"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"model": "conditional", "model_options": {"num_classes": 10}},
        {"model": "acgan", "model_options": {"num_classes": 10}},
        {"model": "infogan", "loss": "least_squares"},
        {"packing": 3, "loss": "hinge", "augmentation": "adaptive"},
    ],
    ids=lambda changes: changes.get("model", "packing"),
)
def test_every_family_is_judged(tmp_path, changes):
    preset = fashion(data_options={"limit": 60}, batch_size=20, **changes)
    every = by_name(diagnosis.examine(untrained(preset, tmp_path), samples=50))
    assert -1 <= every["r_t"].value <= 1


@pytest.mark.slow
def test_stacks_are_images(tmp_path):
    every = by_name(diagnosis.examine(untrained(stacks(epochs=1), tmp_path), samples=50))
    assert every["variety"].value > 0 and "r_t" not in every  # The loss is relativistic.


@pytest.mark.slow
def test_generated_images_that_are_training_images_show_nothing(run_dir, monkeypatch):
    """But that the model has hardly been trained, and its discriminator guesses."""
    images = next(iter(experiment.Source.parse("embedded:fashion").dataset(50))).numpy()
    monkeypatch.setattr(diagnosis, "_sample", lambda *arguments: images)
    assert by_name(experiment.diagnose(run_dir, samples=50)).keys() == {"updates"}


@pytest.mark.slow
def test_a_run_that_diverged(run_dir, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    report.write_json({"diverged": True}, tmp_path / "run" / "metrics.json")
    assert by_name(diagnosis.examine(tmp_path / "run", samples=50))["divergence"].conspicuous
    model = experiment.load(run_dir)
    for variable in model.discriminator.trainable_variables:
        variable.assign(np.nan * variable)
    report.save_model(model, tmp_path / "run" / "model.keras")
    (tmp_path / "run" / "metrics.json").unlink()
    every = diagnosis.examine(tmp_path / "run", samples=50)
    assert [each.name for each in every] == ["divergence", "updates"]
    assert every[0].conspicuous


@pytest.mark.slow
def test_damaged_files(run_dir, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    for name in ("history.csv", "metrics.json", "model.keras"):
        (tmp_path / "run" / name).write_text("epoch,loss\n1,high\n")
        with pytest.raises(ValueError, match=name):
            experiment.diagnose(tmp_path / "run", samples=50)
        shutil.copy(run_dir / "model.keras", tmp_path / "run")
        (tmp_path / "run" / name).unlink()


def test_arguments_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="holds no trained model"):
        experiment.diagnose(tmp_path)
    for samples in (1, 5_001):
        with pytest.raises(ValueError, match=f"samples={samples}"):
            experiment.diagnose(tmp_path, samples=samples)


def finding(name, conspicuous, advice="Do this."):
    return checks.Finding(name, 1234.5, 1.0, conspicuous, f"{name} is so.", advice)


def test_lines_say_what_to_do_once():
    found = [finding("a", True), finding("b", True), finding("c", False), finding("d", True, "Or.")]
    assert diagnosis.lines(found) == [
        "a is so. b is so. Do this.",
        "d is so. Or.",
        "Looked at: a 1,234.50, b 1,234.50, c 1,234.50, d 1,234.50.",
    ]
    assert diagnosis.lines([finding("c", False)])[0] == "Nothing conspicuous."


def test_early_in_a_training_the_rest_is_only_named():
    found = [finding("updates", True), finding("data range", True, "Scale."), finding("b", True)]
    told = diagnosis.lines(found)
    assert told[1] == "data range is so. Scale."
    assert told[2] == "Conspicuous as well, but perhaps only because it is early: b."
