import dataclasses
import shlex

import pytest
from absl import flags

from geans import presets, report
from geans.cli import train
from geans.pages import runs
from tests.pages.made_runs import COST, distance, made, with_pictures


def test_a_run_has_what_its_files_say(tmp_path):
    path = made(tmp_path, metrics={"modes": 7, "diverged": True, "note": "x"}, cost=COST)
    report.write_json([distance(3.5, options={"k": 5})], path / "evaluation.json")
    report.write_epoch({"epoch": 1, "loss": 0.5, "recall": float("nan")}, path / "history.csv")
    report.write_epoch({"epoch": 2, "loss": float("inf"), "recall": 0.25}, path / "history.csv")
    report.write_epoch({"epoch": 1, "samples_seen": 9, "modes": 4}, path / "coverage.csv")
    report.write_lines([distance(9.0, epoch=2)], path / "evaluations.jsonl")
    run = runs.read(with_pictures(path, [10, 2]))
    assert run.curves == {
        "loss": [(1, 0.5)],
        "recall": [(2, 0.25)],
        "modes": [(1, 4)],
        "frechet_distance": [(2, 9)],
    }
    found = {(name, options): value for (_, name, options), value in run.numbers.items()}
    costs = {(name, ""): (value, None) for name, value in COST.items()}
    assert found == {("frechet_distance", "k=5"): (3.5, None), ("modes", ""): (7, None)} | costs
    assert list(run.warnings.values()) == ["only 60 samples"]
    assert list(run.pictures) == [2, 10]
    assert run.diverged and not run.finished and run.epochs == 2
    assert run.missing == ("advice.json",) and run.findings is None


def test_a_run_that_has_just_begun(tmp_path):
    report.write_json(dataclasses.asdict(presets.get("gan_ring")), tmp_path / "preset.json")
    run = runs.read(tmp_path)
    assert run.missing == tuple(runs.FILES) and run.epochs == 0
    assert run.numbers == run.curves == run.pictures == {}


@pytest.mark.parametrize(
    "changes",
    [{"fake_count": 50}, {"features": "imagenet"}, {"checksum": "32"}, {"version": "0.1.0"}],
    ids=lambda changes: next(iter(changes)),
)
def test_only_equal_protocols_are_equal_quantities(changes, tmp_path):
    found = [
        runs.read(made(tmp_path / str(index), evaluation=[row], cost=None)).numbers
        for index, row in enumerate([distance(1), distance(2), distance(3, **changes)])
    ]
    assert found[0].keys() == found[1].keys() != found[2].keys()


JSON = ("metrics", "cost", "versions", "evaluation", "advice")
DAMAGED = [(f"{name}.json", text) for name in JSON for text in ("{", "3", '[{"a": 1}]')]
DAMAGED += [("history.csv", "epoch,x\n1"), ("evaluations.jsonl", "{"), ("evaluations.jsonl", "{}")]


@pytest.mark.parametrize(("name", "text"), DAMAGED)
def test_a_damaged_file_is_an_error_with_its_directory(name, text, tmp_path):
    (made(tmp_path / "run") / name).write_text(text)
    with pytest.raises(ValueError, match="run.* is damaged"):
        runs.read(tmp_path / "run")


def test_what_is_not_a_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="There is no directory '.*nowhere'"):
        runs.read(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="is not a run directory: there is no preset.json"):
        runs.read(tmp_path)


def test_seeds_are_a_group_and_other_options_another(tmp_path):
    options = [{"seed": 0}, {"seed": 1, "picture_every": 7}, {"seed": 0, "r1": 0.1}]
    found = [runs.read(made(tmp_path / str(i), **each)) for i, each in enumerate(options)]
    found.append(runs.read(made(tmp_path / "gean", "gean_ring")))
    groups = runs.groups(found)
    assert {label: len(group) for label, group in groups.items()} == {
        "gan_ring (r1=0.01)": 2,
        "gan_ring (r1=0.1)": 1,
        "gean_ring": 1,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"epochs": 3, "data": "folder:photos of cats"},
        {"r1": 0.5, "generator_options": {"width": 16, "x": [1, "a b"], "y": None}},
    ],
)
def test_the_command_makes_the_same_preset(changes, tmp_path, monkeypatch):
    (tmp_path / "photos of cats").mkdir()
    monkeypatch.chdir(tmp_path)
    preset = presets.changed(presets.get("gean_fashion"), **changes)
    values = flags.FlagValues()
    train.define_flags(values)
    values(shlex.split(runs.command(preset)))
    assert train.resolve(values, None) == presets.located(preset)
    assert runs.command(dataclasses.replace(preset, name="mine")) is None
    named = dataclasses.replace(preset, name="gean_fashion-loss-hinge")
    assert runs.command(named) == runs.command(preset)
