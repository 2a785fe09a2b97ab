"""An encoder beside a trained GAN, which finds the latents of an image at once (f-AnoGAN)."""

import keras
import numpy as np

from geans import values
from geans.metrics import anomaly


def fit_encoder(
    encoder,
    generator,
    discriminator,
    dataset,
    *,
    kappa=1.0,
    layer=None,
    optimizer=None,
    **fitting,
):
    """Trains an encoder so that the generator makes of its latents the images that it was given.

    It minimises the squared error of images plus `kappa` times that of the discriminator's
    features, each divided by its variance in the first batch: the `izi_f` training of f-AnoGAN.

    Args:
        encoder: `keras.Model` from images to latents, such as `networks.encoder` makes; it is
            changed.
        generator: `keras.Model` from standard normal latents to images, such as
            `model.ema_generator`; it stays as it is.
        discriminator: `keras.Model` of images; it stays as it is.
        dataset: Batched `tf.data.Dataset` of images in [-1, 1], those of the GAN's training.
        kappa: Weight of the features, 0 or more.
        layer: As in `metrics.anomaly_scores`.
        optimizer: Of Keras; `None` for `Adam(1e-3)`.
        **fitting: What `keras.Model.fit` takes, such as `epochs` and `verbose`.

    Returns:
        The `keras.callbacks.History` of `fit`.

    Raises:
        ValueError: If networks and data do not fit each other, or a weight is no such number.

    Reference:
        Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth 2019, "f-AnoGAN: Fast unsupervised
        anomaly detection with generative adversarial networks", section 2.2, equation 4.

    Example:

    >>> from geans import data, networks
    >>> generator = networks.mlp.generator(2, (28, 28, 1), units=(8,), seed=0)
    >>> discriminator = networks.mlp.discriminator(units=(8,), seed=1)
    >>> encoder = networks.encoder(networks.mlp.discriminator(units=(8,), seed=2), 2)
    >>> dataset = data.images.embedded(seed=0).take(20)
    >>> losses = fit_encoder(encoder, generator, discriminator, dataset, verbose=0).history
    >>> sorted(losses)
    ['features_loss', 'images_loss', 'loss']
    """
    values.check_weight("kappa", kappa)
    _check_shapes(encoder, generator, discriminator, dataset)
    generator = _frozen_copy(generator)
    features = _frozen_copy(anomaly.features_of(discriminator, layer))
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
        loss_weights={name: float(weights[name] / _variance(first[name])) for name in outputs},
    )
    return autoencoder.fit(examples, **fitting)


def _frozen_copy(network):
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def _variance(batch):
    return max(np.var(batch, axis=0).mean(), 1e-12)


def _check_shapes(encoder, generator, discriminator, dataset):
    images = getattr(dataset, "element_spec", None)
    shape = getattr(images, "shape", None)
    wanted = (encoder.input_shape, encoder.output_shape, discriminator.input_shape)
    if (shape is None or not shape.is_compatible_with(encoder.input_shape)) or wanted != (
        generator.output_shape,
        generator.input_shape,
        generator.output_shape,
    ):
        raise ValueError(
            "The encoder must take what the generator makes and the discriminator sees, give what "
            "the generator takes, and the dataset be one of such images alone. Received: encoder "
            f"{encoder.input_shape} to {encoder.output_shape}, generator {generator.input_shape} "
            f"to {generator.output_shape}, discriminator of {discriminator.input_shape}, dataset "
            f"of {images}."
        )
