import dataclasses
import itertools
import json

import numpy as np
import pytest

from geans import metrics


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def numbers(clips):
    return dataclasses.astuple(metrics.motion(clips))


def test_numbers_worked_by_hand():
    """Two clips of one pixel: 0, 2, 8 and 10, 10, 10 of 255 levels."""
    clips = np.array([[0, 2, 8], [10, 10, 10]], "uint8").reshape(2, 3, 1, 1, 1)
    # Differences: neighbours (2 + 6 + 0 + 0) / 4, ends (8 + 0) / 2, clips (10 + 8 + 2) / 3.
    difference = 20 / 3
    expected = (2 / difference, 4 / difference, difference / 255)
    assert numbers(clips) == pytest.approx(expected, rel=1e-6)


def test_other_clips_are_all_pairs():
    clips = noise(7, 3, 2, 4, 3)
    pairs = itertools.combinations(clips, 2)
    expected = np.mean([np.abs(one - other) / 2 for one, other in pairs])
    assert metrics.motion(clips).clip_difference == pytest.approx(expected, rel=1e-6)


def test_still_clips_do_not_change():
    still = noise(9, 1, 8, 8, 1).repeat(5, axis=1)
    found = metrics.motion(still)
    assert (found.frame_change, found.clip_change) == (0, 0)
    assert found.clip_difference == pytest.approx(1 / 3, rel=0.1)  # Of two uniform numbers.


def test_noise_changes_as_much_as_from_clip_to_clip():
    assert numbers(noise(200, 4, 8, 8, 1))[:2] == pytest.approx((1, 1), rel=0.02)


def test_steady_motion_changes_more_from_end_to_end_than_from_frame_to_frame():
    """A bar of 4 rows that sinks by a row per frame, out of 16, wrapped: 2, then 8 rows differ."""
    starts = np.random.default_rng(0).permutation(np.arange(160) % 16)
    rows = (starts[:, None, None] + np.arange(5)[:, None] + np.arange(4)) % 16
    clips = np.zeros((160, 5, 16, 1, 1), "uint8")
    np.put_along_axis(clips[..., 0, 0], rows, 255, axis=2)
    found = metrics.motion(clips)
    # Each row is lit in a quarter of the clips: pairs differ in 2 * 40 * 120 of 160 * 159.
    assert found.clip_difference == pytest.approx(2 * 40 * 120 / (160 * 159), rel=1e-6)
    assert found.frame_change == pytest.approx(2 / 16 / found.clip_difference, rel=1e-6)
    assert found.clip_change == pytest.approx(4 * found.frame_change, rel=1e-6)


def test_bytes_and_floats_are_alike():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 4, 3)).astype("uint8")
    assert numbers(pixels / 127.5 - 1) == pytest.approx(numbers(pixels), rel=1e-5)


def test_result_is_json():
    record = dataclasses.asdict(metrics.motion(noise(3, 2, 4, 4, 1)))
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("shape", [(1, 4, 8, 8, 1), (4, 1, 8, 8, 1), (4, 8, 8, 1), (2, 2, 0, 8, 1)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=rf"two clips or more.*Received: shape \({shape[0]}, "):
        metrics.motion(np.zeros(shape))


def test_wrong_values():
    with pytest.raises(ValueError, match="Received: int64"):
        metrics.motion(np.zeros((2, 2, 4, 4, 1), "int64"))
    with pytest.raises(ValueError, match="all alike"):
        metrics.motion(np.zeros((3, 2, 4, 4, 1)))
    clips = noise(5, 2, 4, 4, 1)
    clips[1, 0, 0, 0, 0] = clips[4, 1, 3, 3, 0] = np.nan
    with pytest.raises(ValueError, match="2 of 5 clips contain NaN"):
        metrics.motion(clips)
