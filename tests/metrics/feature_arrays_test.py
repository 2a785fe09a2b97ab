import numpy as np
import pytest
import tensorflow as tf

from geans.metrics import feature_arrays


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int64"])
def test_arrays_of_numbers_pass_as_they_are(dtype):
    features = np.ones((4, 3), dtype)
    assert feature_arrays.checked("features", features) is features


def test_tensors_and_lists_pass():
    assert feature_arrays.checked("features", tf.ones((4, 3))).dtype == np.float32
    assert feature_arrays.checked("features", [[1, 2]]).shape == (1, 2)


@pytest.mark.parametrize(
    "features, message",
    [
        (None, "real numbers.*object"),
        ("abc", "real numbers"),
        ([["a", "b"]], "real numbers"),
        (np.ones((4, 3), bool), "real numbers.*bool"),
        (np.ones((4, 3), complex), "real numbers.*complex128"),
        (tf.ones((4, 3), tf.bfloat16), "16 to 64 bits.*bfloat16"),
        (3.0, r"shape \(n, dimension\). Received: shape \(\)"),
        (np.ones(4), r"Received: shape \(4,\)"),
        (np.ones((4, 2, 2, 3)), r"Received: shape \(4, 2, 2, 3\). Flatten"),
        (np.ones((4, 0)), r"Received: shape \(4, 0\)"),
        (np.ones((0, 4)), "some features must have at least 2 rows. Received: 0"),
        (np.ones((1, 4)), "at least 2 rows. Received: 1"),
    ],
)
def test_anything_else_is_refused(features, message):
    with pytest.raises(ValueError, match=message):
        feature_arrays.checked("some features", features, least=2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.1e15, -1e300])
def test_rows_with_numbers_that_no_network_means_are_counted(value):
    features = np.ones((2000, 3))
    features[3, 1] = features[1900, 0] = features[1900, 2] = value
    with pytest.raises(ValueError, match="2 of 2000 rows of some features contain NaN, infinity"):
        feature_arrays.checked("some features", features)


def test_the_smallest_of_integers_is_not_mistaken_for_its_negative():
    with pytest.raises(ValueError, match="beyond 1e\\+15"):
        feature_arrays.checked("features", np.full((2, 1), np.iinfo("int64").min))


def test_samples_are_bytes_or_finite_floats():
    feature_arrays.check_samples("clips", np.zeros((3, 2), "uint8"))
    samples = np.zeros((5, 2, 2), "float16")
    feature_arrays.check_samples("clips", samples)
    samples[1], samples[3, 0, 1] = np.nan, np.inf
    with pytest.raises(ValueError, match="2 of 5 clips contain NaN.*drop these clips"):
        feature_arrays.check_samples("clips", samples)
    with pytest.raises(ValueError, match="clips must be uint8, or floats.* Received: int64"):
        feature_arrays.check_samples("clips", np.zeros((3, 2), "int64"))


def test_pairs_have_one_dimension():
    with pytest.raises(ValueError, match="dimensions differ. Received: 3 and 4"):
        feature_arrays.checked_pair(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="fake_features must have at least 2 rows"):
        feature_arrays.checked_pair(np.ones((2, 3)), np.ones((1, 3)), least=2)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("shape", [(1, 1), (2000, 3), (5, 3_000_000)])
def test_blocks_are_all_rows_in_order_and_small(shape, dtype):
    features = np.ones(shape, dtype) * np.arange(shape[0], dtype=dtype)[:, None]
    origin = np.full(shape[1], 2.5)
    for block_origin, shift in ((None, 0), (origin, 2.5)):
        found = list(feature_arrays.blocks(features, block_origin))
        assert [row for rows, _ in found for row in range(*rows.indices(shape[0]))] == list(
            range(shape[0])
        )
        for rows, block in found:
            assert block.dtype == np.float64
            assert block.nbytes <= max(2**24, 8 * shape[1])
            np.testing.assert_array_equal(block[:, -1], features[rows, -1] - shift)


def test_blocks_of_float64_are_no_copies():
    features = np.ones((5, 3))
    assert all(np.shares_memory(block, features) for _, block in feature_arrays.blocks(features))
