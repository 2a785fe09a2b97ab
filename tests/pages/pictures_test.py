import base64
import re

from geans.pages import pictures, runs
from tests.pages.made_runs import PNG, made, with_pictures


def epochs(text):
    return list(map(int, re.findall(r'data-epoch="(\d+)"', text)))


def run_of(path, count, **changes):
    return runs.read(with_pictures(made(path, **changes), range(1, count + 1)))


def test_many_pictures_are_spread_with_the_first_and_the_last(tmp_path):
    run = run_of(tmp_path, 200)
    text = pictures.samples([[run]], {run.path: "run"})
    found = epochs(text)
    assert len(found) == pictures.PICTURES and (found[0], found[-1]) == (1, 200)
    assert {later - before for before, later in zip(found, found[1:], strict=False)} == {3, 4}
    assert "140 more pictures are in the run directories" in text
    assert base64.b64encode(PNG).decode() in text


def test_large_pictures_are_fewer_and_not_fewer_than_two(tmp_path, monkeypatch):
    found = [run_of(tmp_path / str(seed), 9, seed=seed) for seed in range(2)]
    labels = {run.path: f"seed {run.preset.seed}" for run in found}
    for most, expected in ((8 * len(PNG), [1, 4, 6, 9] * 2), (0, [1, 9] * 2)):
        monkeypatch.setattr(pictures, "MOST_BYTES", most)
        text = pictures.samples([found], labels)
        assert epochs(text) == expected
    assert "Other seeds (1 runs)" in text


def test_without_pictures_there_is_nothing(tmp_path):
    run = runs.read(made(tmp_path))
    assert pictures.samples([[run]], {run.path: "run"}) == ""


def test_labels_are_escaped():
    image = pictures.image('"><b>', PNG)
    assert "<b>" not in image and "<i>" not in pictures.card("<i>", [image])
