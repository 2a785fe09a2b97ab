"""An encoder beside a trained GAN, which finds the latents of an image at once (f-AnoGAN).

Reference:
    Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth 2019, "f-AnoGAN: Fast unsupervised
    anomaly detection with generative adversarial networks", Medical Image Analysis 54, section 2.2,
    equation 4.
"""

import keras
import numpy as np

from geans import values
from geans.metrics import anomaly
from geans.networks import conditional


def encoder(discriminator, latent_dim, *, seed=None):
    """Turns a discriminator into a network of the same layers that ends in latents."""
    network = conditional.with_heads(discriminator, {"latents": latent_dim}, seed=seed)
    return keras.Model(network.input, network.output["latents"], name="encoder")


def fit(encoder, generator, discriminator, dataset, *, kappa=1.0, optimizer=None, **fitting):
    """Trains an encoder so that the generator makes of its latents the images that it was given.

    It minimises the squared error of images plus `kappa` times that of the discriminator's
    features, each divided by its variance in the first batch: the `izi_f` training of f-AnoGAN.

    Args:
        encoder: `keras.Model` from images to latents; it alone is changed.
        generator: `keras.Model` from standard normal latents to images.
        discriminator: `keras.Model` of images.
        dataset: Batched `tf.data.Dataset` of images in [-1, 1], those of the GAN's training.
        kappa: Weight of the features, 0 or more.
        optimizer: Of Keras; `None` for `Adam(1e-3)`.
        **fitting: What `keras.Model.fit` takes, such as `epochs` and `verbose`.

    Returns:
        The `keras.callbacks.History` of `fit`.
    """
    values.check_weight("kappa", kappa)
    generator = frozen_copy(generator)
    features = frozen_copy(anomaly.features_of(discriminator))
    reconstructed = generator(encoder(encoder.input), training=False)
    outputs = {"images": reconstructed, "features": features(reconstructed, training=False)}

    def with_targets(images):
        return images, {"images": images, "features": features(images, training=False)}

    examples = dataset.map(with_targets)
    _, first = next(iter(examples))
    weights = {"images": 1.0, "features": kappa}
    autoencoder = keras.Model(encoder.input, outputs)
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(1e-3) if optimizer is None else optimizer,
        loss={name: "mse" for name in outputs},
        loss_weights={name: float(weights[name] / variance(first[name])) for name in outputs},
    )
    return autoencoder.fit(examples, **fitting)


def reconstruct(images, encoder, generator, discriminator, kappa=1.0):
    """The reconstructions of images, and the scores of `metrics.anomaly_scores` by them alone."""
    found = anomaly.in_blocks(generator, anomaly.in_blocks(encoder, images))
    features = anomaly.features_of(discriminator)
    seen, found_seen = (anomaly.in_blocks(features, each) for each in (images, found))
    shares = anomaly.missed_share(seen, found_seen, 0.0)
    return found, anomaly.missed_share(images, found, -1.0) + kappa * shares


def frozen_copy(network):
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def variance(batch):
    return max(np.var(batch, axis=0).mean(), 1e-12)
