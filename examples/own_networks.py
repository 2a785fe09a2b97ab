"""Networks of your own: a functional generator, and a discriminator as a subclass of Model.

    python examples/own_networks.py --data_dir=~/tensorflow_datasets

Takes about 2 minutes for 10 epochs on two CPU cores; expect clothes or digits with soft edges. Any
`keras.Model` will do: latents to images in [-1, 1], and images to raw logits, one or several each.
Without --data_dir it trains on the 10,000 Fashion-MNIST images that come with the package.
"""

import argparse

import keras
import numpy as np
from keras import layers

import geans
from geans import data, plotting

LATENT_DIM = 32


def make_generator():
    """Doubles 7x7 features twice."""
    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.Conv2D(1, 3, padding="same", activation="tanh"),
        ]
    )


@keras.saving.register_keras_serializable(package="examples")
class Discriminator(keras.Model):
    """Halves images twice. The constructor's arguments are in the config, so it can be saved."""

    def __init__(self, width=32, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.halving = [
            layers.Conv2D(width << i, 4, strides=2, padding="same", activation="leaky_relu")
            for i in range(2)
        ]
        self.flatten = layers.Flatten()
        self.logits = layers.Dense(1)

    def call(self, images):
        """Returns raw logits `(batch, 1)`."""
        x = images
        for layer in self.halving:
            x = layer(x)
        return self.logits(self.flatten(x))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "width": self.width}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", default="own_networks.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)
    discriminator = Discriminator()
    discriminator(np.zeros((1, 28, 28, 1), "float32"))  # Builds its weights.
    model = geans.GAN(make_generator(), discriminator, seed=0)
    adam = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
    model.compile(*adam, penalty="r1")
    history = model.fit(dataset, epochs=arguments.epochs)

    plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
    print(f"Picture: {arguments.output}")
    print(f"Generator loss: {history.history['generator_loss'][-1]:.3f}")


if __name__ == "__main__":
    main()
