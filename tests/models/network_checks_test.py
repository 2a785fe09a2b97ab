import keras
import pytest

import geans
from geans import models, networks
from geans.models import network_checks


def two_inputs():
    inputs = [keras.Input((3,)), keras.Input((3,))]
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.add(inputs)))


BAD_NETWORKS = {
    "shapes": (
        lambda: (networks.mlp.generator(3, (28, 28, 1)), networks.mlp.discriminator((32, 32, 1))),
        r"generator.output_shape=\(None, 28, 28, 1\).*\(None, 32, 32, 1\)",
    ),
    "not a model": (lambda: ("generator", networks.mlp.discriminator()), "must be a built keras"),
    "not built": (
        lambda: (keras.Sequential([keras.layers.Dense(2)]), networks.mlp.discriminator((2,))),
        "must be a built keras.Model",
    ),
    "two inputs": (lambda: (two_inputs(), networks.mlp.discriminator((2,))), "must take one input"),
    "images as latents": (
        lambda: (networks.mlp.discriminator(), networks.mlp.discriminator((1,))),
        r"\(batch, latent_dim\)",
    ),
    "one network": (lambda: (networks.mlp.discriminator((1,)),) * 2, "are the same model"),
}


@pytest.mark.parametrize("case", BAD_NETWORKS)
def test_networks_that_cannot_play(case):
    make, message = BAD_NETWORKS[case]
    with pytest.raises(ValueError, match=message):
        geans.GAN(*make())


def labelled():
    return networks.labelled(networks.mlp.generator(2 + 3, (2,)), num_classes=3)


def with_heads(**heads):
    return networks.with_heads(networks.mlp.discriminator((2,)), heads)


BAD_CONDITIONAL = {
    "no labels for the generator": (
        models.ConditionalGAN,
        lambda: (networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,))),
        "as networks.labelled makes it",
    ),
    "no labels for the discriminator": (
        models.ConditionalGAN,
        lambda: (labelled(), networks.mlp.discriminator((2,))),
        r"with_projection make it. Received: \(None, 2\)",
    ),
    "no head": (
        models.ACGAN,
        lambda: (labelled(), networks.mlp.discriminator((2,))),
        "'class_logits'.*with_heads makes it",
    ),
    "classes of the head": (
        models.ACGAN,
        lambda: (labelled(), with_heads(class_logits=4)),
        r"class_logits.*\(None, 3\).*Received.*\(None, 4\)",
    ),
    "other samples": (
        models.ACGAN,
        lambda: (labelled(), networks.mlp.discriminator((3,))),
        "must accept what the generator makes",
    ),
}


@pytest.mark.parametrize("case", BAD_CONDITIONAL)
def test_networks_that_cannot_play_with_labels(case):
    model_class, make, message = BAD_CONDITIONAL[case]
    with pytest.raises(ValueError, match=message):
        model_class(*make(), num_classes=3)


SEPARATE = {
    "mlp": (networks.mlp.discriminator, True),
    "dcgan": (networks.dcgan.discriminator, True),
    "patchgan": (lambda: networks.patchgan.discriminator(source_channels=1), True),
    "a model in a model": (
        lambda: keras.Sequential([keras.Input((2,)), networks.mlp.discriminator((2,))]),
        True,
    ),
    "batch normalisation": (lambda: networks.dcgan.discriminator(normalization="batch"), False),
    "packs": (lambda: networks.packed(networks.mlp.discriminator((4,)), 2), False),
    "dropout": (
        lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5)]),
        False,
    ),
    "a loss of a layer": (
        lambda: keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(1, activity_regularizer="l2")]
        ),
        False,
    ),
    "samples joined": (lambda: joined(keras.Input((2,))), False),
}


def joined(samples):
    return keras.Model(samples, keras.layers.Concatenate(axis=0)([samples, samples]))


@pytest.mark.parametrize("name", SEPARATE)
def test_whether_samples_are_judged_one_by_one(name):
    make, separate = SEPARATE[name]
    assert network_checks.judges_separately(make()) == separate
