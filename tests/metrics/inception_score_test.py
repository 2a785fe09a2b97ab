import dataclasses
import json
import math

import numpy as np
import pytest

from geans import metrics


def logits(count=1000, classes=10):
    return 3 * np.random.default_rng(0).normal(size=(count, classes))


@pytest.mark.parametrize("classes", [1, 2, 1008])
def test_a_classifier_that_does_not_know_gives_1(classes):
    found = metrics.inception_score(np.zeros((20, classes)))
    assert found.mean == pytest.approx(1, rel=1e-13)
    assert found.stddev == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize("certainty", [100.0, 1e4, 1e15])
def test_sure_and_balanced_gives_the_number_of_classes(classes, certainty):
    sure = np.tile(certainty * np.eye(classes), (10, 1))
    found = metrics.inception_score(sure, splits=10)
    assert found.mean == pytest.approx(classes, rel=1e-12)


def test_sure_of_one_class_gives_1():
    sure = 100 * np.eye(10)[np.zeros(50, int)]
    assert metrics.inception_score(sure).mean == pytest.approx(1)


def test_by_hand():
    # p(y|x) = (.9, .1) and (.5, .5), so p(y) = (.7, .3).
    found = metrics.inception_score(np.log([[0.9, 0.1], [0.5, 0.5]]), splits=1)
    first = 0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3)
    second = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    assert found.mean == pytest.approx(math.exp((first + second) / 2))
    assert found.stddev == 0


def test_a_constant_added_to_logits_changes_nothing():
    found = metrics.inception_score(logits())
    shifted = metrics.inception_score(logits() + 1e4 * np.arange(1000)[:, None])
    assert shifted.mean == pytest.approx(found.mean, rel=1e-8)


def test_values_of_torch_fidelity():
    # isc_features_to_metric(logits, splits=10, shuffle, rng_seed=2020), version 0.4.0, asked by
    # `parity_test.py` where it is installed.
    found = metrics.inception_score(logits(), seed=2020)
    assert dataclasses.astuple(found) == pytest.approx(
        (3.7743829116879724, 0.20868633107353848), rel=1e-12
    )
    found = metrics.inception_score(logits())
    assert dataclasses.astuple(found) == pytest.approx(
        (3.773290503902196, 0.15892231375524357), rel=1e-12
    )


def test_splits_are_parts_in_order_of_nearly_equal_sizes():
    few = logits(23)
    # 23 i / 4, rounded down.
    parts = [few[0:5], few[5:11], few[11:17], few[17:23]]
    scores = [metrics.inception_score(part, splits=1).mean for part in parts]
    found = metrics.inception_score(few, splits=4)
    assert found.mean == pytest.approx(np.mean(scores), rel=1e-13)
    assert found.stddev == pytest.approx(np.std(scores), rel=1e-10)


def test_shuffling_mends_splits_that_miss_classes():
    by_class = 100 * np.eye(10)[np.repeat(np.arange(10), 100)]
    assert metrics.inception_score(by_class).mean == pytest.approx(1)
    assert metrics.inception_score(by_class, seed=0).mean > 9


def test_float32_is_computed_in_float64():
    half = logits().astype("float32")
    assert metrics.inception_score(half) == metrics.inception_score(half.astype("float64"))


def test_result_is_json():
    record = dataclasses.asdict(metrics.inception_score(logits(20)))
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize(
    "values, options, message",
    [
        (np.zeros((9, 3)), {}, "logits must have at least 10 rows. Received: 9"),
        (np.zeros(9), {}, "shape"),
        (np.full((10, 2), -np.inf), {}, "10 of 10 rows of logits"),
        (np.zeros((10, 2)), {"splits": 0}, "splits must be a positive integer"),
        (np.zeros((10, 2)), {"splits": 2.0}, "splits=2.0"),
        (np.zeros((10, 2)), {"seed": -1}, "integer from 0 to 2.*32 - 1, or None"),
        (np.zeros((10, 2)), {"seed": 0.5}, "seed=0.5"),
    ],
)
def test_nonsense(values, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.inception_score(values, **options)
