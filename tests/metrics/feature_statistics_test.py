import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import metrics

REPLICAS = """
import keras, numpy as np, tensorflow as tf
from geans import metrics

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
features = np.random.default_rng(0).normal(3, 2, size=(101, 5)).astype("float32")
with strategy.scope():
    statistics = metrics.FeatureStatistics(5, center=1.0)

@tf.function
def update(batch):
    strategy.run(statistics.update_state, (batch,))

# The last batch has 5 rows: 3 for one replica, 2 for the other.
batches = tf.data.Dataset.from_tensor_slices(features).batch(8)
for batch in strategy.experimental_distribute_dataset(batches):
    update(batch)
# Replicas have held different parts.
parts = [float(part) for part in statistics.total.value.values]
found, expected = statistics.result(), metrics.Gaussian.of(features)
print(parts, found.count)
print(np.abs(found.mean - expected.mean).max())
print(np.abs(found.covariance - expected.covariance).max())
statistics.reset_state()
print(float(statistics.total.numpy()))
"""


def features(count=101, dimension=5, dtype="float32", mean=0.5):
    return np.random.default_rng(0).normal(mean, 2, size=(count, dimension)).astype(dtype)


def after(values, batch_size=8, **options):
    statistics = metrics.FeatureStatistics(values.shape[1], **options)
    for start in range(0, len(values), batch_size):
        statistics.update_state(values[start : start + batch_size])
    return statistics


def assert_same(found, expected, tolerance=1e-10):
    assert found.count == expected.count
    scale = np.sqrt(np.outer(expected.covariance.diagonal(), expected.covariance.diagonal()))
    np.testing.assert_allclose(found.mean, expected.mean, rtol=tolerance)
    assert np.abs((found.covariance - expected.covariance) / scale).max() < tolerance


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 8, 200])
def test_batches_give_what_all_at_once_gives(dtype, batch_size):
    values = features(dtype=dtype)
    assert_same(after(values, batch_size).result(), metrics.Gaussian.of(values))


def test_the_distance_is_the_same():
    real, fake = features(), 0.9 * features(80, mean=0) + 0.1
    found = metrics.frechet_distance_of(after(real).result(), after(fake).result())
    assert found == pytest.approx(metrics.frechet_distance(real, fake), rel=1e-10)


def test_float32_accumulates_in_float64():
    # Summed in float32, 1 would vanish beside 2^24.
    values = np.ones((3, 1), "float32")
    values[0] = 2**24
    assert after(values, batch_size=1).result().mean[0] == (2**24 + 2) / 3


@pytest.fixture(params=["mixed_float16", "float32", "mixed_bfloat16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield
    keras.config.set_dtype_policy(before)


def test_under_any_policy(policy):
    statistics = after(features())
    assert {variable.dtype for variable in statistics.variables} == {"float64"}
    assert_same(statistics.result(), metrics.Gaussian.of(features()))


def test_with_a_default_of_half_precision():
    keras.config.set_floatx("float16")
    try:
        assert_same(after(features()).result(), metrics.Gaussian.of(features()))
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("mean", [1e3, 1e6])
def test_a_center_keeps_the_digits_of_features_far_from_0(mean):
    values = features(1000, dtype="float64", mean=mean)
    expected = metrics.Gaussian.of(values)
    assert_same(after(values, center=values[0]).result(), expected)
    assert_same(after(values, center=mean).result(), expected)
    # As documented: without it, sums of squares lose twice as many digits as mean / stddev has.
    assert_same(after(values).result(), expected, tolerance=1e-14 * mean**2)


def test_a_constant_feature_has_no_variance_below_0():
    values = features(500)
    values[:, 2] = 0.1
    values[:, 3] = values[:, 4]
    found = after(values, 7).result()
    assert 0 <= found.covariance[2, 2] < 1e-15
    assert metrics.frechet_distance_of(found, metrics.Gaussian.of(values)) < 1e-6


def test_reset_and_merge():
    values = features()
    whole, first, second = after(values), after(values[:40]), after(values[40:])
    first.merge_state([second])
    assert_same(first.result(), whole.result())
    whole.reset_state()
    whole.update_state(values[:40])
    assert_same(whole.result(), metrics.Gaussian.of(values[:40]))


def test_only_the_like_merge():
    one = metrics.FeatureStatistics(2, center=1.0)
    for other in (metrics.FeatureStatistics(2), metrics.FeatureStatistics(3, center=1.0)):
        with pytest.raises(ValueError, match=r"Received: \(2, \[1.0, 1.0\]\) and"):
            one.merge_state([other])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_in_a_compiled_function(jit_compile):
    statistics = metrics.FeatureStatistics(5)
    update = tf.function(
        statistics.update_state,
        input_signature=[tf.TensorSpec((None, 5), "float32")],
        jit_compile=jit_compile,
    )
    for start in range(0, 101, 8):
        update(tf.constant(features()[start : start + 8]))
    assert_same(statistics.result(), metrics.Gaussian.of(features()))


@pytest.mark.parametrize("center", [None, 0.5, [1.0, 2.0]])
def test_config_makes_an_empty_one_like_it(center):
    statistics = metrics.FeatureStatistics(2, center=center, name="of_real")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(statistics))
    assert again.get_config() == statistics.get_config()
    again.merge_state([statistics])


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_features(count):
    with pytest.raises(ValueError, match=f"at least two features. Received: {count}"):
        after(features(count)).result()


def test_broken_features():
    values = features()
    values[3, 3] = np.nan
    with pytest.raises(ValueError, match="contained NaN or infinity"):
        after(values).result()


def test_weights_are_refused():
    with pytest.raises(ValueError, match="Leave out the rows"):
        metrics.FeatureStatistics(5).update_state(features(), sample_weight=np.ones(101))


@pytest.mark.parametrize("shape", [(5,), (7, 4), (2, 5, 5)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=r"\(batch, 5\). Received: shape \("):
        metrics.FeatureStatistics(5).update_state(np.ones(shape))


@pytest.mark.parametrize(
    "dimension, center, message",
    [
        (0, None, "dimension must be a positive integer"),
        (2.0, None, "dimension=2.0"),
        (2, [1.0, 2.0, 3.0], r"center must be.*\(2,\)"),
        (2, np.nan, "center must be a finite"),
    ],
)
def test_nonsense(dimension, center, message):
    with pytest.raises(ValueError, match=message):
        metrics.FeatureStatistics(dimension, center=center)


@pytest.mark.nightly
def test_two_replicas_give_what_one_gives(run_python, tmp_path):
    lines = run_python(REPLICAS, tmp_path).splitlines()
    assert lines[0] == "[51.0, 50.0] 101"
    assert float(lines[1]) < 1e-10 and float(lines[2]) < 1e-10
    assert lines[3] == "0.0"
