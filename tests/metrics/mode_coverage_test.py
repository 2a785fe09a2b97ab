import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from geans import metrics

N = 2500


def ring(modes=8, radius=2.0, stddev=0.02):
    angles = 2 * np.pi * np.arange(modes) / modes
    centers = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return SimpleNamespace(centers=centers, stddev=stddev)


def grid(stddev=0.05):
    axis = np.arange(-4.0, 5.0, 2.0)
    return SimpleNamespace(centers=np.array([(x, y) for x in axis for y in axis]), stddev=stddev)


def sample(mixture, seed, count=N):
    generator = np.random.default_rng(seed)
    chosen = mixture.centers[generator.integers(len(mixture.centers), size=count)]
    return chosen + mixture.stddev * generator.normal(size=chosen.shape)


def at(mixture, counts):
    return np.repeat(mixture.centers, counts, axis=0)


def test_numbers_worked_by_hand():
    line = SimpleNamespace(centers=np.array([[0.0, 0.0], [4.0, 0.0], [8.0, 0.0]]), stddev=0.5)
    samples = [[0, 0], [0, 1.5], [1, 1], [4, -1.4], [2, 0], [8, 1.6]]  # Good up to 1.5 away.

    coverage = metrics.mode_coverage(samples, line)

    assert coverage.modes == 2
    assert coverage.high_quality_fraction == 4 / 6
    # Shares 3/4 and 1/4 against 1/3.
    assert coverage.reverse_kl == pytest.approx(0.75 * math.log(9 / 4) + 0.25 * math.log(3 / 4))
    assert coverage.covered_modes == 2


@pytest.mark.parametrize("mixture, modes", [(ring(), 8), (grid(), 25)])
def test_true_distribution(mixture, modes):
    results = [metrics.mode_coverage(sample(mixture, seed), mixture) for seed in range(20)]

    assert {result.modes for result in results} == {modes}
    assert {result.covered_modes for result in results} == {modes}
    # One standard deviation is .21 % for a single seed.
    assert all(abs(result.high_quality_fraction - 0.989) < 0.006 for result in results)
    # 2n KL is chi-squared with M - 1 degrees of freedom: mean M - 1, variance 2 (M - 1).
    kl = np.array([result.reverse_kl for result in results])
    expected = (modes - 1) / (2 * N)
    deviation = math.sqrt(2 * (modes - 1)) / (2 * N)
    assert abs(kl.mean() - expected) < 3 * deviation / math.sqrt(len(kl))
    assert kl.max() < expected + 5 * deviation


def test_collapse_onto_one_mode_is_ln_8_and_hides_in_the_high_quality_fraction():
    one = SimpleNamespace(centers=ring().centers[:1], stddev=0.02)
    coverage = metrics.mode_coverage(sample(one, seed=0), ring())
    assert (coverage.modes, coverage.covered_modes) == (1, 1)
    assert coverage.reverse_kl == pytest.approx(math.log(8))
    assert coverage.high_quality_fraction > 0.98


def test_half_of_the_modes_is_ln_2():
    coverage = metrics.mode_coverage(at(ring(), [625, 0] * 4), ring())
    assert coverage == metrics.ModeCoverage(
        modes=4, high_quality_fraction=1.0, reverse_kl=pytest.approx(math.log(2)), covered_modes=4
    )


def test_even_samples_have_no_divergence():
    assert metrics.mode_coverage(at(grid(), [100] * 25), grid()).reverse_kl == 0


def test_stray_samples_capture_a_mode_without_mass():
    # The mass threshold is 2400 / 80 = 30 samples, inclusive.
    counts = [2400 - 1 - 29 - 30, 1, 29, 30, 0, 0, 0, 0]
    coverage = metrics.mode_coverage(at(ring(), counts), ring())
    assert (coverage.modes, coverage.covered_modes) == (4, 2)


def test_bad_samples_count_towards_the_threshold_of_mass():
    samples = np.concatenate([at(ring(), [29] + [0] * 7), np.zeros((2400 - 29, 2))])
    coverage = metrics.mode_coverage(samples, ring())
    assert (coverage.modes, coverage.covered_modes) == (1, 0)


def test_few_samples_give_no_mass_to_empty_modes():
    assert metrics.mode_coverage(ring().centers[:1], ring()).covered_modes == 1


def test_no_good_sample_ranks_behind_any_collapse():
    coverage = metrics.mode_coverage(np.zeros((10, 2)), ring())
    assert coverage == metrics.ModeCoverage(0, 0.0, math.inf, 0)


def test_result_is_json():
    coverage = metrics.mode_coverage(sample(ring(), 0).astype("float32"), ring())
    record = dataclasses.asdict(coverage)
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["modes", "high_quality_fraction", "reverse_kl", "covered_modes"]


def test_other_dimensions():
    corners = SimpleNamespace(centers=np.eye(3), stddev=0.1)
    assert metrics.mode_coverage(np.eye(3)[:2], corners).modes == 2


@pytest.mark.parametrize("shape", [(0, 2), (5, 3), (2,), (5, 2, 1)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=rf"\(n, 2\).*Received: shape \({shape[0]}"):
        metrics.mode_coverage(np.zeros(shape), ring())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_diverged_samples(value):
    samples = np.zeros((10, 2))
    samples[3, 1] = samples[7, 0] = samples[7, 1] = value
    with pytest.raises(ValueError, match="2 of 10 samples"):
        metrics.mode_coverage(samples, ring())
