"""A training loop of your own, by `train_on_batch`: what `fit` does, in the open.

    python examples/training_loop.py --data_dir=~/tensorflow_datasets

Takes about 2 minutes for 10 epochs on two CPU cores. Expect the same pictures that `fit` makes; the
difference is that you decide what happens between two steps.
Without --data_dir it trains on the 10,000 Fashion-MNIST images that come with the package.
"""

import argparse

import keras

import geans
from geans import data, networks, plotting


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", default="training_loop.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)
    model = geans.GEAN(
        networks.dcgan.generator(64, (28, 28, 1), width=16, seed=0),
        networks.dcgan.discriminator((28, 28, 1), width=16, seed=0),
        update="pullback",
        update_every=5,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))

    logs = {}
    for epoch in range(arguments.epochs):
        model.reset_metrics()
        for step, batch in enumerate(dataset):
            # Means over the epoch so far, what `fit` logs.
            logs = model.train_on_batch(batch, return_dict=True)
            if logs["discriminator_loss"] < 0.1:
                print(f"Epoch {epoch}, step {step}: the discriminator is far ahead.")
        model.update()  # Ends a window that the epoch has left open.
        print(", ".join(f"{name} {value:.3f}" for name, value in logs.items()))

    plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
    print(f"Picture: {arguments.output}")
    print(f"Generator loss: {logs['generator_loss']:.3f}")


if __name__ == "__main__":
    main()
