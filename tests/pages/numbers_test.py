import re

from geans.pages import numbers, runs
from tests.pages.made_runs import distance, made


def groups_of(tmp_path, **values):
    """Groups of runs, each with these Fréchet distances."""
    return {
        name: [
            runs.read(
                made(tmp_path / name / str(seed), evaluation=[distance(value)], cost={}, seed=seed)
            )
            for seed, value in enumerate(found)
        ]
        for name, found in values.items()
    }


def rows(text):
    """The words of a table's rows."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", text)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.split("</t[dh]>", line)] for line in lines]


def test_seeds_have_median_range_interval_and_p_value(tmp_path):
    groups = groups_of(tmp_path, gan=[1, 2, 3, 4], gean=[8, 9, 10, 11])
    head, protocol, distances = rows(numbers.table(groups))
    assert head == ["", "gan", "gean", "difference", ""]
    assert "60 real of embedded:fashion; 60 samples of the EMA generator, seed 0" in protocol[0]
    assert distances[:3] == ["frechet distance", "2.5 (1 – 4)", "9.5 (8 – 11)"]
    assert distances[3] == "+7 +4 to +10, p = 0.029"
    remarks = " ".join(numbers.remarks(groups))
    assert "the median (and the range)" in remarks and "exact two-sided Mann-Whitney" in remarks
    assert "One run" not in remarks and "Only 60 samples." in remarks


def test_one_run_each_has_a_difference_without_uncertainty(tmp_path):
    groups = groups_of(tmp_path, gan=[1.5], gean=[1.25])
    assert rows(numbers.table(groups))[2][1:4] == ["1.5", "1.25", "−0.25"]
    assert "One run has no uncertainty" in " ".join(numbers.remarks(groups))
    assert rows(numbers.table(groups, differences=False))[0][:3] == ["", "gan", "gean"]


def test_equal_seeds_and_equal_numbers_have_no_uncertainty(tmp_path):
    groups = groups_of(tmp_path, gan=[1, 2, 3, 4], gean=[5, 6, 7, 8])
    twice = {"gan": groups["gan"], "gean": [groups["gean"][0]] * 4}
    assert rows(numbers.table(twice))[2][3] == "+2.5"
    assert "equal seeds are not independent" in " ".join(numbers.remarks(twice))
    same = groups_of(tmp_path, gan=[2] * 4, gean=[2] * 4)
    assert rows(numbers.table(same))[2][1:4] == ["2", "2", "0"]


def test_shares_differ_in_points_and_infinity_has_ranks_only(tmp_path):
    groups = {
        name: [
            runs.read(made(tmp_path / name / str(seed), metrics={key: value}, cost={}, seed=seed))
            for seed, value in enumerate(values)
        ]
        for key in ("high_quality_fraction", "reverse_kl")
        for name, values in ((f"{key} 1", [0.5, 0.6, 0.7, 0.8]), (f"{key} 2", [0.9] * 3 + [1.0]))
    }
    one, other, *_ = groups.values()
    found = rows(numbers.table({"a": one, "b": other}))[2]
    assert found[:4] == [
        "high quality",
        "65.0% (50.0% – 80.0%)",
        "90.0% (90.0% – 100.0%)",
        "+30.0 points +10.0 to +50.0 points, p = 0.029",
    ]
    infinite = [
        runs.read(made(tmp_path / f"i{seed}", metrics={"reverse_kl": float("inf")}, seed=seed))
        for seed in range(4)
    ]
    *_, finite, _ = groups.values()
    assert rows(numbers.table({"a": finite, "b": infinite}))[2][2:4] == ["inf", "– p = 0.029"]


def test_what_a_run_lacks_is_a_dash_or_a_count(tmp_path):
    groups = groups_of(tmp_path, gan=[1, 3], gean=[5])
    unfinished = [runs.read(made(tmp_path / str(seed), cost={}, seed=seed)) for seed in (3, 4)]
    groups["gan"].append(unfinished[0])
    found = rows(numbers.table(groups | {"other": unfinished[1:]}))[2]
    assert found[1] == "2 (1 – 3) 2 of 3 runs" and found[4:6] == ["–", "–"]


def test_other_protocols_are_other_rows(tmp_path):
    one, other = (
        runs.read(made(tmp_path / features, evaluation=[distance(1, features=features)], cost={}))
        for features in ("digits28", "imagenet")
    )
    found = rows(numbers.table({"a": [one], "b": [other]}))
    assert [line[1:4] for line in found if line[0] == "frechet distance"] == [
        ["1", "–", "–"],
        ["–", "1", "–"],
    ]


def test_names_are_escaped(tmp_path):
    evil = distance(1, metric="<b>", features="<i>", options={"<u>": "&"})
    run = runs.read(made(tmp_path, evaluation=[evil], cost={}))
    text = numbers.table({"<s>": [run]})
    assert not re.search("<[bius]>", text) and "&lt;u&gt;=&amp;" in text
