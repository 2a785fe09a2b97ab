import dataclasses
import json

import numpy as np
import pytest

from geans import metrics


def pair(count, dimension=64):
    real = np.random.default_rng(0).normal(size=(count, dimension))
    return real, 0.1 + 0.9 * np.random.default_rng(1).normal(size=(count, dimension))


def by_loops(real, fake):
    def kernel(x, y):
        return (np.dot(x, y) / len(x) + 1) ** 3

    def within(features):
        n = len(features)
        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        return np.mean([kernel(features[i], features[j]) for i, j in pairs])

    return within(real) + within(fake) - 2 * np.mean([[kernel(x, y) for x in real] for y in fake])


# On which torch-fidelity, clean-fid, torchmetrics and piq agree.
def test_value_of_four_packages():
    found = metrics.kernel_distance(*pair(1000), subset_size=None)
    assert round(found.mean, 10) == 0.0269283772
    assert found.stddev == 0


def test_value_of_torch_fidelity_with_its_seed():
    # kid_features_to_metric(real, fake, kid_subsets=20, kid_subset_size=100, rng_seed=2020),
    # version 0.4.0, on tensors of float64; `parity_test.py` asks it, where it is installed.
    found = metrics.kernel_distance(*pair(1000), subsets=20, subset_size=100, seed=2020)
    assert dataclasses.astuple(found) == pytest.approx(
        (0.020552546690141615, 0.013091943296514705), rel=1e-12
    )


@pytest.mark.parametrize("shapes", [((5, 3), (7, 3)), ((2, 1), (2, 1)), ((9, 2), (2, 2))])
def test_one_block_is_the_definition_for_unequal_sizes_too(shapes):
    random = np.random.default_rng(0)
    real, fake = (random.normal(size=shape) for shape in shapes)
    found = metrics.kernel_distance(real, fake, subset_size=None)
    assert found.mean == pytest.approx(by_loops(real, fake), rel=1e-12)


def test_several_blocks_are_one():
    # Blocks have at most 768 rows.
    real, fake = pair(1700, 4)
    products = real @ fake.T / 4 + 1
    grams = [(each @ each.T / 4 + 1) ** 3 for each in (real, fake)]
    within = sum((gram.sum() - np.trace(gram)) / (1700 * 1699) for gram in grams)
    expected = within - 2 * np.mean(products**3)
    found = metrics.kernel_distance(real, fake, subset_size=None)
    assert found.mean == pytest.approx(expected, rel=1e-10)


def test_subsets_of_everything_are_one_block():
    real, fake = pair(50)
    found = metrics.kernel_distance(real, fake, subsets=3, subset_size=50)
    expected = metrics.kernel_distance(real, fake, subset_size=None)
    assert found.mean == pytest.approx(expected.mean, rel=1e-12)
    assert found.stddev == pytest.approx(0, abs=1e-14)


def test_a_seed_is_a_number_for_ever():
    options = {"subsets": 5, "subset_size": 20}
    real, fake = pair(100)
    found = metrics.kernel_distance(real, fake, seed=1, **options)
    assert metrics.kernel_distance(real, fake, seed=1, **options) == found
    assert metrics.kernel_distance(real, fake, seed=2, **options) != found
    assert metrics.kernel_distance(real, fake, seed=0, **options) == metrics.kernel_distance(
        real, fake, **options
    )


def test_it_is_unbiased():
    random = np.random.default_rng(0)
    found = [
        metrics.kernel_distance(
            random.normal(size=(10, 4)), random.normal(size=(20, 4)), subset_size=None
        ).mean
        for _ in range(2000)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error
    # A biased estimate, which counts pairs of a sample with itself, is about 1.5 here.
    assert 4 * error < 0.1


def test_collapsed_and_equal():
    point = np.full((10, 4), 0.5)
    assert metrics.kernel_distance(point, point, subset_size=None).mean == 0
    # (.25 + 1)^3 + 1 - 2 for points at .5 and at 0.
    found = metrics.kernel_distance(point, np.zeros((10, 4)), subset_size=None)
    assert found.mean == pytest.approx(1.25**3 - 1)


def test_float32_is_computed_in_float64():
    real, fake = (each.astype("float32") for each in pair(100))
    found = metrics.kernel_distance(real, fake, subset_size=50, subsets=2)
    wide = [each.astype("float64") for each in (real, fake)]
    assert found == metrics.kernel_distance(*wide, subset_size=50, subsets=2)


def test_result_is_json():
    record = dataclasses.asdict(metrics.kernel_distance(*pair(20), subsets=2, subset_size=5))
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "at most 20.*Received: subset_size=1000.*subset_size=20, or None"),
        ({"subset_size": 21}, "subset_size=21"),
        ({"subset_size": 1}, "at least 2 samples"),
        ({"subset_size": 5.0}, "subset_size=5.0"),
        ({"subset_size": 5, "subsets": 0}, "subsets must be a positive integer"),
        ({"subset_size": 5, "seed": -1}, "seed=-1"),
        ({"subset_size": 5, "seed": 2**32}, "seed must be an integer from 0"),
        ({"subset_size": 5, "seed": None}, "seed=None"),
    ],
)
def test_numbers_that_do_not_fit(options, message):
    real, fake = pair(30, 2)
    with pytest.raises(ValueError, match=message):
        metrics.kernel_distance(real, fake[:20], **options)


def test_too_few_and_broken_features():
    with pytest.raises(ValueError, match="at least 2 rows"):
        metrics.kernel_distance(np.ones((1, 3)), np.ones((5, 3)), subset_size=None)
    with pytest.raises(ValueError, match="1 of 2 rows of real_features"):
        metrics.kernel_distance([[0.0], [np.nan]], [[0.0], [1.0]], subset_size=None)
