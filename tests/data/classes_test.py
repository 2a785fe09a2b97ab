import numpy as np
import pytest
import tensorflow as tf

from geans.data import classes

# 2 of class 4, 6 of class 7, 4 of class 9.
LABELS = np.array([7, 9, 7, 4, 7, 9, 7, 7, 9, 4, 9, 7])


def plainly(tensor, stream):
    return tensor


def mixer(seed):
    def mix(tensor, stream):
        return tf.random.experimental.stateless_shuffle(tensor, [seed, stream])

    return mix


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, range(12)),
        ({"limit": 6}, [0, 1, 2, 3, 4, 5]),  # 1, 3 and 2.
        ({"limit": 5}, [0, 1, 2, 3, 5]),  # Of .83, 2.5 and 1.67 the half is left.
        ({"limit": 1}, [0]),
        ({"limit": 99}, range(12)),
        ({"class_shares": [0.5, 1 / 3, 1]}, [0, 1, 2, 3, 5, 8, 10]),
        ({"class_shares": [0.01, 0.01, 0.01]}, [0, 1, 3]),
        ({"class_shares": [1, 1, 0.25], "limit": 9}, [0, 1, 2, 3, 4, 6, 7, 9, 11]),
        ({"class_shares": [1, 1, 0.25], "limit": 3}, [0, 2, 3]),  # .67, 2 and .33 of 9.
        ({"without": [7]}, [1, 3, 5, 8, 9, 10]),
        ({"without": (np.int64(4), 9)}, [0, 2, 4, 6, 7, 11]),
        ({"without": [7], "limit": 2}, [1, 3]),
    ],
)
def test_the_first_of_each_class_are_chosen(options, expected):
    assert classes.chosen(12, LABELS, **options).tolist() == list(expected)


@pytest.mark.parametrize(("limit", "expected"), [(3, [0, 3, 6]), (10, range(10)), (99, range(10))])
def test_without_labels_examples_are_chosen_evenly(limit, expected):
    assert classes.chosen(10, limit=limit).tolist() == list(expected)


def test_nothing_of_nothing():
    assert classes.chosen(0, limit=3).tolist() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit=0"),
        ({"limit": 2.5}, "limit=2.5"),
        ({"class_shares": [1, 1]}, r"list of 3 numbers .* Received: class_shares=\[1, 1\]"),
        ({"class_shares": [1, 1, 0]}, "above 0"),
        ({"class_shares": [1, 1, 1.5]}, "up to 1"),
        ({"class_shares": [1, 1, True]}, "list of 3 numbers"),
        ({"class_shares": 0.5}, "class_shares=0.5"),
        ({"without": [77]}, "but not all, of the labels .*without=.77."),
        ({"without": sorted(set(LABELS.tolist()))}, "but not all"),
        ({"without": 1}, "without=1"),
        ({"without": ["1"]}, "without=..1"),
    ],
)
def test_what_cannot_be_chosen_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        classes.chosen(12, LABELS, **options)


def test_shares_need_labels():
    with pytest.raises(ValueError, match="class_shares needs labels"):
        classes.chosen(12, class_shares=[1])


@pytest.mark.parametrize("seed", range(5))
def test_all_classes_and_within_them_all_examples_come_equally_often(seed):
    labels = np.repeat([3, 5, 8, 9], [70, 1, 20, 9])
    counts = np.bincount(classes.balanced_order(labels, mixer(seed)), minlength=100)
    assert [counts[labels == label].sum() for label in (3, 5, 8, 9)] == [25] * 4
    for label, fewest in {3: 0, 5: 25, 8: 1, 9: 2}.items():
        assert set(counts[labels == label]) <= {fewest, fewest + 1}


def test_the_remainder_goes_to_classes_that_are_drawn():
    labels = np.array([0, 1, 1, 2])
    orders = [classes.balanced_order(labels, mixer(seed)) for seed in range(30)]
    counts = {tuple(np.bincount(labels[order])) for order in orders}
    assert counts == {(2, 1, 1), (1, 2, 1), (1, 1, 2)}


def test_the_seed_fixes_the_order():
    one, same, other = (classes.balanced_order(LABELS, mixer(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_unmixed_the_classes_take_turns():
    order = classes.balanced_order(LABELS, plainly).numpy()
    assert LABELS[order].tolist() == [4, 7, 9] * 4
    assert order.tolist() == [3, 0, 1, 9, 2, 5, 3, 4, 8, 9, 6, 10]
