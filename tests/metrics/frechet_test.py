import dataclasses
import json

import hypothesis
import numpy as np
import pytest
import scipy.linalg
from hypothesis import strategies as st

from geans import metrics


def pair(count, dimension=64):
    real = np.random.default_rng(0).normal(size=(count, dimension))
    return real, 0.1 + 0.9 * np.random.default_rng(1).normal(size=(count, dimension))


def by_singular_values(real, fake):
    """The trace of the root is the nuclear norm of centred real times centred fake features."""
    centered = [(each - each.mean(axis=0)) / np.sqrt(len(each) - 1) for each in (real, fake)]
    norm = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    means = np.sum((real.mean(axis=0) - fake.mean(axis=0)) ** 2)
    return means + sum(np.sum(each**2) for each in centered) - 2 * norm


def by_sqrtm(real, fake):
    """What pytorch-fid does, and clean-fid."""
    covariances = [np.atleast_2d(np.cov(each, rowvar=False)) for each in (real, fake)]
    root = np.trace(scipy.linalg.sqrtm(covariances[0] @ covariances[1])).real
    means = np.sum((real.mean(axis=0) - fake.mean(axis=0)) ** 2)
    return means + np.trace(covariances[0] + covariances[1]) - 2 * root


# The values on which clean-fid, pytorch-fid, torch-fidelity, torchmetrics and TF-GAN agree.
@pytest.mark.parametrize("count, value", [(2000, 2.305777858), (1000, 3.237109271)])
def test_value_of_five_packages(count, value):
    assert round(metrics.frechet_distance(*pair(count)), 9) == value


def test_value_of_a_collapsed_generator():
    real, _ = pair(500)
    point = np.full_like(real, 0.3)
    assert round(metrics.frechet_distance(real, point), 8) == 69.38592249
    assert round(metrics.frechet_distance(point, real), 8) == 69.38592249
    assert metrics.frechet_distance(point, point) == pytest.approx(0, abs=1e-30)
    assert metrics.frechet_distance(point, point + 0.5) == pytest.approx(64 * 0.25, rel=1e-13)


# Also with fewer samples than dimensions, where a plain clip at 0 leaves 1e-6.
@pytest.mark.parametrize("count, dimension", [(500, 64), (100, 300), (2, 64), (50, 1)])
@pytest.mark.parametrize("scale", [1, 1e-6, 1e6])
def test_identical_sets(count, dimension, scale):
    real = scale * pair(count, dimension)[0]
    assert 0 <= metrics.frechet_distance(real, real) < 2e-13 * max(dimension / 64, 1) * scale**2


def test_one_dimension_by_hand():
    # Means 1 and 6, standard deviations sqrt(2) and 3 sqrt(2).
    assert metrics.frechet_distance([[0], [2]], [[3], [9]]) == pytest.approx(25 + 2 * 2**2)


def test_gaussians_with_one_basis_by_hand():
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    real = metrics.Gaussian([0, 0, 0], basis @ np.diag([1.0, 4.0, 9.0]) @ basis.T)
    fake = metrics.Gaussian([0, 2, 0], basis @ np.diag([25.0, 4.0, 0.0]) @ basis.T)
    # |m - m'|^2 and the squared differences of standard deviations: (1 - 5)^2, 0, (3 - 0)^2.
    assert metrics.frechet_distance_of(real, fake) == pytest.approx(4 + 16 + 9)


def test_a_turn_of_all_features_changes_nothing():
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(64, 64)))[0]
    real, fake = pair(200)
    expected = metrics.frechet_distance(real, fake)
    assert metrics.frechet_distance(real @ turn, fake @ turn) == pytest.approx(expected, rel=1e-12)
    assert metrics.frechet_distance(fake, real) == pytest.approx(expected, rel=1e-12)


@st.composite
def sets(draw):
    """Real and fake features: few or many, of low rank, far away, in float32, collapsed."""
    dimension = draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    found = []
    for _ in range(2):
        rank = draw(st.integers(0, dimension))
        features = random.normal(size=(draw(st.integers(2, 40)), rank))
        features = features @ random.normal(size=(rank, dimension)) + random.normal(size=dimension)
        found.append(draw(st.sampled_from([1, 1e-3, 1e3])) * features)
    return found


