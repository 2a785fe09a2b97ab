import signal
import subprocess
import sys
import time

import PIL.Image
import pytest

from geans import cli, comparison, report

COSTS = {"updates": 10, "samples": 1_280, "seconds": 2.0, "peak_memory_mb": 700.0}
GOOD = {"modes": 8, "high_quality_fraction": 0.5, "reverse_kl": 0.25, "covered_modes": 7}


@pytest.fixture
def trained(monkeypatch):
    """The presets of runs that would be trained; runs are made up at once."""
    calls = []

    def train(preset, path, data_dir):
        calls.append(preset)
        report.write_json(GOOD, path / "metrics.json")
        report.write_json(COSTS, path / "cost.json")
        report.write_json({}, path / "versions.json")

    monkeypatch.setattr(comparison, "_train", train)
    return calls


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--presets=gan_ring,gan"], "Unknown preset 'gan'. Did you mean 'cgan'? Known"),
        (["--presets="], "needs presets"),
        (["--seeds="], "needs seeds"),
        (["--seeds=0,1,0"], "each once"),
        (["--seeds=one"], "integers from 0, with commas. Received: 'one'"),
        (["--seed=3"], "seed"),
        (["--vary=loss"], "a field and its values, such as --vary=loss=non_saturating,hinge"),
        (["--vary=los=hinge"], "Received: 'los=hinge'. Fields: "),
        (["--vary=seed=1,2"], "Received: 'seed=1,2'. Fields: "),
        (["--vary=loss=hinge,hinge"], "each once"),
        (["--vary=loss=hing"], "Did you mean 'hinge'?"),
        (["--vary=r1=1,one"], "--vary=r1=1,one does not fit"),
        (["--update_every=batch"], "'growing:K'"),
    ],
)
def test_bad_flags_end_in_one_line_before_training(arguments, message, trained, tmp_path, capsys):
    assert cli.main(["compare", *arguments, f"--run_dir={tmp_path / 'cmp'}"]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1
    assert trained == [] and not (tmp_path / "cmp").exists()


def test_flags_override_every_preset(trained, tmp_path, capsys):
    arguments = ["--presets=gan_fashion,gean_fashion", "--seeds=3,4", "--epochs=2", "--r1=0.5"]
    assert cli.main(["compare", *arguments, f"--run_dir={tmp_path}"]) == 0
    assert [(each.name, each.seed) for each in trained] == [
        ("gan_fashion", 3),
        ("gean_fashion", 3),
        ("gan_fashion", 4),
        ("gean_fashion", 4),
    ]
    assert {(each.epochs, each.r1) for each in trained} == {(2, 0.5)}
    printed = capsys.readouterr().out
    assert "gan_fashion with seed 3 (run 1 of 4)" in printed and "reverse KL" in printed
    assert cli.main(["compare", *arguments[:3], f"--run_dir={tmp_path}"]) == 2
    assert "other options: r1" in capsys.readouterr().err


def test_each_preset_is_trained_with_each_value_of_a_field(trained, tmp_path, capsys):
    arguments = ["--presets=gan_fashion,lsgan", "--vary=update_every=2,growing:4", "--seeds=0"]
    assert cli.main(["compare", *arguments, "--rule=gean", f"--run_dir={tmp_path}"]) == 0
    assert [(each.name, each.update_every) for each in trained] == [
        ("gan_fashion-update_every-2", 2),
        ("gan_fashion-update_every-growing_4", "growing:4"),
        ("lsgan-update_every-2", 2),
        ("lsgan-update_every-growing_4", "growing:4"),
    ]
    assert {each.rule for each in trained} == {"gean"}
    printed = capsys.readouterr().out
    assert "gan_fashion-update_every-2 " in printed and f"geans report {tmp_path} -o" in printed


def test_a_network_that_varies_leaves_options_behind(trained, tmp_path, capsys):
    arguments = ["--presets=gan_ring", "--vary=network=mlp,dcgan", "--data=embedded:fashion"]
    assert cli.main(["compare", *arguments, f"--run_dir={tmp_path}"]) == 0
    assert [each.generator_options for each in trained[:2]] == [{"units": [64, 64]}, {}]


@pytest.mark.nightly
def test_ctrl_c_and_the_same_command_again(tmp_path, capfd):
    """Interrupted; the second time it ends, with table and picture."""
    arguments = ["compare", "--presets=gan_ring", "--seeds=0", f"--run_dir={tmp_path}"]
    # Pictures keep it busy long enough to be interrupted.
    arguments += ["--epochs=24", "--samples_per_epoch=640", "--steps_per_execution=1"]
    arguments += ["--picture_every=1"]
    command = [sys.executable, "-c", "import sys; from geans import cli; sys.exit(cli.main())"]
    log = tmp_path.with_suffix(".txt")
    with log.open("w") as out:
        process = subprocess.Popen([*command, *arguments], stdout=out, stderr=out)
    history = tmp_path / "gan_ring" / "seed_0" / "history.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not history.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == cli.INTERRUPTED
    printed = log.read_text()
    assert "To resume: run the same command." in printed and "Traceback" not in printed
    done = len(report.read_history(history)["epoch"])
    assert 1 <= done < 24 and not (tmp_path / "results.jsonl").exists()
    assert not (history.parent / "model.keras").exists()

    assert cli.main(arguments) == 0
    assert "gan_ring  1  " in capfd.readouterr().out
    rows = comparison.read_rows(tmp_path)
    assert [row["seed"] for row in rows] == [0] and rows[0]["samples"] == 24 * 640
    assert report.read_history(history)["epoch"] == list(range(1, 25))
    with PIL.Image.open(tmp_path / "comparison.png") as picture:
        assert picture.width > picture.height > 200
    before = (tmp_path / "results.jsonl").stat().st_mtime_ns, history.stat().st_mtime_ns
    assert cli.main(arguments) == 0
    after = (tmp_path / "results.jsonl").stat().st_mtime_ns, history.stat().st_mtime_ns
    assert before == after
