"""Presets on short clips."""

from geans.presets.preset import Preset, decaying, relativistic


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
        generator_options={"width": 32},
        discriminator_options={"width": 16},
        penalty_interval=4,
        epochs=30,
        picture_every=3,
        **relativistic(0.1),
        **decaying(2e-3),
    )
