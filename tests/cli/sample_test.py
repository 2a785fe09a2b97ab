import dataclasses
import json

import numpy as np
import PIL.Image
import pytest

import geans
from geans import cli, experiment, presets


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "ring"
    arguments = ["--epochs=1", "--samples_per_epoch=640", "--steps_per_execution=1"]
    assert cli.main(["train", "--preset=gan_ring", *arguments, f"--run_dir={path}"]) == 0
    return path


def sample(run_dir, output, *arguments):
    return cli.main(["sample", f"--run_dir={run_dir}", f"--output={output}", *arguments])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_array(run_dir, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert sample(run_dir, tmp_path / f"{name}.npy", "--count=7", f"--seed={seed}") == 0
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (7, 2) and a.dtype == np.float32
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_the_raw_generator_differs_from_the_ema_generator(run_dir, tmp_path):
    sample(run_dir, tmp_path / "ema.npy")
    sample(run_dir, tmp_path / "raw.npy", "--noema")
    ema, raw = np.load(tmp_path / "ema.npy"), np.load(tmp_path / "raw.npy")
    assert (ema != raw).any()


def test_a_picture(run_dir, tmp_path):
    assert sample(run_dir, tmp_path / "deep" / "ring.png", "--count=500") == 0
    with PIL.Image.open(tmp_path / "deep" / "ring.png") as picture:
        assert min(picture.size) > 100


@pytest.mark.slow
def test_interpolation_and_traversal_are_arrays_of_rows(run_dir, tmp_path, capsys):
    assert sample(run_dir, tmp_path / "plain.npy", "--count=3", "--seed=1") == 0
    assert sample(run_dir, tmp_path / "i.npy", "--interpolate=4", "--count=3", "--seed=1") == 0
    assert sample(run_dir, tmp_path / "t.npy", "--traverse=2", "--seed=1") == 0
    assert "3 rows of 4 samples" in capsys.readouterr().out
    plain, across, along = (np.load(tmp_path / f"{name}.npy") for name in ("plain", "i", "t"))
    assert across.shape == (3, 4, 2) and along.shape == (2, 9, 2)
    np.testing.assert_allclose(across[:, 0], plain, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(along[:, 4], plain[[0, 0]], rtol=1e-4, atol=1e-5)
    assert (along[0, 0] != along[1, 0]).any()


def test_truncation_brings_samples_together(run_dir, tmp_path):
    for name, threshold in (("near", 1e-6), ("far", 40)):
        arguments = ("--count=20", f"--truncation={threshold}")
        assert sample(run_dir, tmp_path / f"{name}.npy", *arguments) == 0
    near, far = np.load(tmp_path / "near.npy"), np.load(tmp_path / "far.npy")
    assert np.ptp(near, axis=0).max() < 1e-4 < np.ptp(far, axis=0).min()


@pytest.mark.slow
def test_a_picture_has_a_row_per_direction_and_an_animation_a_frame_per_step(tmp_path):
    arguments = ["--preset=gan_mlp_mnist", "--data=embedded:fashion", "--epochs=1"]
    arguments += ["--batch_size=1000", "--steps_per_execution=1", "--evaluation_samples=100"]
    assert cli.main(["train", *arguments, f"--run_dir={tmp_path / 'run'}"]) == 0
    assert sample(tmp_path / "run", tmp_path / "a.png", "--traverse=3") == 0
    with PIL.Image.open(tmp_path / "a.png") as picture:
        # 720 // (9 * 28) = 2 screen pixels each, and gaps of 2.
        assert picture.size == (9 * 58 + 2, 3 * 58 + 2)
    assert sample(tmp_path / "run", tmp_path / "a.gif", "--interpolate=5", "--count=2") == 0
    with PIL.Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 5


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--interpolate=4", "--traverse=2"], "one of --interpolate, --traverse"),
        (["--interpolate=1"], "steps must be an integer of at least 2"),
        (["--interpolate=4", "--truncation=1"], "does not go with --interpolate"),
        (["--traverse=0"], "count=0"),
        (["--truncation=-1"], "truncation must be a positive number"),
        (["--labels=3"], "needs a model with labels or categories"),
        (["--sweep=2"], "needs a model with labels or categories"),
        (["--sweep=0"], "--sweep must be 1 row or more"),
    ],
)
def test_ways_that_make_no_sense(run_dir, tmp_path, capsys, arguments, message):
    assert sample(run_dir, tmp_path / "x.npy", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x.npy").exists()


def test_rows_of_points_are_no_picture(run_dir, tmp_path, capsys):
    assert sample(run_dir, tmp_path / "x.png", "--traverse=2") == 2
    assert "image_grid needs images" in capsys.readouterr().err


@pytest.mark.parametrize("name, message", [("x.gif", "pass --interpolate"), ("x.jpg", "or .gif")])
def test_files_that_cannot_be(run_dir, tmp_path, name, message, capsys):
    assert sample(run_dir, tmp_path / name) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("count", [0, -3])
def test_bad_count(run_dir, tmp_path, count, capsys):
    assert sample(run_dir, tmp_path / "x.npy", f"--count={count}") == 2
    assert "count must be 1 or more" in capsys.readouterr().err


def test_no_run(tmp_path, capsys):
    assert sample(tmp_path, tmp_path / "x.npy") == 2
    assert "holds no trained model" in capsys.readouterr().err


@pytest.fixture(scope="module")
def labelled_run_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "labelled"
    preset = dataclasses.replace(
        presets.get("acgan"),
        data="embedded:fashion",
        network="mlp",
        generator_options={"units": [16]},
        discriminator_options={"units": [16]},
        epochs=1,
        batch_size=1_000,
    )
    experiment.run(preset, path, evaluation_samples=100)
    return path


@pytest.mark.slow
def test_a_sweep_shows_the_same_latents_with_every_label(labelled_run_dir, tmp_path):
    assert sample(labelled_run_dir, tmp_path / "sweep.npy", "--sweep=2", "--seed=1") == 0
    assert sample(labelled_run_dir, tmp_path / "a.npy", "--count=2", "--labels=7", "--seed=1") == 0
    sweep, sevens = np.load(tmp_path / "sweep.npy"), np.load(tmp_path / "a.npy")
    assert sweep.shape == (2, 10, 28, 28, 1)
    np.testing.assert_allclose(sweep[:, 7], sevens, rtol=1e-4, atol=1e-5)
    assert (sweep[:, 6] != sweep[:, 7]).any()


@pytest.mark.slow
def test_labels_come_in_turn(labelled_run_dir, tmp_path, capsys):
    assert sample(labelled_run_dir, tmp_path / "a.npy", "--count=3", "--labels=1,2") == 0
    assert sample(labelled_run_dir, tmp_path / "b.npy", "--count=3", "--labels=1,2,1") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
    for labels, message in (("10", "labels from 0 to 9"), ("Bog", "Did you mean 'Bag'?")):
        assert sample(labelled_run_dir, tmp_path / "c.npy", f"--labels={labels}") == 2
        assert message in capsys.readouterr().err


def test_a_labelled_run_is_measured_by_its_labels(labelled_run_dir):
    found = json.loads((labelled_run_dir / "evaluation.json").read_text())
    values = {each["metric"]: each["value"] for each in found}
    # Ten steps teach little, but chance is known: 2.303 nats at most.
    assert 0 <= values["accuracy"] <= values["majority_accuracy"] <= 1
    assert 0 <= values["mutual_information"] < 2.31


def test_a_pretrained_model_needs_no_run(tmp_path, capsys):
    arguments = ["--pretrained=digits", "--labels=3,7", f"--output={tmp_path / 'a.npy'}"]
    assert cli.main(["sample", *arguments, "--count=4"]) == 0
    assert "4 samples" in capsys.readouterr().out
    expected = geans.from_pretrained("digits").sample(4, seed=0, labels=np.array([3, 7, 3, 7]))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), expected)
    assert cli.main(["sample", "--pretrained=digits", f"--output={tmp_path / 'a.png'}"]) == 0
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert min(picture.size) > 100
