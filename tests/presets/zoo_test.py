import dataclasses

import keras
import numpy as np
import pytest

from geans import experiment, networks, presets

TRAINED = ("dcgan", "gean_dcgan", "lsgan", "wgan_gp", "sngan")
READY = ("sngan_cifar10", "dcgan_faces")


def model_of(preset):
    return experiment.make_model(preset, experiment.make_data(preset))


def layer_kinds(network):
    return {type(layer) for layer in network.layers}


@pytest.mark.parametrize("name", (*TRAINED, *READY))
def test_the_score_tells_what_was_not_run_here(name):
    assert (presets.expected(name).score == presets.NOT_RUN) == (name in READY)


def test_both_rules_train_dcgan_alike():
    """Else a comparison of the two would not be one of the rules."""
    gan, gean = (dataclasses.asdict(presets.get(name)) for name in ("dcgan", "gean_dcgan"))
    differing = {field for field in gan if gan[field] != gean[field]} - {"name"}
    assert differing == {"rule", "update_every", "order"}


@pytest.mark.parametrize(("name", "expected"), [("dcgan", 4 * 1_875), ("gean_dcgan", 4 * 938)])
def test_updates_on_batches_of_32_digits(name, expected):
    """60,000 digits are 1,875 steps; GEAN updates after every second, and at the epoch's end."""
    preset = presets.get(name)
    updates = experiment.count_updates(preset, 60_000 // preset.batch_size)["generator"]
    assert updates == expected


def test_the_critic_of_wgan_gp_judges_each_image_alone():
    critic = model_of(presets.get("wgan_gp")).discriminator
    images = np.random.default_rng(0).uniform(-1, 1, (6, 28, 28, 1)).astype("float32")
    together = np.asarray(critic(images, training=True))
    np.testing.assert_allclose(together[:1], critic(images[:1], training=True), atol=1e-5)


def test_all_kernels_of_sngans_discriminator_have_a_bounded_norm():
    network = model_of(presets.get("sngan")).discriminator
    holding = {keras.layers.Conv2D, keras.layers.Dense}
    assert keras.layers.SpectralNormalization in layer_kinds(network)
    assert not holding & layer_kinds(network)


def test_the_sizes_of_sngans_networks_for_cifar10():
    """Weights of the paper's table 3: 256 channels against 128, counted by hand.

    Generator: dense 129 x 4,096; per block two 3x3 convolutions, a 1x1 shortcut and the four
    vectors of two batch norms; a batch norm and a 3x3 convolution to three channels.
    """
    preset = presets.get("sngan_cifar10")
    family = networks.get(preset.network)
    generator = family.generator(preset.latent_dim, (32, 32, 3), **preset.generator_options)
    block = 2 * (9 * 256 * 256 + 256) + (256 * 256 + 256) + 2 * 4 * 256
    last = 4 * 256 + 9 * 256 * 3 + 3
    assert generator.count_params() == 129 * 4_096 + 3 * block + last
    discriminator = family.discriminator((32, 32, 3), **preset.discriminator_options)
    convolution, shortcut = 9 * 128 * 128 + 128, 128 * 128 + 128
    first = (9 * 3 * 128 + 128) + convolution + (3 * 128 + 128)
    trained = sum(int(np.prod(v.shape)) for v in discriminator.trainable_variables)
    assert trained == first + 6 * convolution + shortcut + 129


@pytest.mark.parametrize(
    ("name", "samples", "width"), [("pacgan_ring", 2, 64), ("pacgan_grid", 4, 128)]
)
def test_packing_alone_tells_a_pacgan_from_its_gan(name, samples, width):
    """More weights of the first layer, for the coordinates of the other samples; no penalty."""
    preset = dataclasses.replace(presets.get(name), samples_per_epoch=1_000)
    assert (preset.loss, preset.r1, preset.r2) == ("non_saturating", 0, 0)
    packed, single = (
        model_of(dataclasses.replace(preset, packing=count)).discriminator.count_params()
        for count in (preset.packing, 1)
    )
    assert packed - single == (samples - 1) * 2 * width
