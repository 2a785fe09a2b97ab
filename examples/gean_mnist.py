"""A GEAN on MNIST: the networks of gan_mnist.py, gradients summed over a window of steps.

    python examples/gean_mnist.py --data_dir=~/tensorflow_datasets --update_every=4
    python examples/gean_mnist.py --data_dir=~/tensorflow_datasets --update_every=epoch

Takes 2 to 3 minutes for 20 epochs on two CPU cores. With a window of 4 expect digits with speckles,
after a quarter of the GAN's updates; with "epoch" each player has moved only once per pass over the
data, 20 times in all, so expect grey noise: that is what the rule to the letter gives.
Without --data_dir it trains on the 10,000 Fashion-MNIST images that come with the package.
"""

import argparse

import keras

import geans
from geans import data, networks, plotting


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--update_every", default="4", help='steps per update, or "epoch"')
    parser.add_argument("--output", default="gean_mnist.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)
    epoch = arguments.update_every == "epoch"
    update_every = "epoch" if epoch else int(arguments.update_every)

    generator = networks.mlp.generator(latent_dim=64, output_shape=(28, 28, 1), seed=0)
    discriminator = networks.mlp.discriminator(input_shape=(28, 28, 1), seed=0)
    model = geans.GEAN(generator, discriminator, update_every=update_every, seed=0)
    model.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        loss="non_saturating",
    )
    # An epoch-end callback applies what is summed; fit brings it along.
    history = model.fit(dataset, epochs=arguments.epochs)

    plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
    updates = int(model.generator_player.optimizer.iterations.numpy())
    print(f"Picture: {arguments.output}, after {updates} updates")
    print(f"Generator loss: {history.history['generator_loss'][-1]:.3f}")


if __name__ == "__main__":
    main()
