import math

import numpy as np
import pytest
from scipy import stats

from geans import metrics


def test_by_hand():
    # Code 0 shows class 1 three times and class 0 once; code 1 shows class 0 four times.
    found = metrics.label_agreement([0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0, 0])
    assert found.accuracy == 1 / 8
    assert found.majority_accuracy == 7 / 8
    assert found.classes_named == 2
    # Joint 3/8, 1/8, 4/8 against the products 3/16, 5/16, 5/16.
    expected = 3 / 8 * math.log(2) + 1 / 8 * math.log(2 / 5) + 1 / 2 * math.log(8 / 5)
    assert found.mutual_information == pytest.approx(expected)


def test_mutual_information_is_that_of_the_entropies():
    random = np.random.default_rng(0)
    labels = random.integers(5, size=1_000)
    classes = np.where(random.random(1_000) < 0.5, labels, random.integers(7, size=1_000))
    joint = labels * 7 + classes
    entropies = [stats.entropy(np.bincount(each)) for each in (labels, classes, joint)]
    found = metrics.label_agreement(labels, classes)
    assert found.mutual_information == pytest.approx(entropies[0] + entropies[1] - entropies[2])


def test_codes_that_all_show_one_class_say_nothing():
    found = metrics.label_agreement(np.arange(10) % 5, np.full(10, 3))
    assert found.mutual_information == pytest.approx(0, abs=1e-12)
    assert found.classes_named == 1


@pytest.mark.parametrize(
    ("labels", "classes"),
    [([], []), ([1, 2], [1]), ([0.5], [1]), ([[1]], [1]), ([-1], [0])],
)
def test_what_cannot_be_compared(labels, classes):
    with pytest.raises(ValueError, match="Received"):
        metrics.label_agreement(labels, classes)
