"""Runs are short or made up; one test trains for real, in processes of its own."""

import dataclasses
import itertools
import json
import math
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest

from geans import comparison, experiment, presets, report

COSTS = {"updates": 10, "samples": 1_280, "seconds": 2.0, "peak_memory_mb": 700.0}
GOOD = {"modes": 8, "high_quality_fraction": 0.5, "reverse_kl": 0.25, "covered_modes": 7}


def tiny(name="gan_ring", **changes):
    small = {"epochs": 2, "samples_per_epoch": 640, "steps_per_execution": 1, "picture_every": 9}
    return dataclasses.replace(presets.get(name), **{**small, **changes})


def row(preset, seed, **values):
    return {"preset": preset, "seed": seed, **GOOD, **COSTS, **values}


@pytest.fixture
def trained(monkeypatch):
    """What would be trained: `(preset, seed, resume)`; runs are made up at once."""
    calls = []

    def train(preset, path, data_dir):
        resume = (path / "preset.json").is_file()
        calls.append((preset.name, preset.seed, resume))
        report.write_json(GOOD, path / "metrics.json")
        report.write_json(COSTS | {"updates": 10 + preset.seed}, path / "cost.json")
        report.write_json({"keras": "3"}, path / "versions.json")

    monkeypatch.setattr(comparison, "_train", train)
    return calls


@pytest.mark.slow
def test_real_runs_rows_and_picture(tmp_path):
    chosen = [tiny("gean_ring", update_every=2)]
    rows = comparison.run(chosen, [5], tmp_path)
    assert [(each["preset"], each["seed"]) for each in rows] == [("gean_ring", 5)]
    for each, updates in zip(rows, (6,), strict=True):
        run_dir = tmp_path / each["preset"] / "seed_5"
        assert presets.read(run_dir / "preset.json").seed == 5
        metrics = json.loads((run_dir / "metrics.json").read_text())
        assert metrics == {key: each[key] for key in metrics}
        assert (each["updates"], each["samples"]) == (updates, 1_280)
        assert 0 < each["seconds"] < 120 and 100 < each["peak_memory_mb"] < 10_000
        assert set(each) == {"preset", "seed", *GOOD, *comparison.COST} | set(report.versions())
    assert comparison.read_rows(tmp_path) == rows
    axes = comparison.picture(chosen, [5], tmp_path).axes
    assert [each.get_xlabel() for each in axes[:2]] == ["640 samples", "1.28 k samples"]

    with pytest.raises(ValueError, match="gan_grid cannot be trained: .*bce"):
        comparison.run([tiny("gan_grid", loss="bce")], [0], tmp_path)
    assert not (tmp_path / "gan_grid").exists()


