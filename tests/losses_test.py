import inspect
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import losses

SHAPES = ((6,), (6, 1), (6, 3, 3, 1))
S2, S1 = math.log1p(math.exp(2)), math.log1p(math.exp(1))  # softplus of 2 and of 1
SIGMOID_2, SIGMOID_1 = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-1))

# At real logit 2 and fake logit -1, by hand: value of the loss, slope in the fake logit.
WORKED = {
    "minimax": {
        "discriminator": (S2 - 2 + S1 - 1, 1 - SIGMOID_1),
        "generator": (1 - S1, SIGMOID_1 - 1),
    },
    "non_saturating": {
        "discriminator": (S2 - 2 + S1 - 1, 1 - SIGMOID_1),
        "generator": (S1, -SIGMOID_1),
    },
    "least_squares": {"discriminator": (0.5 + 0.5, -1.0), "generator": (2.0, -2.0)},
    "wasserstein": {"discriminator": (-3.0, 1.0), "generator": (1.0, -1.0)},
    "hinge": {"discriminator": (0.0, 0.0), "generator": (1.0, -1.0)},
    "relativistic": {
        "discriminator": (math.log1p(math.exp(-3)), 1 / (1 + math.exp(3))),
        "generator": (math.log1p(math.exp(3)), -1 / (1 + math.exp(-3))),
    },
}

every_loss = pytest.mark.parametrize("name", losses.LOSSES)
each_player = pytest.mark.parametrize("player", ["discriminator", "generator"])


def value_and_slopes(loss, player, real, fake):
    real, fake = tf.constant(real), tf.constant(fake)
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = getattr(loss, player)(real, fake)
    return value, tape.gradient(value, [real, fake], unconnected_gradients="zero")


def test_table_has_every_public_class_and_a_worked_example():
    public = {
        value
        for name, value in inspect.getmembers(losses, inspect.isclass)
        if issubclass(value, losses.AdversarialLoss) and not name.startswith("_")
    }
    assert set(losses.LOSSES.values()) == public - {losses.AdversarialLoss}
    assert set(losses.LOSSES) == set(WORKED)


@each_player
@every_loss
def test_worked_example(name, player):
    value, (_, slope) = value_and_slopes(losses.get(name), player, [[2.0]], [[-1.0]])
    expected_value, expected_slope = WORKED[name][player]
    np.testing.assert_allclose(value, expected_value, atol=1e-6)
    np.testing.assert_allclose(slope, [[expected_slope]], atol=1e-6)


@each_player
@every_loss
def test_scalar_mean_for_logits_of_any_shape(name, player):
    loss, random = losses.get(name), np.random.default_rng(0)
    real, fake = random.normal(size=(2, 54)).astype("float32")
    values = []
    for shape in SHAPES:
        size = math.prod(shape)
        # The first six logits, repeated: the mean does not depend on the shape.
        tiled = [np.resize(logits[:6], size).reshape(shape) for logits in (real, fake)]
        value = getattr(loss, player)(*map(tf.constant, tiled))
        assert value.shape == () and value.dtype == tf.float32
        values.append(value)
    np.testing.assert_allclose(values, [values[0]] * 3, rtol=1e-5)


@pytest.mark.parametrize("real", [1e4, -1e4])
@pytest.mark.parametrize("fake", [1e4, -1e4])
@each_player
@every_loss
def test_finite_at_large_logits(name, player, real, fake):
    value, slopes = value_and_slopes(losses.get(name), player, [[real]], [[fake]])
    assert np.isfinite(value)
    assert np.all(np.isfinite(slopes))


@every_loss
def test_discriminator_gains_when_real_rises_and_generator_when_fake_rises(name):
    loss = losses.get(name)
    low, high = tf.constant([[0.25]]), tf.constant([[0.75]])
    assert loss.discriminator(high, low) < loss.discriminator(low, low)
    assert loss.discriminator(low, low) < loss.discriminator(low, high)
    assert loss.generator(low, high) < loss.generator(low, low)


