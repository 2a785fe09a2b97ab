import numpy as np
import PIL.Image
import pytest

from geans import cli


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "ring"
    arguments = ["--epochs=1", "--samples_per_epoch=640", "--steps_per_execution=1"]
    assert cli.main(["train", "--preset=gan_ring", *arguments, f"--run_dir={path}"]) == 0
    return path


def sample(run_dir, output, *arguments):
    return cli.main(["sample", f"--run_dir={run_dir}", f"--output={output}", *arguments])


def test_the_same_seed_gives_the_same_array(run_dir, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert sample(run_dir, tmp_path / f"{name}.npy", "--count=7", f"--seed={seed}") == 0
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (7, 2) and a.dtype == np.float32
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_the_live_generator_differs_from_the_averaged(run_dir, tmp_path):
    sample(run_dir, tmp_path / "averaged.npy")
    sample(run_dir, tmp_path / "live.npy", "--noaveraged")
    averaged, live = np.load(tmp_path / "averaged.npy"), np.load(tmp_path / "live.npy")
    assert (averaged != live).any()


def test_a_picture(run_dir, tmp_path):
    assert sample(run_dir, tmp_path / "deep" / "ring.png", "--count=500") == 0
    with PIL.Image.open(tmp_path / "deep" / "ring.png") as picture:
        assert min(picture.size) > 100


@pytest.mark.parametrize("count", [0, -3])
def test_bad_count(run_dir, tmp_path, count, capsys):
    assert sample(run_dir, tmp_path / "x.npy", f"--count={count}") == 2
    assert "count must be 1 or more" in capsys.readouterr().err


def test_no_run(tmp_path, capsys):
    assert sample(tmp_path, tmp_path / "x.npy") == 2
    assert "holds no trained model" in capsys.readouterr().err
