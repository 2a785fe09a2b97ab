import json

import numpy as np
import PIL.Image
import pytest

from geans import cli, experiment
from tests.experiment.small_presets import fashion, ring


def pictures(folder, seed, size=28, count=30):
    folder.mkdir()
    random = np.random.default_rng(seed)
    for index in range(count):
        pixels = random.integers(0, 256, (size, size)).astype("uint8")
        PIL.Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def folders(tmp_path):
    return pictures(tmp_path / "real", 0), pictures(tmp_path / "fake", 1)


@pytest.mark.slow
def test_two_folders(folders, tmp_path, capsys):
    real, fake = folders
    output = tmp_path / "numbers" / "found.json"
    flags = [f"--real={real}", f"--fake={fake}", f"--output={output}"]
    assert cli.main(["evaluate", *flags]) == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if " | " in line]
    assert [line.split()[0] for line in lines] == [
        *("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")
    ]
    assert "digits28" in lines[0] and "WARNING: only 30 samples" in lines[0]
    assert f"real 30 of {real} | fake 30 of {fake} | geans " in lines[-1]
    rows = json.loads(output.read_text())
    assert [row["metric"] for row in rows] == [line.split()[0] for line in lines]
    assert rows[0]["warning"].startswith("only 30")
    assert f"JSON: {output}" in printed


@pytest.mark.slow
def test_the_file_comes_into_the_working_directory(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "--real=real", "--fake=fake", "--metrics=prdc"]) == 0
    rows = json.loads((tmp_path / "evaluation.json").read_text())
    assert [row["metric"] for row in rows] == ["precision", "recall", "density", "coverage"]
    assert rows[0]["real"]["name"] == "real"


@pytest.mark.slow
def test_a_run(tmp_path, capsys):
    run_dir = tmp_path / "run"
    experiment.run(fashion(), run_dir, evaluation_samples=50)
    flags = ["--samples=100", "--seed=3", "--noema", "--metrics=frechet_distance"]
    assert cli.main(["evaluate", f"--run_dir={run_dir}", *flags, "--neighbours"]) == 0
    assert (run_dir / "neighbours.png").is_file()
    assert "fake 100 of gean_fashion (raw generator, seed 3)" in capsys.readouterr().out
    (row,) = json.loads((run_dir / "evaluation.json").read_text())
    assert row["fake"] == {"name": "gean_fashion", "split": "", "generator": "raw", "seed": 3}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "Pass either --run_dir, or both --real and --fake"),
        (["--real=a"], "both --real and --fake"),
        (["--real=a", "--fake=b", "--run_dir=c"], "Pass either"),
        (["--real=a", "--fake=b", "--split=test"], "--split is for a run only"),
        (["--run_dir=a", "--image_size=8"], "--image_size is for folders only"),
        (["--run_dir=a", "--held_out=test"], "--held_out is for --neighbours"),
        (["--real=a", "--fake=b", "--neighbours"], "--neighbours is for a run only"),
        (["--run_dir=a", "--samples=1"], "--samples must be 2 or more"),
        (["--run_dir=a"], "holds no trained model"),
        (["--real=a", "--fake=b"], "There is no folder 'a'"),
        (["--real=.", "--fake=.", "--metrics=fid"], "frechet_distance, kernel_distance"),
        (["--real=.", "--fake=.", "--features=vgg", "--weights=x"], "vgg"),
    ],
)
def test_bad_flags_end_in_one_line(flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_on_a_terminal_there_is_a_bar(folders, tmp_path, monkeypatch, capsys):
    real, fake = folders
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    flags = [f"--real={real}", f"--fake={fake}", f"--output={tmp_path / 'x.json'}", "--samples=30"]
    assert cli.main(["evaluate", *flags]) == 0
    assert "30/30" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_diverged_ends_in_one_line(tmp_path, capsys):
    experiment.run(fashion(generator_learning_rate=1e30), tmp_path / "run")
    for flags in [], ["--neighbours"]:
        assert cli.main(["evaluate", f"--run_dir={tmp_path / 'run'}", *flags]) == 2
        assert "generator has diverged" in capsys.readouterr().err


@pytest.mark.slow
def test_neighbours_that_are_refused_cost_no_evaluation(tmp_path, capsys):
    experiment.run(ring(epochs=1), tmp_path / "run")
    assert cli.main(["evaluate", f"--run_dir={tmp_path / 'run'}", "--neighbours"]) == 2
    printed = capsys.readouterr()
    assert "drawn anew" in printed.err
    assert "images ..." not in printed.out
