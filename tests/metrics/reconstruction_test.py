import math

import numpy as np
import pytest

from geans import metrics
from tests.metrics.diversity_test import local_terms, noise

EACH = [
    metrics.mean_absolute_error,
    metrics.peak_signal_to_noise_ratio,
    metrics.structural_similarity,
]
each = pytest.mark.parametrize("metric", EACH)


def test_mean_absolute_error_by_hand():
    real = np.array([0, 255, 100, 100], "uint8").reshape((1, 2, 2, 1))
    fake = np.array([255, 255, 49, 151], "uint8").reshape((1, 2, 2, 1))
    # 2 for white instead of black, 0, and twice 51 of the 127.5 levels of a unit.
    assert metrics.mean_absolute_error(real, fake) == pytest.approx((2 + 0 + 0.4 + 0.4) / 4)


def test_peak_signal_to_noise_ratio_by_hand():
    """Root mean square differences of 51, a fifth of the range, and 0.

    Of two images of which one is met exactly, the mean square halves: 10 log10(2) decibels more.
    """
    real = np.zeros((2, 2, 2, 1), "uint8")
    fake = np.full((2, 2, 2, 1), 51, "uint8")
    found = metrics.peak_signal_to_noise_ratio
    assert found(real, fake) == pytest.approx(20 * math.log10(5))
    fake[0] = 0
    assert found(real, fake) == pytest.approx(20 * math.log10(5) + 10 * math.log10(2))
    assert found(real, real) == math.inf


@pytest.mark.parametrize("height, width", [(11, 11), (20, 30)])
def test_similarity_agrees_with_the_formula(height, width):
    real = noise(height, width, 1)
    # Half of it is independent, so that no term is near 0 or 1.
    fake = (real // 2 + noise(height, width, 1, seed=1) // 2).astype("uint8")
    luminance, contrast = local_terms(real[..., 0].astype(float), fake[..., 0].astype(float))
    expected = np.mean(luminance * contrast)
    assert 0.2 < expected < 0.95
    found = metrics.structural_similarity(real[None], fake[None])
    assert found == pytest.approx(expected, abs=5e-5)  # TensorFlow computes it in float32.


def test_similarity_is_the_mean_over_images_and_channels():
    real = noise(3, 16, 16, 2)
    fake = (real // 2 + noise(3, 16, 16, 2, seed=1) // 2).astype("uint8")
    alone = [
        metrics.structural_similarity(
            real[i : i + 1, ..., c : c + 1], fake[i : i + 1, ..., c : c + 1]
        )
        for i in range(3)
        for c in range(2)
    ]
    assert metrics.structural_similarity(real, fake) == pytest.approx(np.mean(alone), abs=1e-6)


def test_a_blur_costs_more_than_a_shade():
    real = noise(2, 32, 32, 1) // 2
    blurred = (real // 2 + np.roll(real, 1, axis=2) // 2).astype("uint8")
    error = metrics.mean_absolute_error(real, blurred)
    brighter = (real + round(error * 127.5)).astype("uint8")
    assert metrics.mean_absolute_error(real, brighter) == pytest.approx(error, abs=0.01)
    similar = [metrics.structural_similarity(real, each) for each in (brighter, blurred)]
    assert similar[0] > similar[1] + 0.2


@each
def test_floats_are_the_same_images(metric):
    real, fake = noise(4, 16, 16, 3), noise(4, 16, 16, 3, seed=1)
    floats = real.astype("float32") / 127.5 - 1
    assert metric(floats, fake) == metric(real, fake)


@each
def test_many_images_pass_in_blocks(metric, monkeypatch):
    real, fake = noise(10, 16, 16, 1), noise(10, 16, 16, 1, seed=1)
    whole = metric(real, fake)
    monkeypatch.setattr("geans.metrics.reconstruction.PIXELS_AT_ONCE", 3 * 256)
    assert metric(real, fake) == pytest.approx(whole, abs=1e-6)


@each
@pytest.mark.parametrize("shapes", [((2, 16, 16, 1), (3, 16, 16, 1)), ((16, 16), (16, 16))])
def test_wrong_shapes(metric, shapes):
    with pytest.raises(ValueError, match=r"Received: real of shape \(\d+, 16.*fake of shape"):
        metric(*(np.zeros(shape, "uint8") for shape in shapes))


@each
def test_wrong_values(metric):
    real = np.zeros((2, 16, 16, 1))
    with pytest.raises(ValueError, match="uint8, or floats in .* int64"):
        metric(real, real.astype("int64"))
    broken = real.copy()
    broken[1, 3, 3] = np.nan
    with pytest.raises(FloatingPointError, match="diverged"):
        metric(real, broken)


def test_the_window_must_fit():
    with pytest.raises(ValueError, match=r"at least 11 pixels. Received: shape \(2, 10, 30, 1\)"):
        metrics.structural_similarity(noise(2, 10, 30, 1), noise(2, 10, 30, 1))
