"""An encoder beside a trained GAN, which finds the latents of an image at once (f-AnoGAN)."""

import keras
import numpy as np
import tensorflow as tf

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
    hold=None,
    optimizer=None,
    **fitting,
):
    """Trains an encoder so that the generator makes of its latents the images that it was given.

    It minimises the squared error of images plus `kappa` times that of the discriminator's
    features, each divided by its variance in the first batch: the `izi_f` training of f-AnoGAN.

    With `hold`, which is not in the paper, the generator learns to reconstruct as well, held by
    that weight to the images which it made of random latents before: an autoencoder whose latents
    still lead to nothing but images like those of the training.

    Args:
        encoder: `keras.Model` from images to latents, such as `networks.encoder` makes; it is
            changed.
        generator: `keras.Model` from standard normal latents to images, such as
            `model.averaged_generator`; changed with `hold` only.
        discriminator: `keras.Model` of images; it stays as it is.
        dataset: Batched `tf.data.Dataset` of images in [-1, 1], those of the GAN's training.
        kappa: Weight of the features, 0 or more.
        layer: As in `metrics.anomaly_scores`.
        hold: Weight of the generator's former images, 0 or more; `None` leaves the generator alone.
            A network that shall keep what it knows is copied first: see `copy_of`.
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
    for name, weight in (("kappa", kappa), ("hold", hold)):
        values.check_weight(name, weight or 0.0)
    _check_shapes(encoder, generator, discriminator, dataset)
    former, features = copy_of(generator), copy_of(anomaly.features_of(discriminator, layer))
    former.trainable = features.trainable = False
    maker = former if hold is None else generator
    reconstructed = maker(encoder(encoder.input), training=False)
    inputs = {"images": encoder.input}
    outputs = {"images": reconstructed, "features": features(reconstructed, training=False)}
    if hold is not None:
        inputs["latents"] = keras.Input(generator.input_shape[1:])
        outputs["former"] = maker(inputs["latents"], training=False)

    def with_targets(images):
        given = {"images": images}
        targets = {**given, "features": features(images, training=False)}
        if hold is not None:
            given["latents"] = tf.random.normal((tf.shape(images)[0], generator.input_shape[-1]))
            targets["former"] = former(given["latents"], training=False)
        return given, targets

    examples = dataset.map(with_targets)
    _, first = next(iter(examples))
    weights = {"images": 1.0, "features": kappa, "former": hold}
    autoencoder = keras.Model(inputs, outputs)
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(1e-3) if optimizer is None else optimizer,
        loss={name: "mse" for name in outputs},
        loss_weights={name: float(weights[name] / _variance(first[name])) for name in outputs},
    )
    return autoencoder.fit(examples, **fitting)


def copy_of(network):
    """A network like another, with weights of its own that can be trained.

    Example:

    >>> from geans import networks
    >>> generator = networks.mlp.generator(2, (2,))
    >>> copy_of(generator).layers[0] is generator.layers[0]
    False
    """
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = True
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
