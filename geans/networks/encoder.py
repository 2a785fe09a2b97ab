"""Networks that give back the latents of images, to reconstruct images with a generator."""

import keras

from geans.networks import checks, conditional


def encoder(discriminator, latent_dim, *, seed=None):
    """Turn a discriminator into a network of the same layers that ends in latents (f-AnoGAN).

    Args:
        discriminator: `keras.Model` of samples that ends in a dense layer of one unit, such as
            `networks.dcgan.discriminator` makes. Make it for this purpose: its layers become those
            of the encoder, with their weights.
        latent_dim: columns of the latents, at least 1.
        seed: int, from which the weights of the last layer follow. None draws one.

    Returns:
        A `keras.Model`: samples to float32 latents `(batch, latent_dim)`.

    Raises:
        ValueError: `latent_dim` is no integer from 1 to 65,536, or the network does not end so.

    Reference:
        Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth 2019, "f-AnoGAN: Fast unsupervised
        anomaly detection with generative adversarial networks", section 2.2.

    Example:

    >>> from geans import networks
    >>> encoder(networks.dcgan.discriminator(width=8), latent_dim=16).output_shape
    (None, 16)
    """
    checks.check_sizes(latent_dim=latent_dim)
    network = conditional.with_heads(discriminator, {"latents": latent_dim}, seed=seed)
    return keras.Model(network.input, network.output["latents"], name="encoder")
