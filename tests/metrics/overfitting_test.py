import numpy as np
import pytest

from geans import metrics

LOGITS = np.array([[1.0], [3.0], [-1.0], [5.0]])  # Mean 2, standard deviation sqrt(5).


def test_numbers_worked_by_hand():
    found = metrics.overfitting(LOGITS, -LOGITS, LOGITS - 3)
    assert (found.r_t, found.r_t_fake, found.r_v) == (0.5, -0.5, 0.75)


@pytest.mark.parametrize(("held_out", "r_v"), [(LOGITS, 0), (-LOGITS, 1)])
def test_held_out_images_are_judged_as_training_images_or_as_samples(held_out, r_v):
    assert metrics.overfitting(LOGITS, -LOGITS, held_out).r_v == r_v


def test_what_cannot_be_said_is_none():
    assert metrics.overfitting(LOGITS, -LOGITS).r_v is None
    # The means are 1 apart, less than half of a standard deviation.
    assert metrics.overfitting(LOGITS, LOGITS - 1, LOGITS - 1).r_v is None
    assert metrics.overfitting(LOGITS, LOGITS - 1.2, LOGITS - 1.2).r_v == pytest.approx(1)


def test_the_neutral_logit_of_least_squares_is_one_half():
    found = metrics.overfitting([0.75, 1.0, 0.5], [0.25, 0.0, 0.75], neutral=0.5)
    assert (found.r_t, found.r_t_fake) == pytest.approx((2 / 3, -1 / 3))
