"""What every family of networks promises; a new family is one row of FAMILIES."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import networks

IMAGE, CLIP = (8, 12, 3), (4, 8, 12, 3)  # Not square: every family takes such images.
# Small options for the generator and for the discriminator.
FAMILIES = {
    "mlp": ({"units": (16, 8)}, {"units": (16, 8)}),
    "dcgan": ({"width": 4}, {"width": 4}),
    "dcgan, other normalization": (
        {"width": 4, "normalization": None},
        {"width": 4, "normalization": "batch"},
    ),
    "resnet": ({"width": 8}, {"width": 8}),
    "resnet, other normalization": (
        {"width": 8, "normalization": None},
        {"width": 8, "normalization": "spectral"},
    ),
    "style": ({"width": 8}, {"width": 8}),
    "projected": ({"width": 8}, {"width": 8}),
    "video": ({"width": 4}, {"width": 4}),
    "video, other normalization": (
        {"width": 4, "normalization": None},
        {"width": 4, "normalization": "batch"},
    ),
}


def sample_shape(family):
    return CLIP if family.startswith("video") else IMAGE


def build(family, role, seed=0):
    module = networks.get(family.split(",")[0])
    generator_options, discriminator_options = FAMILIES[family]
    if role == "generator":
        return module.generator(5, sample_shape(family), seed=seed, **generator_options)
    return module.discriminator(sample_shape(family), seed=seed, **discriminator_options)


def inputs_of(network, batch_size=4):
    return keras.random.normal((batch_size, *network.input_shape[1:]), seed=3)


def initial_kernels(network):
    """What a seed draws; other kernels may start at 0."""
    kernels = [variable.numpy() for variable in network.trainable_variables if variable.ndim > 1]
    return [kernel for kernel in kernels if kernel.any()]


every_family = pytest.mark.parametrize("family", FAMILIES)
each_role = pytest.mark.parametrize("role", ["generator", "discriminator"])


def test_every_family_has_a_row():
    assert {family.split(",")[0] for family in FAMILIES} == set(networks.NETWORKS)


def test_get_names_the_families_when_it_fails():
    with pytest.raises(ValueError, match="Unknown network 'vae'. Known: mlp, dcgan, "):
        networks.get("vae")


@each_role
@every_family
def test_shape_dtype_and_name(family, role):
    network = build(family, role)
    logits = 4 if family == "projected" else 1  # One of each head.
    expected = {"generator": (4, *sample_shape(family)), "discriminator": (4, logits)}[role]
    outputs = network(inputs_of(network))
    assert outputs.shape == expected and outputs.dtype == tf.float32
    assert network.name == role


@every_family
def test_images_fill_the_range_and_stay_in_it(family):
    generator = build(family, "generator")
    for variable in generator.trainable_variables:
        variable.assign(variable + 0.5)
    images = generator(inputs_of(generator, 64), training=True).numpy()
    assert np.abs(images).max() <= 1
    assert np.abs(images).max() > 0.9


@every_family
def test_logits_are_not_squashed(family):
    discriminator = build(family, "discriminator")
    images = inputs_of(discriminator)
    logits = discriminator(images)
    for variable in discriminator.trainable_variables:
        if variable.shape[-1] == 1:  # Of the last dense layers.
            variable.assign([-2000.0] if variable.ndim == 1 else 1000 * variable)
    np.testing.assert_allclose(discriminator(images), 1000 * logits - 2000, rtol=1e-4)


@each_role
@every_family
def test_same_seed_same_weights(family, role):
    first, again, other = (build(family, role, seed) for seed in (7, 7, 8))
    for a, b, c in zip(*map(initial_kernels, (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.any(a == c)


@each_role
@every_family
def test_without_seed_weights_follow_keras_own(family, role):
    kernels = []
    for keras_seed in (1, 1, 2):
        keras.utils.set_random_seed(keras_seed)
        kernels.append(initial_kernels(build(family, role, seed=None))[0])
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.any(kernels[0] == kernels[2])


@every_family
def test_layers_of_one_seed_are_not_alike(family):
    """A repeated seed would repeat the first numbers of a kernel, up to its scale."""
    kernels = [
        kernel
        for role in ("generator", "discriminator")
        for kernel in initial_kernels(build(family, role))
    ]
    beginnings = np.array([kernel.ravel()[:8] / np.std(kernel) for kernel in kernels])
    correlations = np.corrcoef(beginnings) - np.eye(len(kernels))
    assert np.abs(correlations).max() < 0.99


@each_role
@every_family
def test_saved_network_is_the_same(family, role, tmp_path):
    network = build(family, role)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded.to_json() == network.to_json()
    inputs = inputs_of(network)
    np.testing.assert_array_equal(loaded(inputs), network(inputs))


@each_role
@every_family
def test_gradient_reaches_all_weights(family, role):
    network = build(family, role)
    for variable in network.trainable_variables:
        # Behind a kernel that starts at zero there is no gradient yet.
        variable.assign(variable + 0.01 * keras.random.normal(variable.shape, seed=5))
    inputs = inputs_of(network)
    with tf.GradientTape() as tape:
        outputs = network(inputs, training=True)
        loss = tf.reduce_sum(outputs * tf.reshape(tf.range(float(tf.size(outputs))), outputs.shape))
    for variable, gradient in zip(
        network.trainable_variables,
        tape.gradient(loss, network.trainable_variables),
        strict=True,
    ):
        assert np.any(gradient != 0), variable.path


@each_role
@every_family
def test_output_is_float32_in_mixed_precision(family, role):
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        network = build(family, role)
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
    assert network(inputs_of(network)).dtype == tf.float32
    assert "bfloat16" in {layer.compute_dtype for layer in network.layers}
