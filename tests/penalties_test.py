import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import penalties

SEED = tf.constant([1, 2])
POINTS = tf.reshape(tf.range(16.0), (8, 2))

# With a linear critic of weights (3, 4), whose gradient has norm 5 everywhere.
LINEAR = {
    "GradientPenalty(weight=1)": (penalties.GradientPenalty(weight=1.0), (5 - 1) ** 2),
    "GradientPenalty()": (penalties.GradientPenalty(), 10 * (5 - 1) ** 2),
    "target 7": (penalties.GradientPenalty(1.0, 7.0), (5 - 7) ** 2),
    "one-sided, target 7": (penalties.GradientPenalty(1.0, 7.0, one_sided=True), 0),
    "one-sided, target 1": (penalties.GradientPenalty(1.0, 1.0, one_sided=True), 16),
    "R1(0.1)": (penalties.R1(0.1), 25 / 2 * 0.1),
    "R2(0.2)": (penalties.R2(0.2), 25 / 2 * 0.2),
    "R1(1, interval=1)": (penalties.R1(1.0, interval=1), 12.5),
    "sum": (penalties.R1(0.1) + penalties.R2(0.2) + penalties.GradientPenalty(1.0), 19.75),
}
INVALID = (
    (penalties.GradientPenalty, {"weight": -1.0}, "weight=-1.0"),
    (penalties.GradientPenalty, {"weight": float("nan")}, "weight=nan"),
    (penalties.GradientPenalty, {"target": -0.5}, "target=-0.5"),
    (penalties.R1, {"gamma": -3}, "gamma=-3"),
    (penalties.R2, {"gamma": -3}, "gamma=-3"),
    (penalties.R1, {"interval": 0}, "Received: 0"),
    (penalties.R1, {"interval": 1.5}, "Received: 1.5"),
    (penalties.Sum, {"penalties": []}, "one penalty or more"),
    (penalties.Sum, {"penalties": [None]}, "one penalty or more"),
)

every_linear = pytest.mark.parametrize("penalty, expected", LINEAR.values(), ids=LINEAR)
every_name = pytest.mark.parametrize("name", penalties.PENALTIES)


def linear(points, training=False):
    return points @ [[3.0], [4.0]]


def quadratic(points, training=False):
    """A critic with gradient `points`."""
    return tf.square(points) / 2


def small_network():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, activation="softplus"), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((2,)), *layers])


def test_table_has_every_public_penalty():
    public = {
        value
        for name, value in inspect.getmembers(penalties, inspect.isclass)
        if issubclass(value, penalties.Penalty) and not name.startswith("_")
    }
    assert set(penalties.PENALTIES.values()) == public - {penalties.Penalty, penalties.Sum}


@every_linear
def test_linear_critic(penalty, expected):
    value = penalty(linear, POINTS, POINTS, SEED)
    assert value.shape == () and value.dtype == tf.float32
    np.testing.assert_allclose(value, expected, rtol=1e-5)


@every_linear
def test_norm_runs_over_all_axes_of_a_sample_and_all_its_logits(penalty, expected):
    """Patch logits (a, b) per sample add up, as do the pixels of an image."""

    def patches(images, training=False):
        flat = tf.reshape(images, (-1, 2))
        return tf.reshape(flat * [3.0, 4.0], (-1, 2, 1, 1))

    images = tf.reshape(POINTS, (8, 1, 2, 1))
    np.testing.assert_allclose(penalty(patches, images, images, SEED), expected, rtol=1e-5)


@every_linear
def test_features_in_a_list_are_one_long_input(penalty, expected):
    def of_two(parts, training=False):
        return linear(tf.concat(parts, 1))

    parts = tf.split(POINTS, 2, axis=1)
    np.testing.assert_allclose(penalty(of_two, parts, parts, SEED), expected, rtol=1e-5)


@every_linear
def test_zero_gradient_has_finite_slopes(penalty, expected):
    weights = tf.Variable(tf.zeros((2, 1)))
    with tf.GradientTape() as tape:
        value = penalty(lambda points, training: points @ weights, POINTS, POINTS, SEED)
    assert np.isfinite(value)
    assert np.all(np.isfinite(tape.gradient(value, weights)))


@pytest.mark.slow
@every_name
def test_second_derivatives_reach_the_weights(name):
    """Against central differences of the penalty itself."""
    penalty, network = penalties.get(name), small_network()
    kernel = network.layers[0].kernel

    def value():
        return penalty(network, POINTS / 8, POINTS / 8 - 1, SEED)

    with tf.GradientTape() as tape:
        loss = value()
    gradients = tape.gradient(loss, network.trainable_variables)
    start, step = kernel.numpy(), 1e-2
    bump = np.zeros_like(start)
    bump[1, 2] = step
    kernel.assign(start + bump)
    above = value()
    kernel.assign(start - bump)
    below = value()
    slope = float(above - below) / (2 * step)
    assert abs(slope) > 1e-2
    np.testing.assert_allclose(gradients[0][1, 2], slope, rtol=2e-2)


@every_name
def test_called_in_training_mode_and_never_moves_the_generator(name):
    modes = []

    def critic(points, training=False):
        modes.append(training)
        return quadratic(points)

    with tf.GradientTape() as tape:
        tape.watch(POINTS)
        value = penalties.get(name)(critic, POINTS, 2 * POINTS, SEED)
    assert modes == [True]
    assert tape.gradient(value, POINTS) is None