def test_finished_runs_are_not_repeated_and_others_join(tmp_path, trained):
    comparison.run([tiny()], [0], tmp_path)
    rows = comparison.run([tiny(), tiny("gan_grid")], [0, 1], tmp_path)
    assert trained == [
        ("gan_ring", 0, False),
        ("gan_grid", 0, False),
        ("gan_ring", 1, False),
        ("gan_grid", 1, False),
    ]
    assert [(each["preset"], each["updates"]) for each in rows] == [
        ("gan_ring", 10),
        ("gan_ring", 11),
        ("gan_grid", 10),
        ("gan_grid", 11),
    ]
    assert comparison.run([tiny()], [1], tmp_path) == rows[1:2]
    assert len(trained) == 4


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupted_run_goes_on_if_it_was_begun(tmp_path, trained, monkeypatch, begun):
    made_up = comparison._train

    def interrupt(preset, path, data_dir):
        path.mkdir(parents=True)
        if begun:
            (path / "preset.json").write_text("{}")
        raise KeyboardInterrupt

    comparison.run([tiny()], [0], tmp_path)
    monkeypatch.setattr(comparison, "_train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        comparison.run([tiny()], [0, 1], tmp_path)
    assert [each["seed"] for each in comparison.read_rows(tmp_path)] == [0]
    monkeypatch.setattr(comparison, "_train", made_up)
    comparison.run([tiny()], [0, 1], tmp_path)
    assert trained == [("gan_ring", 0, False), ("gan_ring", 1, begun)]


@pytest.mark.parametrize("begun", [True, False])
def test_how_a_run_is_trained(tmp_path, monkeypatch, begun):
    """Its own process is told to resume what was begun."""
    jobs = []
    monkeypatch.setattr(experiment, "run", lambda preset, **job: jobs.append(job))
    monkeypatch.setattr(comparison.subprocess, "Popen", InThisProcess)
    if begun:
        (tmp_path / "preset.json").touch()
    comparison._train(tiny(), tmp_path, "data")
    how = {"resume": begun, "overwrite": not begun, "data_dir": "data"}
    assert jobs == [{"run_dir": str(tmp_path), **how}]


class InThisProcess:
    def __init__(self, command, **options):
        self.returncode = comparison.train(command[-1])

    def communicate(self):
        return None, ""


def test_an_interrupt_reaches_the_run_once_and_waits_for_it(tmp_path, monkeypatch):
    events = []

    class Process:
        def __init__(self, command, **options):
            assert options["start_new_session"] and options["stderr"] == subprocess.PIPE

        def communicate(self):
            events.append("wait")
            if len(events) == 1:
                raise KeyboardInterrupt
            return None, "Traceback"

        def send_signal(self, number):
            events.append(number)

    monkeypatch.setattr(comparison.subprocess, "Popen", Process)
    with pytest.raises(KeyboardInterrupt):
        comparison._train(tiny(), tmp_path, None)
    assert events == ["wait", signal.SIGINT, "wait"]


@pytest.mark.parametrize(
    ("chosen", "seeds", "message"),
    [
        ([], [0], "needs presets, each once"),
        (["gan_ring", "gan_ring"], [0], "needs presets, each once"),
        (["gan_ring"], [], "needs seeds, each once"),
        (["gan_ring"], [1, 2, 1], "needs seeds, each once"),
        (["gan_ring"], [-1], "seed must be from 0 to"),
    ],
)
def test_nonsense_is_refused_before_anything_happens(tmp_path, trained, chosen, seeds, message):
    with pytest.raises(ValueError, match=message):
        comparison.run([tiny(name) for name in chosen], seeds, tmp_path / "cmp")
    assert trained == [] and not (tmp_path / "cmp").exists()


def test_other_options_are_refused_where_there_are_runs(tmp_path, trained):
    comparison.run([tiny()], [0], tmp_path)
    with pytest.raises(ValueError, match="runs of gan_ring with other options: epochs, r1"):
        comparison.run([tiny(epochs=3, r1=0.5)], [0, 1], tmp_path)
    with pytest.raises(ValueError, match="other options"):
        comparison.run([tiny("gan_grid"), tiny(epochs=3)], [0], tmp_path)
    assert trained == [("gan_ring", 0, False)]
    comparison.run([tiny("gan_grid", epochs=3), tiny()], [0], tmp_path)


def test_options_without_runs_can_be_corrected(tmp_path, monkeypatch, trained):
    def refuse(preset, path, data_dir):
        raise ValueError("no such loss")

    with monkeypatch.context() as patch:
        patch.setattr(comparison, "_train", refuse)
        with pytest.raises(ValueError, match="no such loss"):
            comparison.run([tiny(loss="bce")], [0], tmp_path)
    comparison.run([tiny()], [0], tmp_path)
    assert json.loads((tmp_path / "compare.json").read_text())["gan_ring"]["loss"] == tiny().loss


def test_what_is_not_a_comparison_is_left_alone(tmp_path, trained):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="is not a comparison"):
        comparison.run([tiny()], [0], tmp_path)
    assert trained == []


def test_the_table_has_median_and_range():
    rows = [
        row("gan_ring", 0, modes=8, high_quality_fraction=0.9, reverse_kl=0.01, seconds=60.4),
        row("gan_ring", 1, modes=3, high_quality_fraction=0.5, reverse_kl=0.5, seconds=64.0),
        row("gan_ring", 2, modes=7, high_quality_fraction=0.7, reverse_kl=0.03, seconds=61.0),
        row("gean_ring", 0, updates=16_000),
    ]
    head, gan, gean, remark = comparison.table(rows).splitlines()
    columns = {found[0]: found.start() for found in re.finditer(r"\S+(?: \S+)*", head)}
    ends = dict(zip(columns, [*list(columns.values())[1:], None], strict=True))

    def cell(line, name):
        return line[columns[name] : ends[name]].strip()

    assert cell(gan, "preset") == "gan_ring" and cell(gan, "seeds") == "3"
    assert cell(gan, "high quality") == "70.0% (50.0%-90.0%)"
    assert cell(gan, "seconds") == "61 (60-64)"
    assert "  7 (3-8)  " in gan and "  0.0300 (0.0100-0.5000)  " in gan
    assert cell(gean, "updates") == "16,000" and cell(gean, "samples") == "1,280"
    assert remark == "Median (range) over the seeds."


