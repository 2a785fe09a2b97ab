import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import PIL.Image
import pytest

from geans import cli, data, presets, report
from tests import workers

SMALL = ["--preset=gan_ring", "--samples_per_epoch=640", "--steps_per_execution=1"]


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_flags_override_the_presets_fields(capsys):
    arguments = [*SMALL, "--epochs=1", "--rule=gean", "--update_every=epoch", "--r1=0.5"]
    assert cli.main(["train", *arguments, "--seed=9"]) == 0
    preset = presets.read("runs/gan_ring/preset.json")
    assert (preset.epochs, preset.rule, preset.update_every) == (1, "gean", "epoch")
    assert (preset.r1, preset.seed) == (0.5, 9)
    printed = capsys.readouterr().out
    assert "runs/gan_ring/samples.png" in printed and "runs/gan_ring/saved_model" in printed
    assert pathlib.Path("runs/gan_ring/samples.png").is_file()


@pytest.mark.slow
def test_a_run_is_protected_and_can_be_resumed(capsys):
    arguments = ["train", *SMALL, "--learning_rate_decay=constant"]
    assert cli.main([*arguments, "--epochs=1"]) == 0
    assert cli.main([*arguments, "--epochs=1"]) == 2
    assert "holds a run" in capsys.readouterr().err
    assert cli.main(["train", "--preset=gan_ring", "--resume", "--epochs=2"]) == 0
    assert report.read_history("runs/gan_ring/history.csv")["epoch"] == [1, 2]
    assert cli.main(["train", "--run_dir=runs/gan_ring", "--resume", "--preset=gan_grid"]) == 2
    assert "holds a run of gan_ring" in capsys.readouterr().err
    assert cli.main([*arguments, "--epochs=1", "--overwrite"]) == 0
    assert report.read_history("runs/gan_ring/history.csv")["epoch"] == [1]


@pytest.mark.slow
def test_ones_own_images():
    """A folder of photographs of different sizes, in colour, at 16 x 16."""
    os.mkdir("photos")
    rng = np.random.default_rng(0)
    for i in range(20):
        pixels = rng.integers(0, 256, (20 + i, 30, 3), dtype="uint8")
        PIL.Image.fromarray(pixels).save(f"photos/{i}.png")
    arguments = ["--data=folder:photos", "--image_size=16", "--epochs=1", "--run_dir=mine"]
    assert cli.main(["train", *arguments, "--batch_size=8", "--evaluation_samples=20"]) == 0
    (row, *_) = json.loads(pathlib.Path("mine/evaluation.json").read_text())
    assert (row["features"], row["real_count"], row["fake_count"]) == ("imagenet", 20, 20)
    assert cli.main(["sample", "--run_dir=mine", "--count=3", "--output=three.npy"]) == 0
    assert np.load("three.npy").shape == (3, 16, 16, 3)


COMMAND = [sys.executable, "-c", "import sys; from geans import cli; sys.exit(cli.main())"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.nightly)],
)
def test_a_signal_saves_a_checkpoint_and_says_how_to_go_on(number, code):
    arguments = ["train", *SMALL, "--epochs=10000", "--run_dir=run"]
    with open("out.txt", "w") as out:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=out, stderr=out)
    deadline = time.monotonic() + 120
    history = pathlib.Path("run/history.csv")
    while time.monotonic() < deadline and not history.exists():
        time.sleep(0.2)
    process.send_signal(number)
    assert process.wait(timeout=120) == code
    printed = pathlib.Path("out.txt").read_text()
    assert "geans train --run_dir=run --resume" in printed and "Traceback" not in printed
    assert f"ends by {number.name}. The newest checkpoint is run/checkpoints/epoch_" in printed
    done = len(report.read_history(history)["epoch"])
    assert done >= 1
    assert cli.main(["sample", "--run_dir=run", "--count=3", "--output=three.npy"]) == 0
    assert cli.main(["train", "--run_dir=run", "--resume", f"--epochs={done + 1}"]) == 0
    assert len(report.read_history(history)["epoch"]) == done + 1


# Starting Python and TensorFlow takes seconds, which the life before can live meanwhile.
WAITING = """
import sys
from geans import cli, experiment
sys.exit(cli.main(input().split()))
"""
LIVES = ["train", "--preset=gean_ring", "--update_every=3", "--samples_per_epoch=2560"]
LIVES += ["--steps_per_execution=1", "--epochs=14", "--picture_every=2", "--checkpoint_every=3"]


def born(log):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WAITING]
    return subprocess.Popen(command, stdin=pipe, stdout=log, stderr=log, text=True)


def begin(process, run_dir):
    resume = ["--resume"] if pathlib.Path(run_dir, "preset.json").exists() else []
    process.stdin.write(" ".join([*LIVES, f"--run_dir={run_dir}", *resume]) + "\n")
    process.stdin.flush()


def newest(run_dir):
    found = sorted(pathlib.Path(run_dir, "checkpoints").glob("epoch_*"))
    return found[-1].name if found else "no checkpoint"


def live_until(process, run_dir, checkpoints, seconds):
    """Waits for a number of new checkpoints, and then some seconds; whether it still lives."""
    seen = {newest(run_dir)}
    while len(seen) <= checkpoints and process.poll() is None:
        time.sleep(0.002)
        seen.add(newest(run_dir))
    time.sleep(seconds)
    return process.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.nightly)])
