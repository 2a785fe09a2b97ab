"""A GAN on MNIST: 128-128-784 against 128-128-1, an update at every step.

    python examples/gan_mnist.py --data_dir=~/tensorflow_datasets

Takes about 2 minutes for 20 epochs on two CPU cores. Expect digits that a person reads, with
speckles, as multilayer perceptrons make them. Without --data_dir it trains on the 10,000
Fashion-MNIST images that come with the package.
"""

import argparse

import keras

import geans
from geans import data, networks, plotting


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--output", default="gan_mnist.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)

    generator = networks.mlp.generator(latent_dim=64, output_shape=(28, 28, 1), seed=0)
    discriminator = networks.mlp.discriminator(input_shape=(28, 28, 1), seed=0)
    model = geans.GAN(generator, discriminator, seed=0)
    model.compile(
        generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        loss="non_saturating",
    )
    history = model.fit(dataset, epochs=arguments.epochs)

    plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
    print(f"Picture: {arguments.output}")
    print(f"Generator loss: {history.history['generator_loss'][-1]:.3f}")


if __name__ == "__main__":
    main()
