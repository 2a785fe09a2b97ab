import dataclasses
import json
import math
import pathlib
import re
from types import SimpleNamespace

import numpy as np
import pytest

from geans import data, metrics
from geans.metrics import stacked_digits

TFDS = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")
DIGITS = SimpleNamespace(source="digits", channels=3)
N = 26_000


def one_of_each():
    """An image of every digit, which the classifier recognises, float32 (10, 8, 8)."""
    images, labels = data.stacked.optical_digits()
    return images[[int(np.argmax(labels == digit)) for digit in range(10)]] / np.float32(127.5) - 1


def stacks(numbers):
    return np.stack([one_of_each()[list(map(int, number))] for number in numbers]).transpose(
        0, 2, 3, 1
    )


def stated_accuracy(source):
    return float(re.search(rf'"{source}": ([\d.]+) %', stacked_digits.__doc__)[1])


def test_accuracy_on_digits_held_out_is_the_stated_one():
    images, labels = data.stacked.optical_digits()
    chosen = data.stacked.held_out()
    found = stacked_digits.classify(images[chosen][..., None] / 127.5 - 1, "digits")
    assert round(100 * np.mean(found == labels[chosen]), 1) == stated_accuracy("digits") > 98


@pytest.mark.slow
@needs_tfds
def test_accuracy_on_the_test_set_of_mnist_is_the_stated_one():
    options = {"split": "test", "labels": True, "shuffle": False, "batch_size": 10_000}
    images, labels = next(iter(data.images.from_tfds("mnist", data_dir=TFDS, **options)))
    found = stacked_digits.classify(images, "mnist")
    assert round(100 * np.mean(found == labels), 1) == stated_accuracy("mnist") >= 99


@pytest.mark.parametrize("source", stacked_digits.SIZES)
def test_the_weights_are_small(source):
    assert stacked_digits._path(source).stat().st_size < 400_000


def test_a_stack_has_the_index_that_its_digits_spell():
    counts = stacked_digits.samples_per_mode(stacks(["123", "907", "123", "000"]), DIGITS)
    assert len(counts) == 1_000
    assert {int(i): int(counts[i]) for i in np.flatnonzero(counts)} == {0: 1, 123: 2, 907: 1}


def test_numbers_worked_by_hand():
    coverage = metrics.mode_coverage(stacks(["123", "907", "123", "000"]), DIGITS)
    # Shares 1/2, 1/4, 1/4 against 1/1000.
    expected = 0.5 * math.log(500) + 0.5 * math.log(250)
    assert coverage == metrics.ModeCoverage(
        modes=3, high_quality_fraction=None, reverse_kl=pytest.approx(expected), covered_modes=3
    )


@pytest.mark.slow
def test_mass_is_a_tenth_of_the_fair_share():
    # Of 20,000 samples 20 are fair, and 2 are mass.
    images = np.repeat(stacks(["123", "907", "555"]), [19_997, 2, 1], axis=0)
    coverage = metrics.mode_coverage(images, DIGITS)
    assert (coverage.modes, coverage.covered_modes) == (3, 2)


def test_one_image_again_and_again_is_ln_1000():
    coverage = metrics.mode_coverage(np.zeros((50, 8, 8, 3)), DIGITS)
    assert (coverage.modes, coverage.reverse_kl) == (1, pytest.approx(6.9078, abs=1e-4))


def true_kl(labels, count):
    """Of independent channels: three times that of a digit, and the bias of `count` samples."""
    shares = np.bincount(labels) / len(labels)
    return 3 * np.sum(shares * np.log(10 * shares)) + 999 / (2 * count)


@pytest.mark.slow
def test_real_digits_show_every_mode():
    digits = data.stacked.digits()
    coverage = metrics.mode_coverage(digits.sample(N, seed=0), digits)
    assert (coverage.modes, coverage.covered_modes) == (1_000, 1_000)
    # Measured .0211, .0195, .0202 (seeds 0 to 2); 2n KL is chi-squared with 999 degrees of freedom.
    expected = true_kl(data.stacked.optical_digits()[1], N)
    assert coverage.reverse_kl == pytest.approx(expected, abs=5 * math.sqrt(2 * 999) / (2 * N))


@needs_tfds
@pytest.mark.nightly
def test_real_mnist_shows_every_mode():
    mnist = data.stacked.mnist(data_dir=TFDS)
    coverage = metrics.mode_coverage(mnist.sample(N, seed=0), mnist)
    assert (coverage.modes, coverage.covered_modes) == (1_000, 1_000)
    # Class sizes of the training set. Measured .0247, .0232, .0234 (seeds 0 to 2).
    sizes = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    expected = true_kl(np.repeat(np.arange(10), sizes), N)
    assert coverage.reverse_kl == pytest.approx(expected, abs=5 * math.sqrt(2 * 999) / (2 * N))


def test_result_is_json():
    record = dataclasses.asdict(metrics.mode_coverage(stacks(["123"]), DIGITS))
    assert json.loads(json.dumps(record)) == record and record["high_quality_fraction"] is None


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (5, 8, 8, 1), (5, 28, 28, 3), (5, 192)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=r"\(n, 8, 8, 3\).*Received: shape \("):
        metrics.mode_coverage(np.zeros(shape), DIGITS)


def test_unknown_source():
    letters = SimpleNamespace(source="letters", channels=3)
    with pytest.raises(ValueError, match="mnist, digits. Received: source='letters'"):
        metrics.mode_coverage(np.zeros((5, 8, 8, 3)), letters)


def test_diverged_samples():
    images = np.zeros((10, 8, 8, 3))
    images[3, 1, 1, 0] = images[7, 0, 0, 2] = images[7, 5, 5, 1] = np.nan
    with pytest.raises(ValueError, match="2 of 10 samples"):
        metrics.mode_coverage(images, DIGITS)
    assert metrics.mode_coverage_or_nothing(images, DIGITS) == metrics.ModeCoverage(
        modes=0, high_quality_fraction=None, reverse_kl=math.inf, covered_modes=0
    )