@pytest.mark.filterwarnings("ignore:Matrix is singular")
@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(sets())
def test_random_shapes_and_ranks_give_what_the_definition_says(features):
    real, fake = features
    scale = np.sum(real**2) / len(real) + np.sum(fake**2) / len(fake)
    found = metrics.frechet_distance(real, fake)
    assert found >= 0
    assert found == pytest.approx(by_singular_values(real, fake), abs=1e-12 * scale)
    root = by_sqrtm(real, fake)
    if np.isfinite(root):
        # Of a singular matrix, sqrtm takes roots of rounding errors.
        full_rank = np.linalg.matrix_rank(real - real.mean(axis=0)) == real.shape[1]
        full_rank &= np.linalg.matrix_rank(fake - fake.mean(axis=0)) == real.shape[1]
        assert found == pytest.approx(root, abs=(1e-9 if full_rank else 1e-5) * scale)


def test_float32_features_are_summed_in_float64():
    real, fake = (each.astype("float32") + np.float32(100) for each in pair(3000, 8))
    expected = metrics.frechet_distance(real.astype("float64"), fake.astype("float64"))
    assert metrics.frechet_distance(real, fake) == expected


def test_moments_are_those_of_numpy():
    features = pair(2000, 5)[0] + 1e6
    gaussian = metrics.Gaussian.of(features)
    np.testing.assert_allclose(gaussian.mean, features.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(gaussian.covariance, np.cov(features, rowvar=False), rtol=1e-9)
    assert gaussian.count == 2000


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_broken_features(value):
    real, fake = pair(10)
    fake[3, 1] = value
    with pytest.raises(ValueError, match="1 of 10 rows of fake_features"):
        metrics.frechet_distance(real, fake)


def test_one_sample_has_no_covariance():
    with pytest.raises(ValueError, match="real_features must have at least 2 rows. Received: 1"):
        metrics.frechet_distance(np.ones((1, 3)), np.ones((5, 3)))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([[0.0]], [[1.0]]), r"shapes \(1, 1\) and \(1, 1\)"),
        (([], np.ones((0, 0))), r"shapes \(0,\)"),
        (([0.0, 1.0], np.eye(3)), r"shapes \(2,\) and \(3, 3\)"),
        (([0.0, np.nan], np.eye(2)), "NaN"),
        (([0.0, 0.0], np.full((2, 2), np.inf)), "infinity"),
        (([0.0, 0.0], [[1, 0.5], [0, 1]]), "differs from its transpose by 0.5"),
        (([0.0], [[-1.0]]), "variances from -1"),
        (([0.0], [[1.0]], 0), "count must be a positive integer. Received: 0"),
        (([0.0], [[1.0]], 2.5), "count must be"),
    ],
)
def test_what_is_no_gaussian(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.Gaussian(*arguments)


def test_statistics_are_asked_for_by_name():
    gaussian = metrics.Gaussian([0.0], [[1.0]])
    with pytest.raises(ValueError, match="metrics.Gaussian.of"):
        metrics.frechet_distance_of(np.ones((5, 1)), gaussian)
    with pytest.raises(ValueError, match="dimensions 1 and 2"):
        metrics.frechet_distance_of(gaussian, metrics.Gaussian([0.0, 0.0], np.eye(2)))


def mean_distance(variances, count, other_count, repetitions):
    """Mean and its standard error of distances between samples of one Gaussian."""
    random = np.random.default_rng(0)
    deviations = np.sqrt(variances)
    found = [
        metrics.frechet_distance(
            random.normal(size=(count, len(variances))) * deviations,
            random.normal(size=(other_count, len(variances))) * deviations,
        )
        for _ in range(repetitions)
    ]
    return np.mean(found), np.std(found) / np.sqrt(repetitions)


@pytest.mark.parametrize("count, other_count", [(64, 64), (100, 100), (160, 64), (100, 1600)])
@pytest.mark.parametrize("variances", [np.ones(16), np.geomspace(0.01, 10, 16)])
def test_bias_is_the_mean_of_simulations(variances, count, other_count):
    mean, error = mean_distance(variances, count, other_count, 200)
    bias = metrics.frechet_bias(16, count, other_count=other_count, covariance=np.diag(variances))
    assert error < 0.04 * bias
    assert abs(mean - bias) < 4 * error + 0.02 * bias


def test_bias_of_the_identity():
    # (2 d + d (d + 1) / 2) / n.
    assert metrics.frechet_bias(64, 1000) == pytest.approx((128 + 64 * 65 / 2) / 1000)
    assert metrics.frechet_bias(64, 1000, covariance=np.eye(64)) == pytest.approx(2.208)
    assert metrics.frechet_bias(2048, 50_000) == pytest.approx(42.04, abs=0.01)


def test_bias_of_data_in_a_plane_is_that_of_the_plane():
    covariance = np.zeros((5, 5))
    covariance[1, 1] = covariance[3, 3] = 1
    expected = metrics.frechet_bias(2, 100)
    assert metrics.frechet_bias(5, 100, covariance=covariance) == pytest.approx(expected)


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        ((0, 10), {}, "dimension must be a positive integer.*Received: dimension=0"),
        ((2, 10.0), {}, "count=10.0"),
        ((2, 10), {"other_count": True}, "other_count=True"),
        ((2, 10), {"covariance": np.eye(3)}, r"shapes \(2,\) and \(3, 3\)"),
    ],
)
def test_bias_of_nonsense(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.frechet_bias(*arguments, **options)


def test_per_class_is_the_distance_of_each_class():
    real, fake = pair(100, 3)
    real_labels, fake_labels = np.arange(100) % 3 + 4, np.arange(100) % 3 + 4
    found = metrics.frechet_distance_per_class(real, real_labels, fake, fake_labels)
    assert found.distances == {
        label: metrics.frechet_distance(real[real_labels == label], fake[fake_labels == label])
        for label in (4, 5, 6)
    }
    assert found.mean == pytest.approx(np.mean(list(found.distances.values())))


def test_per_class_sees_labels_that_are_ignored():
    real = np.repeat([[0.0], [10.0]], 50, axis=0) + np.random.default_rng(0).normal(size=(100, 1))
    labels = np.repeat([0, 1], 50)
    ignored = np.random.default_rng(1).permutation(100)
    assert metrics.frechet_distance(real, real[ignored]) == pytest.approx(0, abs=1e-12)
    found = metrics.frechet_distance_per_class(real, labels, real[ignored], labels)
    # In each class, half of the fakes are 10 away: the mean is 5 off, the deviation 5 instead of 1.
    assert found.mean == pytest.approx(5**2 + (np.sqrt(26) - 1) ** 2, rel=0.1)
    assert metrics.frechet_distance_per_class(real, labels, real, labels).mean < 1e-12


def test_per_class_is_json():
    labels = np.array([0, 0, 1, 1], "uint8")
    found = metrics.frechet_distance_per_class(np.eye(4), labels, np.eye(4), labels)
    record = dataclasses.asdict(found)
    assert json.loads(json.dumps(record)) == {
        "distances": {"0": pytest.approx(0, abs=1e-15), "1": pytest.approx(0, abs=1e-15)},
        "mean": pytest.approx(0, abs=1e-15),
    }


@pytest.mark.parametrize(
    "real_labels, fake_labels, message",
    [
        ([0, 0, 1, 1, 1], [0, 0, 0, 0, 2], r"Too few real ones: classes \[2\]"),
        ([0, 0, 1, 1, 7], [0, 0, 0, 0, 1], r"Too few real ones: classes \[7\]"),
        ([0, 0, 1, 1, 1], [0, 0, 0, 0, 0], r"Too few fake ones: classes \[1\]"),
        ([0, 0, 1, 1], [0, 0, 0, 1, 1], r"real_labels.*shape \(5,\). Received: shape \(4,\)"),
        ([[0, 0, 1, 1, 1]], [0, 0, 0, 1, 1], r"shape \(1, 5\)"),
        ([0, 0, 1, 1, 1], [0.0, 0, 0, 1, 1], "fake_labels.*float64"),
        ([0, 0, 1, 1, 1], None, "fake_labels.*object"),
    ],
)
def test_labels_that_do_not_fit(real_labels, fake_labels, message):
    features = np.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(ValueError, match=message):
        metrics.frechet_distance_per_class(features, real_labels, features, fake_labels)
