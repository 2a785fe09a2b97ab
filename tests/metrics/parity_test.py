"""Numbers of the packages of others, asked for where they are installed.

    pip install torch-fidelity clean-fid

brings PyTorch along; take its build for CPUs, since triton, which comes with the others, crashes in
a process that has loaded TensorFlow. Elsewhere the golden numbers in the tests of each metric have
to do; they are what these packages answered.
"""

import functools
import importlib.util

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from geans import metrics

EXAMPLES = hypothesis.settings(max_examples=60, deadline=None, derandomize=True)


@functools.cache
def pytorch():
    if importlib.util.find_spec("triton"):
        pytest.skip("triton crashes beside TensorFlow: install PyTorch's build for CPUs")
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    library = None
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        # Where its build does not fit PyTorch's, torchvision lacks operators that it asks for.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    # The operators last as long as something holds the library; the cache does.
    return torch, library


def torch_fidelity(module):
    """A module of torch-fidelity, and PyTorch."""
    if not importlib.util.find_spec("torch_fidelity"):
        pytest.skip("torch-fidelity is not installed")
    torch, _ = pytorch()
    return importlib.import_module(f"torch_fidelity.{module}"), torch


@st.composite
def sets(draw, least=2, values="normal"):
    dimension = draw(st.integers(1, 20))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    shapes = [(draw(st.integers(least, 60)), dimension) for _ in range(2)]
    if values == "integers":
        high = draw(st.integers(0, 5))
        return [random.integers(0, high, shape, endpoint=True).astype(float) for shape in shapes]
    shift = draw(st.sampled_from([0, 1, 5]))
    collapsed = draw(st.sampled_from([1, 1, 1, 0]))
    return [random.normal(size=shapes[0]), collapsed * random.normal(size=shapes[1]) + shift]


@EXAMPLES
@hypothesis.given(sets(least=5), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_kernel_distance_of_torch_fidelity(features, subset_size, seed):
    module, torch = torch_fidelity("metric_kid")
    expected = module.kid_features_to_metric(
        *map(torch.tensor, features),
        kid_subsets=7,
        kid_subset_size=subset_size,
        rng_seed=seed,
        verbose=False,
    )
    found = metrics.kernel_distance(*features, subsets=7, subset_size=subset_size, seed=seed)
    scale = max(np.max(np.mean(each**2, axis=1) + 1) ** 3 for each in features)
    assert found.mean == pytest.approx(
        expected["kernel_inception_distance_mean"], rel=1e-10, abs=1e-12 * scale
    )
    assert found.stddev == pytest.approx(
        expected["kernel_inception_distance_std"], rel=1e-10, abs=1e-12 * scale
    )


@EXAMPLES
@hypothesis.given(sets(least=10), st.integers(1, 10), st.none() | st.integers(0, 2**32 - 1))
def test_inception_score_of_torch_fidelity(logits, splits, seed):
    module, torch = torch_fidelity("metric_isc")
    expected = module.isc_features_to_metric(
        torch.tensor(logits[1]), splits, shuffle=seed is not None, rng_seed=seed
    )
    found = metrics.inception_score(logits[1], splits=splits, seed=seed)
    assert found.mean == pytest.approx(expected["inception_score_mean"], rel=1e-12)
    assert found.stddev == pytest.approx(expected["inception_score_std"], rel=1e-9, abs=1e-12)


def torch_precision_recall(real, fake, k):
    module, torch = torch_fidelity("metric_prc")
    found = module.prc_features_to_metric(
        torch.tensor(fake), torch.tensor(real), prc_neighborhood=k, verbose=False
    )
    return found["precision"], found["recall"]


@EXAMPLES
@hypothesis.given(sets(least=7), st.integers(1, 6))
def test_precision_and_recall_of_torch_fidelity_where_nothing_is_equal(features, k):
    real, fake = features
    hypothesis.assume(len(np.unique(fake, axis=0)) == len(fake))
    found = metrics.prdc(real, fake, k=k)
    expected = torch_precision_recall(real, fake, k)
    assert (found.precision, found.recall) == pytest.approx(expected, rel=1e-6)


@EXAMPLES
@hypothesis.given(sets(least=7, values="integers"), st.integers(1, 6))
def test_torch_fidelity_counts_ties_inside(features, k):
    found = metrics.prdc(*features, k=k)
    precision, recall = torch_precision_recall(*features, k)
    assert found.precision <= precision + 1e-6 and found.recall <= recall + 1e-6


def test_precision_and_recall_of_torch_fidelity_where_all_is_equal():
    point = np.full((10, 3), 0.5)
    assert torch_precision_recall(point, point, 3) == (1, 1)
    assert (metrics.prdc(point, point).precision, metrics.prdc(point, point).recall) == (0, 0)


@EXAMPLES
@hypothesis.given(sets())
def test_frechet_distance_of_torch_fidelity_and_clean_fid(features):
    module, torch = torch_fidelity("metric_fid")
    clean_fid = pytest.importorskip("cleanfid.fid", reason="clean-fid is not installed")
    found = metrics.frechet_distance(*features)
    scale = sum(np.sum(each**2) / len(each) for each in features)
    if features[0].shape[1] > 1:
        statistics = [module.fid_features_to_statistics(torch.tensor(each)) for each in features]
        expected = module.fid_statistics_to_metric(*statistics, verbose=False)
        # Of singular covariances they take roots of rounding errors.
        assert found == pytest.approx(expected["frechet_inception_distance"], abs=1e-5 * scale)
    try:
        expected = clean_fid.fid_from_feats(*features)
    except (TypeError, ValueError):
        # `sqrtm(disp=False)` returns one value from SciPy 1.18 on.
        hypothesis.reject()
    if np.isfinite(expected):
        assert found == pytest.approx(expected, abs=1e-4 * scale)
