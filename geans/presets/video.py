"""Presets on short clips."""

from geans.presets.preset import Preset


def video_digits():
    """GAN with 3-D convolutions on digits that move and bounce."""
    return Preset(
        name="video_digits",
        data="video:moving_digits",
        # Half of MNIST's size, so that a clip of the package's size trains in minutes.
        data_options={"frames": 8, "digit_size": 14, "speed": 1.5},
        image_size=20,
        samples_per_epoch=10_000,
        batch_size=32,
        network="video",
        latent_dim=64,
        generator_options={"width": 16},
        discriminator_options={"width": 16, "normalization": "batch"},
        rule="gan",
        update_every=1,
        order="alternating",
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        learning_rate_decay="linear",
        beta_2=0.99,
        epochs=20,
        picture_every=2,
        expected_minutes=12,
        expected_score="-",
    )