def test_rows_of_images_and_of_diverged_runs_in_the_table():
    nothing = {"modes": 0, "high_quality_fraction": 0.0, "reverse_kl": math.inf, "covered_modes": 0}
    rows = [{"preset": "gan_fashion", "seed": 0, **COSTS}]
    rows += [row("gan_ring", 1, **nothing, diverged=True), row("gan_ring", 2)]
    lines = comparison.table(rows).splitlines()
    assert lines[1].split()[:6] == ["gan_fashion", "1", "-", "-", "-", "-"]
    assert "4 (0-8)" in lines[2] and "inf (0.2500-inf)" in lines[2]
    assert lines[-1] == "gan_ring diverged with seed 1."


def test_whatever_was_measured_is_in_the_rows_and_the_table(tmp_path, monkeypatch):
    """Images have an evaluation, translations errors, points their coverage."""
    found = {
        "gan_fashion": ("evaluation", [{"metric": "frechet_distance", "value": 12.3456}]),
        "pix2pix": ("metrics", {"split": "test", "mean_absolute_error": 0.125}),
        "gan_ring": ("metrics", GOOD),
    }

    def train(preset, path, data_dir):
        name, values = found[preset.name]
        report.write_json(values, path / f"{name}.json")
        report.write_json(COSTS, path / "cost.json")
        report.write_json({"keras": "3"}, path / "versions.json")

    monkeypatch.setattr(comparison, "_train", train)
    rows = comparison.run([presets.get(name) for name in found], [0], tmp_path)
    assert rows[1] == {
        "preset": "pix2pix",
        "seed": 0,
        "mean_absolute_error": 0.125,
        **COSTS,
        "keras": "3",
    }
    table = [re.split("  +", line) for line in comparison.table(rows).splitlines()]
    names = ["modes", "covered modes", "high quality", "reverse KL"]
    names += ["frechet distance", "mean absolute error"]
    costs = ["updates", "samples", "seconds", "peak MB"]
    assert table[0] == ["preset", "seeds", *names, *costs]
    assert table[1][2:8] == ["-"] * 4 + ["12.35", "-"]
    assert table[2][2:8] == ["-"] * 5 + ["0.125"]
    assert table[3][2:8] == ["8", "7", "50.0%", "0.2500", "-", "-"]


def test_a_diverged_run_is_a_row_like_others(tmp_path, monkeypatch):
    def diverge(preset, path, data_dir):
        values = {
            "modes": 0,
            "high_quality_fraction": 0.0,
            "reverse_kl": math.inf,
            "covered_modes": 0,
        }
        report.write_json(values | {"diverged": True}, path / "metrics.json")
        report.write_json(COSTS, path / "cost.json")
        report.write_json({}, path / "versions.json")
        (path / "coverage.csv").write_text(
            "epoch,samples_seen,modes,high_quality_fraction\n1,640,8,0.9\n2,1280,0,0.0\n"
        )
        np.savez(path / "coverage.npz", **{"1": np.zeros((9, 2)), "2": np.full((9, 2), np.nan)})

    monkeypatch.setattr(comparison, "_train", diverge)
    rows = comparison.run([tiny()], [0, 1], tmp_path)
    assert comparison.read_rows(tmp_path) == rows
    assert rows[1]["reverse_kl"] == math.inf and rows[1]["diverged"] is True
    figure = comparison.picture([tiny()], [0, 1], tmp_path)
    assert "diverged" in [text.get_text() for text in figure.axes[1].texts]
    assert "samples of seed 0; median of 2 seeds: 0 of 8" in figure.axes[0].texts[0].get_text()
    shutil.rmtree(tmp_path / "gan_ring/seed_1")  # It is trained again.
    assert comparison.run([tiny()], [0, 1], tmp_path) == rows
    assert (tmp_path / "gan_ring/seed_1/coverage.csv").is_file()


