"""tests/augment_test.py shows their errors, in every augmentation."""

import numpy as np
import pytest

from geans.augment import checks


def test_images_become_a_tensor():
    images = checks.checked_images(np.ones((2, 3, 4, 1), "float32"))
    assert images.shape == (2, 3, 4, 1) and images.dtype == "float32"


def test_streams_differ_and_repeat():
    seeds = [tuple(np.asarray(checks.stream_seed([1, 2], stream))) for stream in (1, 2, 1)]
    assert seeds[0] == seeds[2] != seeds[1]


def test_bounds_belong_to_shares():
    for value in (0, 0.5):
        checks.check_share("rotation", value, most=0.5)
    with pytest.raises(ValueError, match="from 0 to 0.5. Received: rotation=0.51"):
        checks.check_share("rotation", 0.51, most=0.5)
