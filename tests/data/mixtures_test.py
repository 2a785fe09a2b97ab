import numpy as np
import pytest
import tensorflow as tf

from geans.data import mixtures

MIXTURES = [mixtures.ring(), mixtures.grid(), mixtures.ring(modes=3, radius=0.5, stddev=0.1)]
each = pytest.mark.parametrize("mixture", MIXTURES, ids=lambda m: f"{m.name}{len(m.centers)}")


def nearest(mixture, points):
    distances = np.linalg.norm(points[:, None] - mixture.centers[None], axis=-1)
    return distances.argmin(axis=1), distances.min(axis=1)


def test_ring_centers_are_exact():
    half = np.sqrt(2)
    expected = [(2, 0), (half, half), (0, 2), (-half, half)]
    expected += [(-x, -y) for x, y in expected]
    np.testing.assert_allclose(mixtures.ring(modes=8, radius=2.0).centers, expected, atol=1e-15)


@pytest.mark.parametrize("modes", [1, 2, 7, 8, 100])
def test_ring_has_as_many_distinct_modes_as_asked(modes):
    # np.linspace(0, 2 * pi, modes) doubles one: eight asked, seven given.
    centers = mixtures.ring(modes=modes).centers
    gaps = np.linalg.norm(centers - np.roll(centers, 1, axis=0), axis=1)
    assert centers.shape == (modes, 2)
    np.testing.assert_allclose(gaps, 4 * np.sin(np.pi / modes), atol=1e-12)


def test_grid_centers_are_those_of_veegan():
    line = [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert mixtures.grid().centers.tolist() == [[x, y] for x in line for y in line]


@pytest.mark.parametrize("side, line", [(1, [0]), (2, [-1.5, 1.5]), (3, [-3, 0, 3])])
def test_grid_is_centered(side, line):
    centers = mixtures.grid(side=side, spacing=3.0).centers
    assert sorted(set(centers[:, 0])) == sorted(set(centers[:, 1])) == line


@each
def test_samples_have_the_stated_statistics(mixture):
    count, modes = 50_000, len(mixture.centers)
    points = mixture.sample(count, seed=5)
    assert points.shape == (count, 2) and points.dtype == np.float32
    mode, distance = nearest(mixture, points)
    shares = np.bincount(mode, minlength=modes) / count
    # Five standard errors of a share, then of a standard deviation over 2 * count coordinates.
    np.testing.assert_allclose(shares, 1 / modes, atol=5 * np.sqrt(1 / modes / count))
    deviations = points - mixture.centers[mode]
    np.testing.assert_allclose(deviations.std(), mixture.stddev, rtol=5 / np.sqrt(4 * count))
    np.testing.assert_allclose(deviations.mean(axis=0), 0, atol=5 * mixture.stddev / count**0.5)
    good = np.mean(distance <= 3 * mixture.stddev)
    assert abs(good - (1 - np.exp(-4.5))) < 0.0025


def test_the_seed_decides_the_samples():
    ring = mixtures.ring()
    np.testing.assert_array_equal(ring.sample(9), ring.sample(9, seed=0))
    assert not np.array_equal(ring.sample(9, seed=0), ring.sample(9, seed=1))
    assert not np.array_equal(ring.sample(9, seed=None), ring.sample(9, seed=None))


@each
def test_dataset_holds_the_samples_of_its_seed(mixture):
    dataset = mixture.dataset(batch_size=64, size=1000, seed=2)
    assert dataset.element_spec == tf.TensorSpec((None, 2), tf.float32)
    batches = list(dataset.as_numpy_iterator())
    assert [len(batch) for batch in batches] == [64] * 15 + [40]
    points, samples = np.concatenate(batches), mixture.sample(1000, seed=2)
    np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(samples, axis=0))


def test_dataset_shuffles_anew_and_repeats_for_its_seed():
    def two_epochs(seed):
        dataset = mixtures.ring().dataset(size=200, batch_size=200, seed=seed)
        return [next(iter(dataset)).numpy() for _ in range(2)]

    first, second = two_epochs(seed=1)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], two_epochs(seed=1))
    assert not np.array_equal(first, two_epochs(seed=2)[0])


def test_default_epoch_is_a_hundred_thousand_points():
    assert int(mixtures.ring().dataset().cardinality()) == 1563  # 100,000 / 64, rounded up


def test_centers_cannot_be_moved():
    with pytest.raises(ValueError, match="read-only"):
        mixtures.ring().centers[0] = 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: mixtures.ring(modes=0), "modes=0"),
        (lambda: mixtures.ring(modes=8.5), "modes=8.5"),
        (lambda: mixtures.ring(radius=0), "radius=0"),
        (lambda: mixtures.ring(radius=-2.0), "radius=-2.0"),
        (lambda: mixtures.ring(stddev=0.0), "stddev=0.0"),
        (lambda: mixtures.ring(stddev=float("nan")), "stddev=nan"),
        (lambda: mixtures.ring(radius=float("inf")), "radius=inf"),
        (lambda: mixtures.grid(side=0), "side=0"),
        (lambda: mixtures.grid(spacing=0.0), "spacing=0.0"),
        (lambda: mixtures.grid(stddev=-0.1), "stddev=-0.1"),
        (lambda: mixtures.ring().sample(0), "count=0"),
        (lambda: mixtures.ring().dataset(size=0), "size=0"),
        (lambda: mixtures.ring().dataset(batch_size=0), "batch_size=0"),
        (lambda: mixtures.Mixture("line", [1.0, 2.0], 0.1), r"\(2,\)"),
        (lambda: mixtures.Mixture("none", np.zeros((0, 2)), 0.1), r"\(0, 2\)"),
    ],
)
def test_impossible_mixtures_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
