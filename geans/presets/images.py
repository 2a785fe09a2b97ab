"""Presets on images."""

from geans.presets.preset import Preset, by_gean, decaying

DCGAN = {
    "batch_size": 32,
    "network": "dcgan",
    "generator_options": {"width": 16},
    # Without batch norm, neither clothing nor digits took shape in this few updates.
    "discriminator_options": {"width": 16, "normalization": "batch"},
    **decaying(2e-3),
    "beta_2": 0.99,
}


def gan_fashion():
    """GAN with convolutional networks on the 10,000 Fashion-MNIST images of the package."""
    return Preset(name="gan_fashion", data="embedded:fashion", epochs=30, picture_every=3, **DCGAN)


def gean_fashion():
    """GEAN with convolutional networks on the 10,000 Fashion-MNIST images of the package."""
    return by_gean(gan_fashion())


def gan_mlp_mnist():
    """The source's GAN: multilayer perceptrons on MNIST, an update at every step."""
    # The two scripts of the source: 128-128-784 against 128-128-1.
    return Preset(
        name="gan_mlp_mnist",
        data="tfds:mnist",
        generator_options={"units": [128, 128]},
        discriminator_options={"units": [128, 128]},
    )


def gean_mlp_mnist():
    """The source's GEAN to the letter: one update per pass over MNIST."""
    rates = {"generator_learning_rate": 2e-3, "discriminator_learning_rate": 2e-3}
    return by_gean(gan_mlp_mnist(), "epoch", epochs=50, picture_every=5, **rates)