def test_stacks_of_digits_are_rows_and_pictures_like_others(tmp_path, monkeypatch):
    def train(preset, path, data_dir):
        found = {"modes": 990 + preset.seed, "high_quality_fraction": None, "reverse_kl": 0.1}
        report.write_json(found | {"covered_modes": 980}, path / "metrics.json")
        report.write_json(COSTS, path / "cost.json")
        report.write_json({}, path / "versions.json")
        (path / "coverage.csv").write_text("epoch,samples_seen,modes\n1,640,500\n2,1280,990\n")
        np.savez(path / "coverage.npz", **{"2": np.zeros((16, 8, 8, 3), "float32")})

    monkeypatch.setattr(comparison, "_train", train)
    preset = tiny("gan_digits")
    rows = comparison.run([preset], [0, 2], tmp_path)
    assert comparison.table(rows).splitlines()[1].split()[:7] == [
        "gan_digits",
        "2",
        "991",
        "(990-992)",
        "980",
        "0.1000",
        "10",
    ]
    image, curves = comparison.picture([preset], [0, 2], tmp_path).axes
    expected = "samples of seed 0; median of 2 seeds: 991 of 1,000 modes, reverse KL 0.1000"
    assert image.texts[0].get_text() == f"{expected}, 10 updates"
    assert image.get_xlabel() == "1.28 k samples"
    assert [text.get_text() for text in curves.texts] == ["modes found"]


def test_images_have_no_picture(tmp_path):
    assert comparison.picture([presets.get("gan_fashion")], [0], tmp_path) is None


@pytest.mark.parametrize(("first", "second"), [(3, 3), (4, 4), (3, 7), (10, 10), (2, 30)])
def test_the_p_value_is_the_exact_one_of_mann_and_whitney(first, second):
    stats = pytest.importorskip("scipy.stats", reason="needs SciPy, to compare with")
    random = np.random.default_rng(first + second)
    one, other = random.normal(size=first), random.normal(0.7, size=second)
    expected = stats.mannwhitneyu(one, other, method="exact").pvalue
    assert comparison.difference(one, other).p_value == pytest.approx(expected)


def test_the_p_value_of_equal_numbers_is_that_of_all_permutations():
    one, other = [1, 2, 2, 5, math.inf], [2, 2, 3, math.inf]
    ranks = [1, 3.5, 3.5, 7, 8.5, 3.5, 3.5, 6, 8.5]
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, 5)]
    found = np.mean([abs(each - 25) >= abs(sum(ranks[:5]) - 25) for each in sums])
    difference = comparison.difference(one, other)
    assert difference.p_value == pytest.approx(found)
    assert math.isnan(difference.shift) and difference.interval is None
    assert comparison.difference([8, 8], [8, 8, 8]).p_value == 1


def test_the_interval_is_that_of_wilcox_test():
    """Of R: wilcox.test(second, first, conf.int = TRUE) has the bounds qwilcox(.025, n, m)."""
    first, second = np.arange(10.0), np.arange(10.0) ** 2
    shifts = sorted(np.subtract.outer(second, first).ravel())
    found = comparison.difference(first, second)
    assert found.interval == (shifts[23], shifts[-24])  # qwilcox(.025, 10, 10) is 24.
    assert found.shift == np.median(shifts)


def test_how_often_the_interval_holds_the_true_difference():
    random = np.random.default_rng(0)
    pairs = random.normal(size=(400, 2, 5)) + [[0], [1]]
    intervals = [comparison.difference(*pair).interval for pair in pairs]
    assert 0.95 <= np.mean([low <= 1 <= high for low, high in intervals]) <= 0.99


def test_few_numbers_have_no_interval_and_one_has_no_p_value():
    assert comparison.difference([1], [3]) == comparison.Difference(2, None, None)
    assert comparison.difference([1], [3, 4]).p_value is None
    found = comparison.difference([1, 2, 3], [4, 5, 6])
    assert found.interval is None and found.p_value == pytest.approx(0.1)
    assert comparison.difference([1] * 4, [3] * 4).interval == (2, 2)


def test_the_run_directories_of_a_comparison(tmp_path):
    paths = [tmp_path / "gan_ring" / f"seed_{seed}" for seed in (2, 10)]
    for path in paths:
        report.write_json({}, path / "preset.json")
    assert comparison.run_dirs(tmp_path) == []
    report.write_json({}, tmp_path / "compare.json")
    assert comparison.run_dirs(tmp_path) == paths
