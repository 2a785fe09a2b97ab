import dataclasses
import json
import logging

import keras
import numpy as np
import PIL.Image
import pytest

from geans import data, experiment, metrics
from geans.experiment import evaluation
from geans.metrics import features, measurement
from tests.experiment.small_presets import fashion, ring, stacks

NAMES = ["frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"]


@pytest.fixture(scope="module")
def fashion_run(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("fashion") / "run"
    experiment.run(fashion(evaluate_every=1), run_dir, evaluation_samples=200)
    return run_dir


def by_name(found):
    return {each.metric: each for each in found}


def pictures(folder, images, mode=None):
    folder.mkdir()
    for index, image in enumerate(images):
        picture = PIL.Image.fromarray(np.squeeze(image))
        (picture.convert(mode) if mode else picture).save(folder / f"{index:04}.png")
    return folder


@pytest.fixture(scope="module")
def real_images():
    batches = data.images.embedded(shuffle=False, batch_size=600)
    return np.rint((next(iter(batches)).numpy() + 1) * 127.5).astype("uint8")


@pytest.mark.slow
def test_a_run_is_compared_with_its_own_data(fashion_run):
    found = by_name(experiment.evaluate(fashion_run, samples=500))
    assert list(found) == NAMES
    first = found["frechet_distance"]
    assert (first.real.name, first.real_count, first.fake_count) == ("embedded:fashion", 500, 500)
    assert (first.fake.generator, first.fake.seed) == ("EMA", 0)
    assert first.features == "digits28"
    network = features.get("digits28")
    real = next(iter(data.images.embedded(shuffle=False, batch_size=500)))
    fake = experiment.load(fashion_run).sample(500, seed=0)
    expected = metrics.frechet_distance(*(network(each)["features"] for each in (real, fake)))
    assert first.value == pytest.approx(expected)


@pytest.mark.slow
def test_it_does_not_matter_whether_samples_were_saved_as_files(fashion_run, tmp_path, real_images):
    samples = experiment.load(fashion_run).sample(300, seed=0)
    fake = pictures(tmp_path / "fake", features.to_pixels(samples))
    real = pictures(tmp_path / "real", real_images[:300])
    files = by_name(experiment.evaluate_folders(real, fake))
    memory = by_name(experiment.evaluate(fashion_run, samples=300))
    for name in NAMES:
        assert files[name].value == pytest.approx(memory[name].value), name
    assert files["prdc" if "prdc" in files else "recall"].fake.generator == ""


@pytest.mark.slow
def test_training_leaves_its_numbers(fashion_run):
    rows = {row["metric"]: row for row in json.loads((fashion_run / "evaluation.json").read_text())}
    assert list(rows) == NAMES
    assert rows["frechet_distance"]["fake_count"] == 200
    assert rows["frechet_distance"]["warning"].startswith("only 200 samples")
    lines = [json.loads(line) for line in (fashion_run / "evaluations.jsonl").open()]
    assert {line["epoch"] for line in lines} == {1}
    assert lines[0]["value"] == pytest.approx(rows["frechet_distance"]["value"], rel=1e-6)
    assert keras.saving.load_model(fashion_run / "best.keras").name == "gean_fashion"
    assert "frechet_distance" in (fashion_run / "history.csv").read_text().splitlines()[0]


def test_without_being_told_it_takes_enough_samples():
    found = {
        name: evaluation.default_samples(features.get(name)) for name in ("digits28", "pixels")
    }
    assert set(found.values()) == {measurement.ENOUGH_FOR_FRECHET}
    assert evaluation.default_samples(features.get("imagenet")) == 2_000


@pytest.mark.slow
def test_the_raw_generator_another_seed_and_other_metrics(fashion_run):
    options = {"samples": 100, "metrics": ["frechet_distance", "inception_score"]}
    found = experiment.evaluate(fashion_run, ema=False, seed=5, **options)
    assert [each.metric for each in found] == options["metrics"]
    assert (found[0].fake.generator, found[0].fake.seed) == ("raw", 5)
    assert 1 <= found[1].value <= 20
    assert found[0].value != experiment.evaluate(fashion_run, **options)[0].value


@pytest.mark.slow
def test_points_are_compared_as_they_are_and_their_modes_counted(tmp_path):
    experiment.run(ring(epochs=1), tmp_path / "run")
    found = by_name(experiment.evaluate(tmp_path / "run", samples=400))
    modes = ["modes", "high_quality_fraction", "reverse_kl", "covered_modes"]
    assert list(found) == [*modes, *NAMES]
    measured = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {name: found[name].value for name in modes} == {name: measured[name] for name in modes}
    assert found["precision"].features == "pixels"


@pytest.mark.nightly
def test_of_stacked_digits_the_modes_are_counted(tmp_path):
    experiment.run(stacks(epochs=1), tmp_path / "run")
    found = by_name(experiment.evaluate(tmp_path / "run"))
    assert list(found) == ["modes", "reverse_kl", "covered_modes"]
    assert "pixels" in str(
        by_name(
            experiment.evaluate(tmp_path / "run", samples=50, features="pixels", metrics=["prdc"])
        )["recall"]
    )


@pytest.mark.slow
def test_a_run_that_is_not_finished_is_evaluated_with_a_warning(tmp_path, caplog):
    experiment.run(ring(epochs=1), tmp_path / "run")
    (tmp_path / "run" / "model.keras").unlink()
    with caplog.at_level(logging.WARNING):
        experiment.evaluate(tmp_path / "run", samples=20, metrics=["frechet_distance"])
    assert "not finished" in caplog.text


def test_a_split_is_for_data_that_have_one(fashion_run):
    with pytest.raises(ValueError, match="embedded:fashion has no splits"):
        experiment.evaluate(fashion_run, split="test")


@pytest.mark.slow
def test_a_folder_of_the_same_images_is_at_distance_zero(tmp_path, real_images):
    real = pictures(tmp_path / "real", real_images[:60])
    fake = pictures(tmp_path / "fake", real_images[:60][::-1])
    found = by_name(experiment.evaluate_folders(real, fake))
    assert found["frechet_distance"].value == pytest.approx(0, abs=1e-9)
    assert (found["precision"].value, found["recall"].value) == (1, 1)
    assert (found["precision"].real.name, found["precision"].real_count) == (str(real), 60)


@pytest.mark.slow
def test_grey_and_colored_files_count_as_colored(tmp_path, real_images):
    real = pictures(tmp_path / "real", real_images[:20])
    fake = pictures(tmp_path / "fake", real_images[20:40], mode="RGB")
    assert data.images.folder_shape(fake) == (28, 28, 1)  # All channels of a pixel are equal.
    PIL.Image.new("RGB", (28, 28), "red").save(fake / "colored.png")
    with pytest.raises(ValueError, match="28, 28, 1"):
        experiment.evaluate_folders(real, fake, features="digits28")
    found = experiment.evaluate_folders(real, fake, features="pixels", metrics=["prdc"])
    assert found[0].fake_count == 21


def test_sizes_that_differ_are_an_error_unless_told_what_to_do(tmp_path, real_images):
    real = pictures(tmp_path / "real", real_images[:20])
    fake = pictures(tmp_path / "fake", real_images[20:40, :14, :14])
    with pytest.raises(ValueError, match="28x28 in .*real', 14x14 in .*fake'. Pass image_size"):
        experiment.evaluate_folders(real, fake)
    found = experiment.evaluate_folders(real, fake, image_size=28, metrics=["frechet_distance"])
    assert found[0].value > 0


@pytest.mark.parametrize("content", [None, "empty", "broken"])
def test_folders_that_cannot_be_read_are_named(tmp_path, real_images, content):
    real = pictures(tmp_path / "real", real_images[:20])
    fake = tmp_path / "fake"
    if content:
        fake.mkdir()
    if content == "broken":
        (fake / "one.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="fake"):
        experiment.evaluate_folders(real, fake)


@pytest.mark.slow
def test_features_of_real_images_are_found_again(tmp_path, real_images, monkeypatch):
    monkeypatch.setenv("GEANS_CACHE", str(tmp_path / "cache"))
    real = pictures(tmp_path / "real", real_images[:50])
    fake = pictures(tmp_path / "fake", real_images[50:90])
    first = experiment.evaluate_folders(real, fake)
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 1
    again = experiment.evaluate_folders(real, fake)
    assert [dataclasses.asdict(each) for each in first] == [dataclasses.asdict(x) for x in again]


@pytest.mark.slow
def test_a_diverged_run_has_no_distances(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        experiment.run(fashion(generator_learning_rate=1e30), tmp_path / "run")
    assert not (tmp_path / "run" / "evaluation.json").exists()
    with pytest.raises(FloatingPointError, match="diverged"):
        experiment.evaluate(tmp_path / "run", samples=50)


def test_fewer_samples_than_files_come_from_everywhere_in_a_folder(tmp_path):
    shades = np.repeat(np.arange(0, 100, 10, dtype="uint8"), 70)  # As sorted by classes.
    folder = pictures(tmp_path / "all", np.broadcast_to(shades[:, None, None], (700, 8, 8)))
    part = pictures(tmp_path / "part", np.broadcast_to(shades[::70, None, None], (10, 8, 8)))
    options = {"features": "pixels", "metrics": ["frechet_distance"], "samples": 10}
    (found,) = experiment.evaluate_folders(folder, part, **options)
    assert (found.real_count, found.fake_count) == (10, 10)
    assert found.value == pytest.approx(0, abs=1e-9)


def test_a_run_on_a_folder_is_compared_with_all_of_it(tmp_path):
    shades = np.repeat(np.arange(0, 100, 10, dtype="uint8"), 30)
    folder = pictures(tmp_path / "all", np.broadcast_to(shades[:, None, None], (300, 8, 8)))
    preset = fashion(data=f"folder:{folder}", data_options={"channels": 1})
    _, batches = experiment.Source.of(preset).reference(samples=10)
    found = np.concatenate([features.to_pixels(np.asarray(each)) for each in batches])
    assert found[:, 0, 0, 0].tolist() == list(range(0, 100, 10))


def test_a_run_on_a_part_of_a_folder_was_trained_on_all_of_that_part(tmp_path):
    shades = np.arange(0, 200, 10, dtype="uint8")
    folder = pictures(tmp_path / "all", np.broadcast_to(shades[:, None, None], (20, 8, 8)))
    preset = fashion(data=f"folder:{folder}", data_options={"channels": 1, "limit": 10})
    options = {"samples": 10, "trained_on": True}
    _, batches = experiment.Source.of(preset).reference(**options)
    found = np.concatenate([features.to_pixels(np.asarray(each)) for each in batches])
    assert found[:, 0, 0, 0].tolist() == list(range(0, 200, 20))


def test_a_run_on_few_images_is_compared_with_all():
    options = {"limit": 30, "class_shares": [1] * 9 + [0.1], "balanced": True}
    preset = fashion(data_options=options)
    of = {
        trained_on: experiment.Source.of(preset).reference(trained_on=trained_on)[1]
        for trained_on in (False, True)
    }
    counts = {trained_on: sum(map(len, batches)) for trained_on, batches in of.items()}
    assert counts == {False: 10_000, True: 30}
    images = np.concatenate([np.asarray(batch) for batch in of[True]])
    assert len(np.unique(images, axis=0)) == 30  # Not balanced: none twice.


@pytest.mark.slow
def test_five_points_are_enough_for_a_distance(tmp_path):
    experiment.run(ring(epochs=1), tmp_path / "run")
    found = experiment.evaluate(tmp_path / "run", samples=5, metrics=["frechet_distance"])
    assert (found[-1].real_count, found[-1].fake_count) == (5, 5)
    with pytest.raises(ValueError, match="10"):
        experiment.evaluate(tmp_path / "run", samples=10**11)


@pytest.mark.slow
def test_a_run_on_too_few_images_ends_without_its_numbers(tmp_path, real_images, caplog):
    folder = pictures(tmp_path / "few", real_images[:4])
    options = {"data": f"folder:{folder}", "data_options": {"channels": 1}, "batch_size": 2}
    with caplog.at_level(logging.WARNING):
        experiment.run(fashion(**options), tmp_path / "run")
    assert "not evaluated. prdc needs at least 6" in caplog.text
    assert (tmp_path / "run" / "model.keras").is_file()
    assert not (tmp_path / "run" / "evaluation.json").exists()
