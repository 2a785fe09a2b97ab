import dataclasses
import json

import numpy as np
import pytest

from geans import metrics


def samples(seed, sizes=(600, 300, 100)):
    """Three well separated Gaussians."""
    random = np.random.default_rng(seed)
    labels = np.repeat([2, 5, 7], sizes)
    return random.normal(size=(len(labels), 8)) + 100 * labels[:, None], labels


def test_by_hand():
    # Radii of the real samples: 1, 1, 2, 2, 3. In the ball of 1 is 1.5; in those of 7 and 10, 8.
    real, labels = [[0.0], [1.0], [5.0], [7.0], [10.0]], [1, 1, 1, 4, 4]
    fake, shown = [[1.5], [8.0], [30.0]], [1, 4, 4]
    found = metrics.coverage_per_class(real, labels, fake, fake_labels=shown, k=1)
    assert found.coverage == {1: pytest.approx(1 / 3), 4: 1.0}
    assert found.precision == {1: 1.0, 4: 0.5}


def test_of_one_class_it_is_that_of_prdc():
    (real, _), (fake, _) = samples(0), samples(1)
    one = np.zeros(1000, int)
    found = metrics.coverage_per_class(real, one, fake, fake_labels=one)
    together = metrics.prdc(real, fake)
    assert (found.coverage, found.precision) == ({0: together.coverage}, {0: together.precision})


def test_weighted_by_their_sizes_classes_give_that_of_prdc():
    (real, labels), (fake, _) = samples(0), samples(1)
    found = metrics.coverage_per_class(real, labels, fake)
    mean = np.dot(list(found.coverage.values()), [0.6, 0.3, 0.1])
    assert mean == pytest.approx(metrics.prdc(real, fake).coverage)
    # Naeem et al., lemma 2: 1 - 2^-5 of classes that have as many fakes.
    assert list(found.coverage.values()) == pytest.approx([1 - 2**-5] * 3, abs=0.05)


def test_a_class_that_is_left_out_is_seen():
    (real, labels), (fake, shown) = samples(0), samples(1)
    kept = shown != 7
    found = metrics.coverage_per_class(real, labels, fake[kept], fake_labels=shown[kept])
    assert found.coverage[7] == 0 and min(found.coverage[2], found.coverage[5]) > 0.9
    assert set(found.precision) == {2, 5}
    assert metrics.prdc(real, fake[kept]).coverage > 0.85


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"real_labels": np.zeros(9, int)}, r"real_labels.*shape \(10,\)"),
        ({"real_labels": np.zeros(10)}, "real_labels.*float64"),
        ({"fake_labels": np.zeros(9, int)}, r"fake_labels.*shape \(10,\)"),
        ({"k": 10}, "k=10"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = {"real_labels": np.zeros(10, int), **change}
    features = np.random.default_rng(0).normal(size=(2, 10, 3))
    with pytest.raises(ValueError, match=message):
        metrics.coverage_per_class(features[0], fake_features=features[1], **arguments)


def test_result_is_json():
    (real, labels), (fake, _) = samples(0), samples(1)
    json.dumps(dataclasses.asdict(metrics.coverage_per_class(real, labels, fake)))
