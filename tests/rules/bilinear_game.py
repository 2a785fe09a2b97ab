"""The bilinear game, which rules can be worked out on by hand, and CONTRIBUTING's rules."""

import pathlib
import re

import keras
import numpy as np
import tensorflow as tf

import geans

ROOT = pathlib.Path(__file__).parents[2]


@keras.saving.register_keras_serializable(package="geans_tests")
class Bilinear(geans.GAN):
    """L_D = phi theta = -L_G: the generator's weight is theta, the discriminator's phi."""

    def draw_latents(self, count, seed):
        return tf.ones((count, 1))


def scalar(value, weight_decay=0):
    inputs = keras.Input((1,))
    options = {
        "kernel_initializer": keras.initializers.Constant(value),
        "kernel_regularizer": keras.regularizers.L2(weight_decay) if weight_decay else None,
    }
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False, **options)(inputs))


def bilinear(rule, rate=0.1, weight_decay=0, **options):
    """The game at theta = 2, phi = 1; with weight decay c, c phi^2 and c theta^2 join the losses.

    Without real samples, the gradients of z = phi + i theta are (2c - i) z.
    """
    networks = (scalar(start, weight_decay) for start in (2.0, 1.0))
    model = Bilinear(*networks, rule=rule, seed=0, **options)
    optimizers = [keras.optimizers.SGD(rate) for _ in range(2)]
    model.compile(*optimizers, loss="wasserstein")
    return model


def train(model, steps, **options):
    """Trains on batches of real samples of 0, which do not count."""
    return model.fit(np.zeros((4 * steps, 1), "float32"), batch_size=4, verbose=0, **options)


def weights(model):
    return [network.get_weights()[0].item() for network in (model.discriminator, model.generator)]


def point(model):
    """The weights as one complex number, phi + i theta."""
    return complex(*weights(model))


def own_rules():
    """The classes of CONTRIBUTING's page on update rules."""
    page = (ROOT / "CONTRIBUTING.md").read_text().split("## A new update rule")[1]
    found = {}
    for block in re.findall(r"```python\n(.*?)```", page.split("\n## ")[0], re.DOTALL):
        assert len(block.splitlines()) <= 40
        exec(block, found)
    return found
