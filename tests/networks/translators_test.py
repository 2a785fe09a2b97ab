"""What the networks for image translation promise; a new one is one row of NETWORKS."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import networks
from tests.networks.networks_test import initial_kernels

SHAPE = (16, 32, 2)
NETWORKS = {
    "unet": lambda seed: networks.unet.generator(SHAPE, 3, width=4, seed=seed),
    "unet, instance": lambda seed: networks.unet.generator(
        SHAPE, 3, width=4, normalization="instance", seed=seed
    ),
    "cyclegan": lambda seed: networks.cyclegan.generator(SHAPE, 3, width=4, blocks=1, seed=seed),
    "srresnet": lambda seed: networks.srresnet.generator(SHAPE, 2, width=4, blocks=1, seed=seed),
    "srresnet, other channels": lambda seed: networks.srresnet.generator(
        SHAPE, 3, width=4, blocks=1, scale=2, seed=seed
    ),
    "spade": lambda seed: networks.spade.generator(SHAPE, 3, latent_dim=4, width=4, seed=seed),
    "patchgan": lambda seed: networks.patchgan.discriminator(SHAPE, width=4, layers=2, seed=seed),
    "patchgan, conditional": lambda seed: networks.patchgan.discriminator(
        SHAPE, source_channels=1, width=4, layers=2, seed=seed
    ),
}
SIZES = {"srresnet": (64, 128, 2), "srresnet, other channels": (32, 64, 3)}
every_network = pytest.mark.parametrize("name", NETWORKS)


def inputs_of(network):
    drawn = [
        keras.random.normal((4, *each.shape[1:]), seed=i) for i, each in enumerate(network.inputs)
    ]
    return drawn if len(drawn) > 1 else drawn[0]


def test_every_translator_has_a_row():
    assert set(networks.TRANSLATORS) == {name.partition(",")[0] for name in NETWORKS} - {"patchgan"}
    assert networks.get("unet", networks.TRANSLATORS) is networks.unet
    with pytest.raises(
        ValueError, match="Unknown network 'mlp'. Known: unet, cyclegan, srresnet, spade."
    ):
        networks.get("mlp", networks.TRANSLATORS)


@every_network
def test_shape_dtype_and_range(name):
    network = NETWORKS[name](0)
    for variable in network.trainable_variables:
        variable.assign(variable + 0.3)
    outputs = network(inputs_of(network), training=True)
    assert outputs.dtype == tf.float32
    if name.startswith("patchgan"):
        assert outputs.shape == (4, 2, 6, 1) and np.abs(outputs).max() > 1
    else:
        assert (
            outputs.shape == (4, *SIZES.get(name, (16, 32, 3))) and 0.9 < np.abs(outputs).max() <= 1
        )


@every_network
def test_the_seed_decides_the_weights(name):
    first, again, other = (initial_kernels(NETWORKS[name](seed)) for seed in (7, 7, 8))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.any(a == c)


@pytest.mark.slow
@every_network
def test_saved_network_is_the_same(name, tmp_path):
    network = NETWORKS[name](0)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded.to_json() == network.to_json()
    np.testing.assert_array_equal(loaded(inputs_of(network)), network(inputs_of(network)))


@every_network
def test_gradient_reaches_all_weights(name):
    network = NETWORKS[name](0)
    with tf.GradientTape() as tape:
        outputs = network(inputs_of(network), training=True)
        loss = tf.reduce_sum(outputs * tf.reshape(tf.range(float(tf.size(outputs))), outputs.shape))
    gradients = tape.gradient(loss, network.trainable_variables)
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        assert np.any(gradient != 0), variable.path


@every_network
def test_output_is_float32_in_mixed_precision(name):
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        network = NETWORKS[name](0)
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    assert network(inputs_of(network)).dtype == tf.float32
    assert "bfloat16" in {layer.compute_dtype for layer in network.layers}
