"""Presets of GANs of normal images, for `metrics.anomaly_scores`."""

from geans.presets.preset import Preset


def anomaly_mnist():
    """DCGAN on MNIST without the digit 0, which a score of anomalies shall then find.

    `benchmarks/anomaly.py` holds out each digit in turn. Few latents, so that the generator can
    make little else than what it was trained on; batch normalisation and a dense layer in the
    discriminator as in the preset `dcgan`.
    """
    return Preset(
        name="anomaly_mnist",
        data="tfds:mnist",
        data_options={"without": [0]},
        batch_size=32,
        network="dcgan",
        latent_dim=8,
        generator_options={"width": 16},
        discriminator_options={"width": 16, "dense_units": 256, "normalization": "batch"},
        rule="gan",
        update_every=1,
        order="alternating",
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        learning_rate_decay="linear",
        beta_2=0.99,
        steps_per_execution=10,
        epochs=4,
        expected_minutes=4,
        expected_score="see benchmarks/anomaly.py",
    )
