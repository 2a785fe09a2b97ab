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


def scalar(value):
    inputs = keras.Input((1,))
    start = keras.initializers.Constant(value)
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=start)
    return keras.Model(inputs, layer(inputs))


def bilinear(rule, rate=0.1, **options):
    """The game at theta = 2, phi = 1, with real samples of 0."""
    model = Bilinear(scalar(2.0), scalar(1.0), rule=rule, seed=0, **options)
    optimizers = [keras.optimizers.SGD(rate) for _ in range(2)]
    model.compile(*optimizers, loss="wasserstein")
    return model


def train(model, steps, **options):
    return model.fit(np.zeros((4 * steps, 1), "float32"), batch_size=4, verbose=0, **options)


def weights(model):
    return [network.get_weights()[0].item() for network in (model.discriminator, model.generator)]


def own_rules():
    """The classes of CONTRIBUTING's page on update rules."""
    page = (ROOT / "CONTRIBUTING.md").read_text().split("## A new update rule")[1]
    found = {}
    for block in re.findall(r"```python\n(.*?)```", page.split("\n## ")[0], re.DOTALL):
        assert len(block.splitlines()) <= 40
        exec(block, found)
    return found
