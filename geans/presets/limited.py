"""Presets on few images, and on imbalanced classes."""

import dataclasses

from geans.presets import images

# From 1 down to 1/20, each class rarer than the previous one by the same factor.
_SHARES = [1, 0.717, 0.514, 0.368, 0.264, 0.189, 0.136, 0.097, 0.07, 0.05]


def small_fashion():
    """GAN on 300 Fashion-MNIST images, 30 per class, which a discriminator soon memorises."""
    return dataclasses.replace(
        images.gan_fashion(),
        name="small_fashion",
        data_options={"limit": 300},
        batch_size=16,
        # The dense layer gives it the capacity for all of them.
        discriminator_options={"width": 32, "dense_units": 128},
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        learning_rate_decay="constant",
        augmentation="diff_augment",
        epochs=256,
        picture_every=32,
    )


def rare_fashion():
    """GAN on Fashion-MNIST with classes down to a twentieth of the most frequent, drawn evenly."""
    return dataclasses.replace(
        images.gan_fashion(),
        name="rare_fashion",
        data_options={"class_shares": _SHARES, "balanced": True},
        epochs=40,
        picture_every=5,
    )
