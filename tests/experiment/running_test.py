import dataclasses
import json
import os
import shutil
import signal

import keras
import numpy as np
import PIL.Image
import pytest

from geans import experiment, presets, report
from geans.data import folders
from geans.experiment import running
from tests.experiment.small_presets import fashion, ring, stacks


def tree(folder):
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "saved_model" not in path.parts
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of three epochs of 5 steps that nothing has interrupted: its model and directory."""
    run_dir = tmp_path_factory.mktemp("whole")
    return experiment.run(ring(update_every=4), run_dir), run_dir


@pytest.mark.slow
def test_a_run_directory_of_points(whole):
    model, run_dir = whole
    pictures = {f"pictures/epoch_000{n}.png" for n in (1, 2, 3)} | {"pictures/training.gif"}
    assert tree(run_dir) == pictures | {
        "preset.json",
        "versions.json",
        "history.csv",
        "samples.png",
        "curves.png",
        "metrics.json",
        "coverage.csv",
        "coverage.npz",
        "cost.json",
        "model.keras",
        "checkpoints/epoch_000003_step_00000000/model.keras",
        "checkpoints/epoch_000003_step_00000000/checkpoint.json",
    }
    assert (run_dir / "saved_model" / "saved_model.pb").is_file()
    assert presets.read(run_dir / "preset.json") == ring(update_every=4)
    assert report.read_history(run_dir / "history.csv")["epoch"] == [1, 2, 3]
    assert set(json.loads((run_dir / "metrics.json").read_text())) == {
        "modes",
        "high_quality_fraction",
        "reverse_kl",
        "covered_modes",
    }
    loaded = experiment.load(run_dir)
    np.testing.assert_array_equal(loaded.sample(5, seed=1), model.sample(5, seed=1))


@pytest.mark.slow
def test_coverage_through_the_epochs_ends_with_the_metrics(whole):
    run_dir = whole[1]
    coverage = report.read_history(run_dir / "coverage.csv")
    assert coverage["samples_seen"] == [640, 1_280, 1_920]
    for name, value in json.loads((run_dir / "metrics.json").read_text()).items():
        assert coverage[name][-1] == pytest.approx(value)
    cost = json.loads((run_dir / "cost.json").read_text())
    assert (cost["samples"], cost["updates"]) == (1_920, 6)


@pytest.mark.slow
@pytest.mark.parametrize("make", [ring, stacks, fashion])
def test_a_run_that_diverges_ends_and_says_so(tmp_path, make):
    """A learning rate that takes the weights beyond float32 at once."""
    preset = make(epochs=1, optimizer="sgd_of_this_test", generator_learning_rate=1e38)

    @keras.saving.register_keras_serializable(package="test", name="Sgd")
    class Sgd(keras.optimizers.SGD):
        def __init__(self, learning_rate, beta_1=0, beta_2=0, **options):
            super().__init__(learning_rate, **options)

    with keras.saving.custom_object_scope({"sgd_of_this_test": Sgd}):
        experiment.run(preset, tmp_path)
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found.pop("diverged") is True
    nothing = {"modes": 0, "high_quality_fraction": 0, "reverse_kl": np.inf, "covered_modes": 0}
    expected = {ring: nothing, stacks: nothing | {"high_quality_fraction": None}, fashion: {}}
    assert found == expected[make]


@pytest.mark.slow
def test_a_run_directory_of_stacked_digits(tmp_path):
    experiment.run(stacks(), tmp_path)
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["high_quality_fraction"] is None and 1 <= found["modes"] <= 1_000
    coverage = report.read_history(tmp_path / "coverage.csv")
    assert coverage["samples_seen"] == [640, 1_280]
    # Of 10,000 samples and of 26,000, the first of which are the same.
    assert coverage["modes"][-1] <= found["modes"]
    with np.load(tmp_path / "coverage.npz") as kept:
        assert kept["2"].shape == (16, 8, 8, 3)
    with PIL.Image.open(tmp_path / "samples.png") as picture:
        assert picture.width == picture.height == 8 * (4 * 8 + 2) + 2


@pytest.mark.slow
def test_a_run_directory_of_images(tmp_path, capsys):
    experiment.run(fashion(), tmp_path, evaluation_samples=50)
    assert "metrics.json" not in os.listdir(tmp_path)
    assert (tmp_path / "evaluation.json").is_file()
    advice = {row["name"]: row for row in json.loads((tmp_path / "advice.json").read_text())}
    assert advice["updates"]["conspicuous"] and advice["updates"]["threshold"] == 2_000
    assert advice["updates"]["text"] in capsys.readouterr().out
    assert not advice["divergence"]["conspicuous"]
    with PIL.Image.open(tmp_path / "samples.png") as picture:
        assert picture.width == picture.height > 8 * 28


@pytest.mark.slow
def test_subfolders_are_classes(tmp_path):
    for name in ("cat", "dog", "emu"):
        (tmp_path / "animals" / name).mkdir(parents=True)
        for index in range(3):
            PIL.Image.new("L", (8, 8), 9 * index).save(f"{tmp_path}/animals/{name}/{index}.png")
    preset = fashion(
        model="acgan",
        data=f"folder:{tmp_path}/animals",
        image_size=8,
        batch_size=4,
        learning_rate_decay="constant",
    )
    options = {"evaluation_samples": 9, "tensorboard": True}
    model = experiment.run(preset, tmp_path / "run", **options)
    assert [*(tmp_path / "run/tensorboard/train").glob("*.samples")]
    assert (tmp_path / "run/evaluation.json").is_file()
    assert model.num_classes == 3
    assert model.sample(6, seed=0, labels=[0, 0, 1, 1, 2, 2]).shape == (6, 8, 8, 1)
    longer = dataclasses.replace(preset, epochs=2)
    again = experiment.run(longer, tmp_path / "run", resume=True, evaluation_samples=9)
    assert again.samples_seen == 18


def contents(run_dir):
    """What a run leaves that is the same however often it was interrupted, file by file."""
    files = sorted(run_dir.glob("pictures/*")) + [run_dir / "samples.png", run_dir / "curves.png"]
    found = {str(path.relative_to(run_dir)): path.read_bytes() for path in files}
    for name in ("history.csv", "coverage.csv", "metrics.json"):
        found[name] = (run_dir / name).read_text()
    with np.load(run_dir / "coverage.npz") as kept:
        found |= {f"coverage.npz {name}": kept[name].tolist() for name in kept.files}
    cost = json.loads((run_dir / "cost.json").read_text())
    return found | {"updates": cost["updates"], "samples": cost["samples"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "when",
    [
        "in mid-epoch",
        "in a picture",
        pytest.param("after the last epoch", marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_run_ends_as_the_uninterrupted_one(
    tmp_path, monkeypatch, when, whole, assert_same_state
):
    """Ctrl-C arrives somewhere; `resume` comes to the same files and weights."""
    preset = ring(update_every=4)

    class Interrupt(keras.callbacks.Callback):
        calls = 0

        def on_train_batch_end(self, batch, logs=None):
            self.count("in mid-epoch", 8)

        def on_epoch_end(self, epoch, logs=None):
            self.count("in a picture", 2)

        def on_train_end(self, logs=None):
            self.count("after the last epoch", 1)

        def count(self, kind, limit):
            Interrupt.calls += kind == when
            if Interrupt.calls == limit and kind == when:
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(running.callbacks, "Progress", Interrupt)
        with pytest.raises(KeyboardInterrupt):
            experiment.run(preset, tmp_path)
    steps = {"in mid-epoch": 8, "in a picture": 10, "after the last epoch": 15}[when]
    assert experiment.load(tmp_path).steps.numpy() == steps
    assert not (tmp_path / "model.keras").exists()

    model = experiment.run(preset, tmp_path, resume=True)
    assert_same_state(whole[0], model)
    assert contents(tmp_path) == contents(whole[1])


@pytest.mark.slow
def test_transparent_images_of_many_files_mirrored(tmp_path, monkeypatch, assert_same_state):
    """The run ends with its evaluation, and one interrupted in mid-epoch as the whole one."""
    monkeypatch.setattr(folders, "MANY", 3)
    (tmp_path / "photos").mkdir()
    for index, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (12, 8, 8, 4))):
        PIL.Image.fromarray(pixels.astype("uint8")).save(tmp_path / f"photos/{index}.png")
    preset = fashion(
        data=f"folder:{tmp_path}/photos",
        data_options={"channels": 4, "mirror": True},
        batch_size=4,
        epochs=2,
        steps_per_execution=1,
        learning_rate_decay="constant",
    )
    model = experiment.run(preset, tmp_path / "whole", evaluation_samples=8)
    assert model.sample(2, seed=0).shape == (2, 8, 8, 4)
    measured = json.loads((tmp_path / "whole/evaluation.json").read_text())
    assert measured[0]["features"] == "imagenet" and measured[0]["real_count"] == 8

    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.steps.numpy() == 4:
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(running.callbacks, "Progress", Interrupt)
        with pytest.raises(KeyboardInterrupt):
            experiment.run(preset, tmp_path / "run", evaluation_samples=8)
    resumed = experiment.run(preset, tmp_path / "run", resume=True, evaluation_samples=8)
    assert_same_state(model, resumed)


@pytest.mark.slow
def test_another_seed_is_another_run(tmp_path, whole):
    same, other = whole[0], experiment.run(ring(update_every=4, seed=1), tmp_path)
    assert (same.generator.get_weights()[0] != other.generator.get_weights()[0]).any()


@pytest.mark.slow
def test_files_that_are_ahead_of_the_model_are_written_again(
    tmp_path, whole, assert_same_state, capsys
):
    """As after a kill at the end of an epoch, before its checkpoint: here, of all epochs."""
    preset = ring(update_every=4)
    report.write_json(dataclasses.asdict(preset), tmp_path / "preset.json")
    for name in ("history.csv", "coverage.csv", "coverage.npz", "cost.json"):
        shutil.copy(whole[1] / name, tmp_path / name)
    shutil.copytree(whole[1] / "pictures", tmp_path / "pictures")
    model = experiment.run(preset, tmp_path, resume=True)
    assert "no checkpoint yet: training begins at the beginning" in capsys.readouterr().out
    assert_same_state(whole[0], model)
    assert contents(tmp_path) == contents(whole[1])


def test_a_finished_run_whose_checkpoints_were_removed_is_not_trained_anew(tmp_path, whole):
    run_dir = tmp_path / "run"
    shutil.copytree(whole[1], run_dir)
    shutil.rmtree(run_dir / "checkpoints")
    with pytest.raises(ValueError, match="without its checkpoints, which cannot be resumed"):
        experiment.run(ring(update_every=4), run_dir, resume=True)


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="Cannot write to"):
        experiment.run(ring(), tmp_path / "file" / "run")


@pytest.mark.slow
def test_more_epochs_for_a_finished_run(tmp_path, assert_same_state):
    constant = {"learning_rate_decay": "constant"}
    experiment.run(ring(**constant, epochs=1), tmp_path)
    model = experiment.run(ring(**constant, epochs=2), tmp_path, resume=True)
    assert model.steps.numpy() == 10
    assert_same_state(model, experiment.run(ring(**constant, epochs=2), tmp_path / "whole"))
    assert "epoch_0002.png" in os.listdir(tmp_path / "pictures")


@pytest.mark.slow
def test_what_cannot_be_resumed(tmp_path, whole):
    with pytest.raises(ValueError, match="these differ: batch_size=7, was 128"):
        experiment.run(ring(update_every=4, batch_size=7), whole[1], resume=True)
    with pytest.raises(ValueError, match="learning rate reaches 0 at epoch 3"):
        experiment.run(ring(update_every=4, epochs=9), whole[1], resume=True)
    with pytest.raises(ValueError, match="no run to resume"):
        experiment.run(ring(), tmp_path / "other", resume=True)


@pytest.mark.slow
def test_a_run_is_never_overwritten_by_chance(tmp_path, whole):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    before = {path: (tmp_path / path).read_bytes() for path in tree(tmp_path)}
    with pytest.raises(ValueError, match="holds a run"):
        experiment.run(ring(), tmp_path)
    with pytest.raises(ValueError):
        experiment.run(ring(data="embedded:nothing"), tmp_path, overwrite=True)
    assert {path: (tmp_path / path).read_bytes() for path in tree(tmp_path)} == before
    experiment.run(ring(epochs=2), tmp_path, overwrite=True)
    assert report.read_history(tmp_path / "history.csv")["epoch"] == [1, 2]


BAD_PRESETS = {
    "mixture": (dict(data="mixture:spiral"), "Unknown data 'mixture:spiral'.* Known: mixture:ring"),
    "source": (dict(data="web:cats"), "embedded"),
    "embedded": (dict(data="embedded:cats"), "No images named 'cats'"),
    "folder": (dict(data="folder:missing", image_size=28), "missing"),
    "rule": (dict(rule="wgan"), "Unknown rule 'wgan'. Did you mean 'gan'. Known: gan, gean"),
    "network": (dict(network="unet"), "unet"),
    "loss": (dict(loss="bce"), "bce"),
    "optimizer": (dict(optimizer="adamm"), "adamm"),
    "decay": (
        dict(learning_rate_decay="cosine"),
        "Unknown learning_rate_decay 'cosine'. Known: constant, linear",
    ),
    "update_every": (dict(update_every=0), "update_every must be"),
    "window of a gan": (dict(rule="gan", update_every=4), "moves at every step"),
    "order": (dict(order="both"), "Unknown order 'both'. Known: simultaneous"),
    "batch_size": (dict(batch_size=0), "batch_size"),
    "penalty": (dict(r1=-1.0), "r1 must be from 0.*r1=-1.0"),
    "interval": (dict(penalty_interval=0), "penalty_interval must be from 1.*=0"),
    "latent_dim": (dict(latent_dim=0), "latent_dim"),
    "epochs": (dict(epochs=0), "epochs must be from 1"),
    "picture_every": (dict(picture_every=0), "picture_every=0"),
    "option": (dict(generator_options={"colour": 1}), "colour"),
    "words for numbers": (
        dict(generator_options={"units": "64"}),
        "units must hold integers.*'64'",
    ),
    "huge network": (dict(discriminator_options={"units": [10**9]}), "units.*1000000000"),
    "no activation": (dict(generator_options={"activation": "softy"}), "softy"),
    "option of embedded images": (
        dict(data="embedded:fashion", data_options={"colour": 1}),
        "data_options do not fit: .*'colour'",
    ),
    "option that is a field": (
        dict(data="embedded:fashion", data_options={"batch_size": 1}),
        "data_options do not fit: .*'batch_size'",
    ),
    "option of a mixture": (dict(data_options={"radius": "1"}), "radius='1'"),
    "option of the optimizer": (dict(optimizer_options={"epsilon": "x"}), "epsilon='x' in Adam"),
}


@pytest.mark.parametrize("case", BAD_PRESETS)
def test_a_bad_preset_leaves_no_directory(case, tmp_path):
    changes, message = BAD_PRESETS[case]
    with pytest.raises(ValueError, match=message):
        experiment.run(ring(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
