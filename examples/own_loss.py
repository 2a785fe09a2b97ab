"""A loss of your own: relativistic, each sample judged beside a real one.

    python examples/own_loss.py --data_dir=~/tensorflow_datasets

Takes about 3 minutes for 10 epochs on two CPU cores. Expect what the non-saturating loss makes. A
loss has one formula for each player; penalties, augmentation and saving work as with any other.
Without --data_dir it trains on the 10,000 Fashion-MNIST images that come with the package.
"""

import argparse

import keras
from keras import ops

import geans
from geans import data, losses, networks, plotting


@keras.saving.register_keras_serializable(package="examples")
class Relativistic(losses.AdversarialLoss):
    """Jolicoeur-Martineau 2019 (arXiv 1807.00734): is a real sample more real than a fake one?"""

    generator_uses_real = True

    def discriminator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(real - fake)))."""
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator(self, real_logits, fake_logits):
        """-mean(log(sigmoid(fake - real)))."""
        return ops.mean(ops.softplus(real_logits - fake_logits))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", default="own_loss.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)
    model = geans.GAN(
        networks.dcgan.generator(64, (28, 28, 1), width=16, seed=0),
        networks.dcgan.discriminator((28, 28, 1), width=16, seed=0),
        seed=0,
    )
    adam = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
    model.compile(*adam, loss=Relativistic(), penalty="r1")
    history = model.fit(dataset, epochs=arguments.epochs)

    plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
    print(f"Picture: {arguments.output}")
    print(f"Generator loss: {history.history['generator_loss'][-1]:.3f}")


if __name__ == "__main__":
    main()