def test_kills_change_nothing(kills, capsys, assert_same_state):
    """`kill -9` while it builds, trains, saves, draws: the result is the uninterrupted run's."""
    rng = random.Random(0)
    with open("log.txt", "a") as log:
        whole, life = born(log), born(log)
        begin(whole, "whole")
        for number in range(1, kills + 1):
            begin(life, "killed")
            checkpoints = rng.choice([0, 1, 1, 2, 3, 4, 5, 6])
            seconds = rng.uniform(0, 0.1 if checkpoints else 3)
            following = born(log)
            assert live_until(life, "killed", checkpoints, seconds), "Too short for so many kills."
            life.kill()
            assert life.wait() == -signal.SIGKILL
            life = following
            with capsys.disabled():
                after = f"{checkpoints} new checkpoints and {seconds:.2f} s"
                print(f"kill {number:2} after {after}: {newest('killed')}")
        begin(life, "killed")
        assert whole.wait(timeout=150) == 0
        assert life.wait(timeout=150) == 0, pathlib.Path("log.txt").read_text()
    models = [keras.saving.load_model(f"{run_dir}/model.keras") for run_dir in ("whole", "killed")]
    assert models[0].steps.numpy() == 14 * 20
    assert_same_state(*models)
    pictures = [f"pictures/{path.name}" for path in pathlib.Path("whole/pictures").iterdir()]
    assert len(pictures) == 7 + 1
    for name in ("history.csv", "coverage.csv", "metrics.json", *pictures):
        assert pathlib.Path("whole", name).read_bytes() == pathlib.Path("killed", name).read_bytes()


def mean_distance(images):
    """Mean Euclidean pixel distance between 300 images, pair by pair."""
    flat = images[:300].reshape(300, -1).astype("float64")
    squared = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squared[:, None] + squared - 2 * flat @ flat.T, 0))
    return distances.sum() / (300 * 299)


@pytest.mark.nightly
def test_the_default_run_makes_pictures_that_differ():
    """`geans train`, whole: as varied as the real images within 30 %, in [-1, 1], no NaN."""
    assert cli.main(["train"]) == 0
    run_dir = "runs/gean_fashion"
    for name in ("samples.png", "pictures/training.gif", "saved_model/saved_model.pb"):
        assert (pathlib.Path(run_dir) / name).is_file()
    assert cli.main(["sample", f"--run_dir={run_dir}", "--count=300", "--output=fake.npy"]) == 0
    fake = np.load("fake.npy")
    real = next(data.images.embedded("fashion", batch_size=300, seed=0).as_numpy_iterator())
    assert np.isfinite(fake).all() and np.abs(fake).max() <= 1
    assert mean_distance(fake) == pytest.approx(mean_distance(real), rel=0.3)
    history = report.read_history(f"{run_dir}/history.csv")
    assert all(np.isfinite(values).all() for values in history.values())


# Several devices, several workers

TINY = ["--preset=gan_ring", "--samples_per_epoch=512", "--batch_size=64", "--epochs=2"]
MAIN = pathlib.Path(__file__).parents[1] / "geans_command.py"


def weights_of(run_dir):
    model = keras.saving.load_model(f"{run_dir}/model.keras")
    assert int(model.samples_seen.numpy()) == 1024
    networks = (model.generator, model.discriminator, model.ema_generator)
    return [np.asarray(weight) for network in networks for weight in network.weights]


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["devices", "workers"])
def test_devices_and_workers_train_to_the_weights_of_one_device(kind, request):
    workers.finish([workers.start_one(MAIN, "train", *TINY, "--run_dir=one")])
    if kind == "devices":
        arguments = ("train", *TINY, "--steps_per_execution=8", "--run_dir=two", "--devices=2")
        (printed,) = workers.finish([workers.start_one(MAIN, *arguments)])
        assert "On 2 replicas every step is a call of its own" in printed
    else:
        request.getfixturevalue("loopback")
        arguments = ("train", *TINY, "--run_dir=two", "--workers", "--checkpoint_every=3")
        chief, other = workers.finish(workers.start(MAIN, [arguments] * 2))
        assert "Pictures: two/samples.png" in chief
        assert "Pictures" not in other and "epoch 1/2" not in other
    for weight, expected in zip(weights_of("two"), weights_of("one"), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=0, atol=1e-5)
    left = {path.name for path in pathlib.Path("two").iterdir()}
    assert left == {path.name for path in pathlib.Path("one").iterdir()}
    assert report.read_history("two/history.csv")["epoch"] == [1, 2]


def test_devices_or_workers_but_not_both(capsys):
    assert cli.main(["train", *TINY, "--devices=2", "--workers"]) == 2
    assert "not both" in capsys.readouterr().err


def test_wrong_workers_and_devices_are_refused_before_a_run_directory_is_made(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["localhost"]}}')
    assert cli.main(["train", *TINY, "--workers"]) == 2
    assert "address without host or port, 'localhost'" in capsys.readouterr().err
    assert cli.main(["train", *TINY, "--devices=none"]) == 2
    assert "devices must be 1 or more" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
