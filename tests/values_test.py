import math

import numpy as np
import pytest

from geans import values


def test_integers_of_python_and_numpy_and_nothing_else():
    assert all(map(values.is_integer, [-3, 0, 7, np.int64(7), np.uint8(7)]))
    assert not any(map(values.is_integer, [True, np.True_, 3.0, "3", None, [3]]))


def test_counts_have_a_first_and_a_last():
    assert [value for value in (-1, 0, 1, 2, 3, True) if values.is_count(value, most=2)] == [1, 2]
    assert values.is_count(10**12)


def test_numbers_are_finite():
    assert all(map(values.is_number, [0, -0.5, np.float32(2), np.int64(3)]))
    assert not any(map(values.is_number, [math.nan, math.inf, True, "1", None, 1j]))


def test_what_came_is_in_the_message():
    values.check_count("size", 5, most=5)
    with pytest.raises(ValueError, match="size must be a positive integer, at most 5. .*size=6"):
        values.check_count("size", 6, most=5)


def test_seeds_are_integers_of_63_bits():
    for seed in (0, np.int64(7), 2**63 - 1):
        values.check_seed(seed)
    values.check_seed(None, optional=True)
    for seed in (-1, 2**63, True, 1.0, "1", None):
        with pytest.raises(ValueError, match=r"seed must be .* to 2\*\*63 - 1\. Received: seed="):
            values.check_seed(seed)
    with pytest.raises(ValueError, match=r"or None. Received: seed=-1"):
        values.check_seed(-1, optional=True)
