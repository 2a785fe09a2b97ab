import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import networks, penalties


def test_images_lie_side_by_side_in_the_channels():
    images = np.random.default_rng(0).normal(size=(4, 3, 5, 2)).astype("float32")
    packs = np.asarray(networks.packing.Pack(2)(images))
    assert packs.shape == (2, 3, 5, 4)
    np.testing.assert_array_equal(packs[0, ..., :2], images[0])
    np.testing.assert_array_equal(packs[0, ..., 2:], images[1])
    np.testing.assert_array_equal(packs[1, ..., 2:], images[3])


@pytest.mark.parametrize(("count", "packs"), [(1, 1), (4, 2), (5, 2), (6, 2), (7, 3)])
def test_the_first_samples_fill_up_the_last_pack(count, packs):
    points = np.arange(count, dtype="float32")[:, None]
    found = np.asarray(networks.packing.Pack(3)(points)) if count else None
    assert found.shape == (packs, 3)
    np.testing.assert_array_equal(found.ravel(), np.resize(np.arange(count), packs * 3))


def test_one_sample_per_pack_is_no_packing():
    points = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    network = networks.mlp.discriminator((2,), seed=0)
    np.testing.assert_array_equal(networks.packed(network, 1)(points), network(points))


def test_a_packed_discriminator_sees_that_samples_are_alike():
    """One dense layer that subtracts the second sample from the first."""
    inputs = keras.Input((2,))
    layer = keras.layers.Dense(1, use_bias=False)
    network = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[1.0], [-1.0]], "float32")])
    logits = networks.packed(network, 2)(np.array([[5.0], [5.0], [7.0], [4.0]], "float32"))
    np.testing.assert_array_equal(np.asarray(logits).ravel(), [0, 3])


@pytest.mark.slow
@pytest.mark.parametrize("rule", [{}, {"update_every": 2}, {"update_every": "epoch"}])
def test_it_trains_saves_and_loads_under_every_rule(rule, points, tmp_path):
    make = geans.GEAN if rule else geans.GAN
    model = make(
        networks.mlp.generator(3, (2,), units=(8,), seed=1),
        networks.packed(networks.mlp.discriminator((4,), units=(8,), seed=2), 2),
        seed=3,
        **rule,
    )
    model.compile(penalty=penalties.R1(1.0))
    before = [np.asarray(each) for each in model.discriminator.trainable_variables]
    history = model.fit(points, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["discriminator_loss"]).all()
    for old, new in zip(before, model.discriminator.trainable_variables, strict=True):
        assert np.abs(old - np.asarray(new)).max() > 0
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.discriminator(points), model.discriminator(points))


def test_r1_of_packs_is_that_of_the_network_of_packs():
    """Half gamma times the mean squared gradient: of a linear network, its weights."""
    inputs = keras.Input((2,))
    layer = keras.layers.Dense(1)
    network = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[3.0], [4.0]], "float32"), np.zeros(1, "float32")])
    points = tf.random.normal((6, 1), seed=0)
    seed = tf.constant([0, 0], "int64")
    steps = tf.constant(0, "int64")
    penalty = penalties.R1(1.0)
    packs = tf.reshape(points, (3, 2))
    expected = float(penalty(network, packs, packs, seed, steps))
    assert expected == pytest.approx(25 / 2)
    # The same squares, but a mean over twice as many rows.
    found = float(penalty(networks.packed(network, 2), points, points, seed, steps))
    assert found == pytest.approx(expected / 2)


@pytest.mark.parametrize("samples", [0, -1, 1.5, None, True, 1_000])
def test_bad_numbers_are_refused(samples):
    with pytest.raises(ValueError, match="samples must be a positive integer"):
        networks.packed(networks.mlp.discriminator((4,)), samples)


def test_channels_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="multiple of 3 channels.*4"):
        networks.packed(networks.mlp.discriminator((4,)), 3)
