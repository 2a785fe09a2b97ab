"""Presets on short clips."""

from geans.presets.preset import Preset


def video_digits():
    """GAN with 3-D convolutions on moving, bouncing digits."""
    return Preset(
        name="video_digits",
        data="video:moving_digits",
        # Half of MNIST's size: in short trials with 28 pixels, strokes did not form.
        data_options={"digit_size": 14, "speed": 1.0},
        image_size=16,
        samples_per_epoch=10_000,
        batch_size=32,
        network="video",
        latent_dim=64,
        generator_options={"width": 32},
        discriminator_options={"width": 16},
        order="simultaneous",
        loss="relativistic",
        r1=0.1,
        r2=0.1,
        penalty_interval=4,
        generator_learning_rate=2e-3,
        discriminator_learning_rate=2e-3,
        learning_rate_decay="linear",
        beta_1=0.0,
        beta_2=0.99,
        epochs=30,
        picture_every=3,
    )
