import dataclasses
import json
import tracemalloc

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from geans import metrics


def pair(count, dimension=64):
    real = np.random.default_rng(0).normal(size=(count, dimension))
    return real, 0.1 + 0.9 * np.random.default_rng(1).normal(size=(count, dimension))


def of_the_package(real, fake, k):
    import prdc

    return prdc.compute_prdc(real, fake, k)


@pytest.mark.parametrize(
    "k, values", [(5, (0.963, 0.344, 3.6012, 1)), (3, (0.919, 0.25, 3.764, 0.99))]
)
def test_values_of_the_package(k, values):
    assert dataclasses.astuple(metrics.prdc(*pair(1000), k=k)) == pytest.approx(values, abs=1e-12)


def test_the_default_is_5():
    assert metrics.prdc(*pair(100)) == metrics.prdc(*pair(100), k=5)


def test_by_hand():
    # Radii: real 1, 1, 3; fake 2, 2, 6.
    found = metrics.prdc([[0.0], [1.0], [4.0]], [[1.5], [3.5], [9.5]], k=1)
    # 1.5 is in the ball of 1; 3.5 in that of 4; 9.5 in none. 1.5 is also in the ball of 4.
    assert found.precision == 2 / 3 and found.density == 3 / 3 and found.coverage == 2 / 3
    # 0 and 1 and 4 are in balls of fakes.
    assert found.recall == 1


@st.composite
def sets(draw, values):
    """Real and fake features and k; small integers, so that distances are exact and often equal."""
    dimension, k = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    # The package needs two more samples than k.
    shapes = [(draw(st.integers(k + 2, 40)), dimension) for _ in range(2)]
    return *(values(draw, random, shape) for shape in shapes), k


def integers(draw, random, shape):
    low, high = sorted(draw(st.tuples(st.integers(-20, 20), st.integers(-20, 20))))
    return random.integers(low, high, size=shape, endpoint=True).astype("float64")


def normals(draw, random, shape):
    scale = draw(st.sampled_from([1, 1e-6, 1e6]))
    return scale * (random.normal(size=shape) + draw(st.sampled_from([0, 1, 10])))


@pytest.mark.slow
@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(st.one_of(sets(integers), sets(normals)))
def test_random_shapes_give_what_the_package_gives(features):
    real, fake, k = features
    expected = of_the_package(real, fake, k)
    found = dataclasses.asdict(metrics.prdc(real, fake, k=k))
    assert found == pytest.approx({name: float(each) for name, each in expected.items()}, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "int32", "uint8"])
def test_small_integers_are_exact_in_every_type(dtype):
    random = np.random.default_rng(0)
    real, fake = random.integers(0, 3, (2, 60, 4))
    found = metrics.prdc(real.astype(dtype), fake.astype("float32"))
    assert found == metrics.prdc(real.astype("float64"), fake.astype("float64"))


@pytest.mark.slow
def test_several_blocks_are_one():
    # Blocks have at most 768 rows; the definition has all at once.
    real, fake = pair(1700, 3)
    distances = np.linalg.norm(real[:, None] - fake, axis=-1)
    real_radii = np.sort(np.linalg.norm(real[:, None] - real, axis=-1), axis=1)[:, 5]
    fake_radii = np.sort(np.linalg.norm(fake[:, None] - fake, axis=-1), axis=1)[:, 5]
    inside = distances < real_radii[:, None]
    assert metrics.prdc(real, fake) == metrics.PRDC(
        precision=inside.any(axis=0).mean(),
        recall=(distances < fake_radii).any(axis=1).mean(),
        density=pytest.approx(inside.sum() / (5 * 1700)),
        coverage=inside.any(axis=1).mean(),
    )


def test_equal_distributions():
    random = np.random.default_rng(0)
    found = metrics.prdc(*random.normal(size=(2, 2000, 8)), k=5)
    assert found.density == pytest.approx(1, abs=0.05)
    # Naeem et al., lemma 2.
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.015)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_generator_that_has_learnt_the_data_by_heart(dtype):
    real = pair(300)[0].astype(dtype)
    found = metrics.prdc(real, real)
    # Each ball has its own centre and four more; the fifth neighbour is at the radius, outside.
    assert found == metrics.PRDC(precision=1, recall=1, density=1, coverage=1)


def test_a_generator_that_collapsed_onto_a_real_sample():
    real, _ = pair(300)
    found = metrics.prdc(real, np.repeat(real[:1], 50, axis=0))
    # Balls of radius 0 hold nothing, not even their centre; `<=` would say 1 / 300.
    assert found.recall == 0
    assert found.precision == 1
    within = np.linalg.norm(real - real[0], axis=1)
    radii = np.sort(np.linalg.norm(real[:, None] - real, axis=-1), axis=1)[:, 5]
    assert found.coverage == np.mean(within < radii)


def test_everything_in_one_point():
    found = metrics.prdc(np.full((20, 3), 0.1), np.full((30, 3), 0.1))
    assert found == metrics.PRDC(precision=0, recall=0, density=0, coverage=0)


def test_equal_rows_of_different_types_and_signs_of_zero_are_equal():
    real = np.array([[0.0, 0.5], [1.5, 0.5], [3.0, 1.0]], "float32")
    fake = np.array([[-0.0, 0.5]] * 3)
    # Fake balls have radius 0.
    assert metrics.prdc(real, fake, k=1).recall == 0


def test_a_mean_far_away_costs_no_digits():
    random = np.random.default_rng(0)
    real, fake = random.integers(0, 5, (2, 100, 4)).astype("float64")
    # Squares of 1e8 have no room for units.
    assert metrics.prdc(real + 1e8, fake + 1e8) == metrics.prdc(real, fake)


def test_one_neighbour_more_than_there_are():
    real, fake = pair(10)
    assert metrics.prdc(real, fake, k=9).precision == 1
    with pytest.raises(ValueError, match="k=10, 10 real and 10 fake ones.*smaller k"):
        metrics.prdc(real, fake, k=10)
    with pytest.raises(ValueError, match="k=5, 10 real and 5 fake"):
        metrics.prdc(real, fake[:5])


@pytest.mark.parametrize("k", [0, -1, 1.0, True, None])
def test_k_is_a_count(k):
    with pytest.raises(ValueError, match="k must be a positive integer"):
        metrics.prdc(*pair(10), k=k)


def test_broken_features():
    real, fake = pair(10)
    real[2, 2] = np.nan
    with pytest.raises(ValueError, match="1 of 10 rows of real_features"):
        metrics.prdc(real, fake)
    with pytest.raises(ValueError, match="real_features must have at least 1 rows"):
        metrics.prdc(np.ones((0, 2)), fake)


def test_result_is_json():
    record = dataclasses.asdict(metrics.prdc(*pair(20)))
    assert json.loads(json.dumps(record)) == record


@pytest.mark.slow
def test_memory_does_not_hold_all_distances_nor_a_copy():
    # 3,000 x 3,000 distances would be 36 MB, and 3,000 x 2,048 in float64 49 MB, for each set.
    real, fake = (each.astype("float32") for each in pair(3000, 2048))
    tracemalloc.start()
    metrics.prdc(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Three blocks of 768 x 2,048 in float64 are 38 MB, and 768 x 768 distances 5.
    assert peak < 60e6
