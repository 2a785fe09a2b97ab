"""Presets on images."""

from geans.presets.preset import Preset

_FASHION = {
    "data": "embedded:fashion",
    "batch_size": 32,
    "network": "dcgan",
    "latent_dim": 64,
    "generator_options": {"width": 16},
    # Without batch norm here, garments had not taken shape after as few updates as these.
    "discriminator_options": {"width": 16, "normalization": "batch"},
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "learning_rate_decay": "linear",
    "beta_2": 0.99,
    "epochs": 30,
    "picture_every": 3,
}

# The two scripts of the source: 128-128-784 against 128-128-1 on MNIST.
_MLP_MNIST = {
    "data": "tfds:mnist",
    "batch_size": 64,
    "network": "mlp",
    "latent_dim": 64,
    "generator_options": {"units": [128, 128]},
    "discriminator_options": {"units": [128, 128]},
    "steps_per_execution": 10,
}


def gan_fashion():
    """GAN with convolutional networks on 10,000 garments that come with the package."""
    return Preset(
        name="gan_fashion",
        rule="gan",
        update_every=1,
        order="alternating",
        expected_minutes=4,
        expected_score="garments that a person recognises; digits28 Fréchet distance 11.7",
        **_FASHION,
    )


def gean_fashion():
    """GEAN with convolutional networks on 10,000 garments that come with the package."""
    return Preset(
        name="gean_fashion",
        rule="gean",
        update_every=2,
        expected_minutes=3,
        expected_score="garments that a person recognises; digits28 Fréchet distance 13.5",
        **_FASHION,
    )


def gan_mlp_mnist():
    """The source's GAN: multilayer perceptrons on MNIST, updates at every step."""
    return Preset(
        name="gan_mlp_mnist",
        rule="gan",
        update_every=1,
        order="alternating",
        epochs=20,
        expected_minutes=2,
        expected_score="digits with speckles; digits28 Fréchet distance 24.0",
        **_MLP_MNIST,
    )


def gean_mlp_mnist():
    """The source's GEAN to the letter: one update per pass over MNIST."""
    return Preset(
        name="gean_mlp_mnist",
        rule="gean",
        update_every="epoch",
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        epochs=50,
        picture_every=5,
        expected_minutes=2,
        expected_score="grey noise: 50 updates in all are too few; digits28 Fréchet distance 104",
        **_MLP_MNIST,
    )