@every_loss
def test_generator_reads_real_logits_only_if_it_says_so(name):
    loss = losses.get(name)
    _, (slope, _) = value_and_slopes(loss, "generator", [[2.0]], [[-1.0]])
    assert (slope != 0) == loss.generator_uses_real
    if not loss.generator_uses_real:
        assert np.isfinite(loss.generator(None, tf.constant([[-1.0]])))


@every_loss
def test_serialization_round_trip(name):
    config = keras.saving.serialize_keras_object(losses.get(name))
    assert config["registered_name"] == f"geans>{losses.LOSSES[name].__name__}"
    assert type(losses.get(config)) is losses.LOSSES[name]


def test_saturating_generator_starves_where_the_other_does_not():
    rejected = [[0.0]], [[-20.0]]
    _, (_, starved) = value_and_slopes(losses.Minimax(), "generator", *rejected)
    _, (_, fed) = value_and_slopes(losses.NonSaturating(), "generator", *rejected)
    assert -1e-8 < starved < 0
    np.testing.assert_allclose(fed, [[-1.0]], atol=1e-6)


def test_relativistic_pairs_samples_in_order():
    real, fake = tf.constant([[1.0], [3.0]]), tf.constant([[0.0], [-1.0]])
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(-4))) / 2
    np.testing.assert_allclose(losses.Relativistic().discriminator(real, fake), expected, 1e-6)


@each_player
@pytest.mark.parametrize("fake_shape", [(3, 1), (4,)])
def test_relativistic_refuses_unequal_shapes(player, fake_shape):
    with pytest.raises(ValueError, match=r"real_logits of shape \(4, 1\)"):
        getattr(losses.Relativistic(), player)(tf.zeros((4, 1)), tf.zeros(fake_shape))


def test_relativistic_accepts_batches_of_unknown_size():
    loss = tf.function(
        losses.Relativistic().generator, input_signature=[tf.TensorSpec((None, 1))] * 2
    )
    np.testing.assert_allclose(loss(tf.ones((4, 1)), tf.ones((4, 1))), math.log(2), rtol=1e-6)


def test_get_accepts_objects_and_classes():
    hinge = losses.Hinge()
    assert losses.get(hinge) is hinge
    assert isinstance(losses.get(losses.Hinge), losses.Hinge)


@pytest.mark.parametrize("identifier", ["hinges", None, 3, keras.losses.MeanSquaredError])
def test_get_names_the_losses_when_it_fails(identifier):
    with pytest.raises(ValueError, match="non_saturating, least_squares"):
        losses.get(identifier)


@each_player
def test_base_says_what_to_override(player):
    with pytest.raises(NotImplementedError, match=f"AdversarialLoss must override {player}"):
        getattr(losses.AdversarialLoss(), player)(None, None)


def test_feature_matching_by_hand():
    """Mean differences of 1 in a layer of 2 numbers and of 5 in one of 4: their mean is 3."""
    real = [tf.constant([[1.0, 3.0]]), tf.constant([[[0.0, 0.0], [0.0, 0.0]]])]
    fake = [tf.constant([[2.0, 2.0]]), tf.constant([[[5.0, -5.0], [5.0, -5.0]]])]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        value = losses.feature_matching(real, fake)
    assert float(value) == pytest.approx(3)
    assert tape.gradient(value, real) == [None, None]
    slopes = tape.gradient(value, fake)
    np.testing.assert_allclose(slopes[0], [[0.25, -0.25]])  # One of 2 layers, one of 2 numbers.
    np.testing.assert_allclose(slopes[1], [[[0.125, -0.125], [0.125, -0.125]]])


@pytest.mark.parametrize("counts", [(0, 0), (2, 1)])
def test_features_of_other_layers_are_refused(counts):
    with pytest.raises(ValueError, match=f"Received: {counts[0]} and {counts[1]}"):
        losses.feature_matching(*([tf.zeros(2)] * count for count in counts))
