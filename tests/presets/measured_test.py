import re

import pytest

from geans import presets


@pytest.mark.parametrize("name", presets.names())
def test_what_was_measured_has_a_number_and_what_was_not_says_so(name):
    expected = presets.expected(name)
    if expected.seeds:
        assert re.search(r"\d", expected.score)
        assert expected.minutes is None or 0 < expected.minutes < 60
    else:
        assert expected == presets.Expected()
        assert (expected.minutes, expected.score) == (None, presets.NOT_RUN)


def test_scores_are_those_of_all_seeds():
    found = presets.expected("gean_ring")
    assert found.seeds == 10 and "(97.3%-98.5%) high-quality samples" in found.score


def test_a_preset_of_ones_own_was_not_measured():
    assert presets.expected("mine") == presets.Expected()