def test_r1_reads_real_and_r2_fake_of_any_batch_size():
    real, fake = tf.constant([[3.0, 4.0]]), tf.constant([[0.0, 2.0], [1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(penalties.R1(2.0)(quadratic, real, fake, SEED), 25)
    np.testing.assert_allclose(penalties.R2(2.0)(quadratic, real, fake, SEED), (4 + 2) / 3)


def test_gradient_penalty_mixes_with_one_uniform_coefficient_per_sample():
    seen = []

    def critic(images, training=False):
        seen.append(images)
        return images

    zeros, ones = tf.zeros((4000, 2, 2, 1)), tf.ones((4000, 2, 2, 1))
    penalties.GradientPenalty()(critic, zeros, ones, SEED)
    coefficients = seen[0].numpy().reshape(4000, 4)
    assert np.all(coefficients == coefficients[:, :1])
    quartiles = np.quantile(coefficients[:, 0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [0, 0.25, 0.5, 0.75, 1], atol=0.03)


def test_gradient_penalty_follows_its_seed():
    penalty = penalties.GradientPenalty()
    first, again, other = (
        float(penalty(quadratic, POINTS, -POINTS, tf.constant(seed)))
        for seed in ([1, 2], [1, 2], [1, 3])
    )
    assert first == again != other


@pytest.mark.parametrize("fake", [POINTS[:1], POINTS[:, :1]])
def test_gradient_penalty_refuses_unequal_shapes(fake):
    with pytest.raises(ValueError, match=r"real of shape \(8, 2\)"):
        penalties.GradientPenalty()(linear, POINTS, fake, SEED)


@pytest.mark.parametrize("compiled", [False, True])
def test_lazy_penalty_is_scaled_and_costs_nothing_between(compiled):
    calls = tf.Variable(0)
    weights = tf.Variable([[3.0], [4.0]])

    def critic(points, training=False):
        calls.assign_add(1)
        return points @ weights

    def value_and_slope(step):
        with tf.GradientTape() as tape:
            value = penalties.R1(1.0, interval=4)(critic, POINTS, POINTS, SEED, step)
        return value, tape.gradient(value, weights, unconnected_gradients="zero")

    run = tf.function(value_and_slope) if compiled else value_and_slope
    results = [run(tf.constant(step, tf.int64)) for step in range(8)]
    np.testing.assert_allclose([value for value, _ in results], [50, 0, 0, 0] * 2)
    # d (4 / 2 * (a^2 + b^2)) = 4 (a, b)
    slopes = np.array([slope for _, slope in results]).reshape(8, 2)
    np.testing.assert_allclose(slopes, [[12, 16], [0, 0], [0, 0], [0, 0]] * 2)
    assert calls.numpy() == 2


def test_lazy_penalties_keep_their_intervals_in_a_sum():
    both = penalties.R1(2.0, interval=2) + penalties.R2(2.0, interval=3)
    values = [float(both(linear, POINTS, POINTS, SEED, step)) for step in range(6)]
    assert values == [125, 0, 50, 75, 50, 0]


def test_lazy_penalty_without_a_step_says_what_to_do():
    with pytest.raises(ValueError, match="interval=4.*Pass step"):
        penalties.R1(interval=4)(linear, POINTS, POINTS, SEED)


def test_sum_is_flat_and_ordered():
    a, b, c = penalties.R1(), penalties.R2(), penalties.GradientPenalty()
    assert (a + b + c).penalties == (a, b, c) == (a + (b + c)).penalties
    with pytest.raises(TypeError):
        a + 1


@pytest.mark.parametrize(
    "penalty",
    [
        penalties.GradientPenalty(2.0, 0.5, one_sided=True, interval=3),
        penalties.R1(0.3, interval=2),
        penalties.R2(0.4),
        penalties.R1(0.3, interval=2) + penalties.R2(0.4),
    ],
)
def test_serialization_round_trip(penalty):
    config = keras.saving.serialize_keras_object(penalty)
    again = penalties.get(config)
    assert type(again) is type(penalty)
    assert keras.saving.serialize_keras_object(again) == config
    assert set(penalty.get_config()) <= set(vars(penalty))
    points = POINTS / 8
    values = [each(quadratic, points, -points, SEED, step=0) for each in (penalty, again)]
    assert values[0] == values[1] > 0


@pytest.mark.parametrize("penalty_class, arguments, received", INVALID)
def test_invalid_arguments(penalty_class, arguments, received):
    with pytest.raises(ValueError, match=received):
        penalty_class(**arguments)


def test_get_accepts_none_names_objects_and_classes():
    penalty = penalties.R1(0.1)
    assert penalties.get(None) is None
    assert penalties.get(penalty) is penalty
    assert penalties.get("gradient_penalty").weight == 10
    assert isinstance(penalties.get(penalties.R2), penalties.R2)


@pytest.mark.parametrize("identifier", ["r3", 0.1, keras.regularizers.L2])
def test_get_names_the_penalties_when_it_fails(identifier):
    with pytest.raises(ValueError, match="gradient_penalty, r1, r2"):
        penalties.get(identifier)


def test_base_says_what_to_override():
    with pytest.raises(NotImplementedError, match="Penalty must override value"):
        penalties.Penalty()(linear, POINTS, POINTS, SEED)
