"""The benchmarks' runs are such that can be trained, and mean what the tables say."""

import dataclasses
import importlib.util
import json
import pathlib
import sys

import numpy as np
import pytest

from geans import experiment, metrics, presets
from geans.experiment import translating

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))  # Where they import one another from.


def load(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mode_coverage = load("mode_coverage")


@pytest.mark.parametrize("suite", mode_coverage.SUITES)
def test_every_run_of_a_suite_is_a_preset_with_a_name_of_its_own(suite):
    runs = list(mode_coverage.runs([suite], seeds=[0]))
    for run in runs:
        overrides = dict(run["overrides"])
        assert overrides.pop("processor_seconds", 1.0) > 0
        dataclasses.replace(presets.get(run["preset"]), seed=run["seed"], **overrides)
    assert len({run["name"] for run in runs}) == len(runs) > 0


def test_the_search_tries_the_same_for_both_rules():
    tried = {"gan": [], "gean": []}
    for name, preset, overrides in mode_coverage.tuning():
        rule, _, problem = preset.partition("_")
        tried[rule].append((problem, overrides))
        assert name.startswith(f"{rule} {problem}, ")
    assert tried["gan"] == tried["gean"]


def test_the_best_rates_of_a_rule_have_the_lowest_median_of_those_with_all_seeds():
    rows = [
        {"name": f"ring, GAN, rates {rate}", "overrides": {"rate": rate}, "reverse_kl": distance}
        for rate, distances in ((1, (0.1, 0.1, 9.0)), (2, (0.2, 0.2, 0.2)), (3, (0.0,)))
        for distance in distances
    ]
    ((name, pairs),) = mode_coverage.ranked_rates(rows).items()
    assert name == "ring, GAN"
    assert [pair[0]["overrides"]["rate"] for pair in pairs] == [1, 2, 3]


def test_the_search_of_rules_has_the_same_rates_for_all():
    tried = {}
    for name, _, overrides in mode_coverage.rule_search():
        problem_and_rule = name.partition(", rates")[0]
        pair = [overrides[f"{player}_learning_rate"] for player in ("generator", "discriminator")]
        tried.setdefault(problem_and_rule, []).append(pair)
    pairs = list(map(list, mode_coverage.RULE_RATES))
    assert all(each == pairs for each in tried.values()) and len(pairs) == 16


def test_equal_updates_are_equal():
    for _, preset, overrides in mode_coverage.updates():
        options = dataclasses.replace(presets.get(preset), **overrides)
        window = options.update_every
        steps = options.samples_per_epoch // options.batch_size * options.epochs
        assert steps == 2_000 * window


def test_a_row_is_known_by_what_was_asked_for():
    (run, *_) = mode_coverage.runs(["windows"], seeds=[0])
    assert mode_coverage.key(run | {"high_quality_fraction": 0.5}) == mode_coverage.key(run)
    assert mode_coverage.key(run | {"seed": 1}) != mode_coverage.key(run)
    assert mode_coverage.key(run | {"overrides": {"epochs": 1}}) != mode_coverage.key(run)


def test_training_worked_if_all_modes_are_covered_and_half_of_the_samples_are_high_quality():
    tables = load("tables")
    row = {"preset": "gan_ring", "covered_modes": 8, "high_quality_fraction": 0.5}
    assert tables.succeeded(row)
    assert not tables.succeeded(row | {"covered_modes": 7})
    assert not tables.succeeded(row | {"high_quality_fraction": 0.49})
    assert not tables.succeeded(row | {"preset": "gan_grid"})


def test_runs_on_limited_data_differ_in_one_field_and_are_found_again():
    limited = load("limited_data")
    fields = {"small": "augmentation", "rare": "data_options"}
    assert set(fields) == set(limited.SUITES)
    for suite, field in fields.items():
        found = list(limited.runs([suite], seeds=[0]))
        records = [dataclasses.asdict(limited.preset_of(run)) for run in found]
        for record in records[1:]:
            differing = {name for name in record if record[name] != records[0][name]}
            assert differing == {field}
        assert len({limited.key(run | {"final": {}}) for run in found}) == len(found) > 1


def test_the_best_epoch_is_that_of_the_smallest_distance():
    limited = load("limited_data")
    values = {50: (20.0, 0.3), 100: (18.0, 0.4), 120: (19.0, 0.5)}
    rows = [
        {"epoch": epoch, "metric": metric, "value": value}
        for epoch, pair in values.items()
        for metric, value in zip(("frechet_distance", "coverage"), pair, strict=True)
    ]
    found = limited.ends(rows)
    assert found["best"] == {"epoch": 100, "frechet_distance": 18.0, "coverage": 0.4}
    assert found["final"] == {"epoch": 120, "frechet_distance": 19.0, "coverage": 0.5}


@pytest.mark.nightly
@pytest.mark.usefixtures("loopback")
def test_workers_send_gradients_once_per_window(tmp_path):
    communication = load("communication")
    rows = {}
    for rule in ("gan", "gean, window 4"):
        for process in list(communication.start(rule, tmp_path)):
            assert process.wait(timeout=300) == 0
        rows[rule] = json.loads((tmp_path / "0").read_text())
    gan, gean = rows["gan"], rows["gean, window 4"]
    # Two packed gradients, two weights, the samples seen, and whether there is another batch.
    assert sum(gan["reduces"]["step"].values()) == 6
    assert gean["reduces"]["step"].pop("") == 1  # All else is in the branch that ends a window.
    assert sum(gean["reduces"]["step"].values()) == 5
    assert sum(gean["reduces"]["window"].values()) == 5
    # Each of two workers sends as many bytes as the gradients have; others use the device, too.
    assert gan["bytes_per_step"] == pytest.approx(2 * 4 * gan["parameters"], rel=0.1)
    assert gean["bytes_per_step"] == pytest.approx(gan["bytes_per_step"] / 4, rel=0.1)


def test_a_row_of_clips_says_how_they_move_and_how_real_ones_do():
    motion = {"frame_change": 0.5, "clip_change": 0.875, "clip_difference": 0.1}
    row = {"preset": "video_digits", **motion}
    row |= {f"real_{name}": value + 0.125 for name, value in motion.items()}
    expected = "0.50, of real clips 0.62, from end to end 0.88, of real clips 1.00"
    assert load("measured").score([row]) == f"change from frame to frame {expected}"


def test_translations_are_measured_beside_methods_that_need_no_training(tmp_path):
    """Targets are 0 and 204 in turn; the mean of those to train on is 102, the sources are 51."""
    translation = load("translation")
    targets = np.tile(np.array([0, 204], "uint8")[:, None, None, None], (2, 16, 16, 1))
    arrays = {"a_train": targets, "b_train": targets, "a_test": targets // 4 * 0 + 51}
    np.savez(tmp_path / "pairs.npz", **arrays, b_test=targets)
    preset = dataclasses.replace(presets.get("pix2pix"), data="pairs:pairs.npz")
    examples = experiment.Source.of(preset, tmp_path).examples
    found = translation.baselines(preset, examples, tmp_path)
    assert found["mean_absolute_error_of_mean_image"] == pytest.approx(102 / 127.5)
    assert found["mean_absolute_error_of_copy"] == pytest.approx((51 + 153) / 2 / 127.5)
    assert found["structural_similarity_of_copy"] < 1


def test_held_out_digits_are_left_out_and_one_class_keeps_one():
    anomaly = load("anomaly")
    assert anomaly.preset_of(3, 0, one_class=False).data_options == {"without": [3]}
    left = anomaly.preset_of(3, 5, one_class=True)
    assert left.data_options == {"without": [0, 1, 2, 4, 5, 6, 7, 8, 9]} and left.seed == 5


def test_anomalies_are_shown_from_the_least_to_the_most_anomalous():
    anomaly = load("anomaly")
    images = np.zeros((4, 8, 8, 1), "float32")
    scores = np.array([0.4, 0.9, 0.1, 0.6])
    found = metrics.Anomalies(scores, scores, scores, images)
    figure = anomaly.picture(images, found, np.array([False, True, False, True]))
    shown = [text.get_text() for text in figure.texts]
    expected = ["normal 0.10", "normal 0.40", "anomaly 0.60", "anomaly 0.90"]
    assert shown == [*expected, "image, made, missed"]


class Darker:
    """What it translates is `share` of what came."""

    def __init__(self, share):
        self.share = share

    def translate(self, images):
        return images * np.float32(self.share)


def test_the_lead_over_a_copy_is_uncertain_by_as_many_kinds_as_there_are(tmp_path):
    translation = load("translation")
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (6, 16, 16, 3)).astype("float32")
    names = np.array(["1F600.svg", "1F44B.svg", "1F44B-1F3FB.svg", "1F44B-1F3FC.svg", "A.svg", "B"])
    np.savez(tmp_path / "pairs.npz", names_test=names)
    preset = dataclasses.replace(presets.get("pix2pix"), data="pairs:pairs.npz")
    examples = translating.Examples(images, images * np.float32(0.5), "test")
    kinds = translation.kinds(preset, examples, tmp_path)
    assert sorted(map(len, kinds)) == [1, 1, 1, 3]

    found = translation.lead(Darker(0.5), examples, kinds)
    copies = metrics.structural_similarity(examples.second, images)
    assert found["similarity_above_copy"] == pytest.approx(1 - copies, abs=1e-6)
    bounds = found["similarity_above_copy_low"], found["similarity_above_copy_high"]
    assert 0 < bounds[0] < found["similarity_above_copy"] < bounds[1]
    assert found["kinds"] == 4
    assert translation.lead(Darker(1), examples, kinds)["similarity_above_copy_high"] == 0

    # What never differs is certain.
    alike = translating.Examples(images[[0] * 6], images[[0] * 6] * 0.5, "test")
    found = translation.lead(Darker(0.5), alike, kinds)
    assert found["similarity_above_copy_low"] == pytest.approx(found["similarity_above_copy_high"])


def test_runs_that_are_broken_on_purpose_can_be_trained():
    diagnosis = load("diagnosis")
    for case in diagnosis.CASES.values():
        preset = diagnosis.preset_of(case, seed=2)
        assert preset.seed == 2 and preset.data == "embedded:fashion"
    updates = {name: case.changes["epochs"] for name, case in diagnosis.CASES.items()}
    assert updates["100 images"] * 7 == 4_900 and updates["300 images"] * 19 in range(4_880, 4_901)
    preset = diagnosis.preset_of(diagnosis.CASES["kernel 3"], seed=0)
    model = experiment.make_model(preset, experiment.make_data(preset))
    changed = diagnosis.with_kernels(model, 3)
    shapes = [
        weights.shape[:2]
        for layer in changed.generator.layers
        if "transpose" in layer.name
        for weights in layer.trainable_weights[:1]
    ]
    assert shapes == [(3, 3), (3, 3)]
    assert changed.generator_optimizer is not model.generator_optimizer


def test_a_broken_run_is_judged_rightly_by_one_finding_and_a_good_one_by_none():
    is_right = load("diagnosis").is_right
    assert is_right(("variety", "balance"), ["updates", "balance"]) and is_right((), [])
    assert not is_right(("variety", "balance"), ["updates"]) and not is_right((), ["r_t"])


def test_the_curves_of_the_comparison_have_todays_names():
    """A column of another name would be left out of the picture without a word."""
    heads = {path.read_text().splitlines()[0] for path in BENCHMARKS.glob("comparison/*/*/*.csv")}
    assert heads == {"epoch,samples_seen,modes,high_quality_fraction,reverse_kl,covered_modes"}
