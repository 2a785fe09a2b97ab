"""Callbacks: pictures, distances and checkpoints during training, an end when nothing gets better.

    python examples/with_callbacks.py --data_dir=~/tensorflow_datasets

Takes about 5 minutes for at most 20 epochs on two CPU cores. Expect a folder `with_callbacks` with
pictures, `evaluations.jsonl`, the best model, checkpoints, and logs for TensorBoard. Run it again,
and the training resumes. Callbacks of Keras work too, here EarlyStopping by the distance.
Without --data_dir it trains on the 10,000 Fashion-MNIST images that come with the package.
"""

import argparse
import pathlib

import keras

import geans
from geans import callbacks, data, networks, plotting


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets has, or puts, MNIST")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--output", default="with_callbacks.png", help="picture to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.data_dir:
        dataset = data.images.from_tfds("mnist", data_dir=arguments.data_dir, seed=0)
    else:
        dataset = data.images.embedded("fashion", seed=0)
    folder = pathlib.Path(arguments.output).with_suffix("")
    model = geans.GAN(
        networks.dcgan.generator(64, (28, 28, 1), width=16, seed=0),
        networks.dcgan.discriminator((28, 28, 1), width=16, seed=0),
        ema_half_life=2_000,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    history = model.fit(
        dataset,
        epochs=arguments.epochs,
        callbacks=[
            callbacks.SampleGrid(folder / "pictures"),
            callbacks.Evaluate(
                every=1,
                samples=2_000,
                metrics=["frechet_distance"],
                directory=folder,
                keep_best="frechet_distance",
            ),
            # After Evaluate, whose values it reads.
            keras.callbacks.EarlyStopping("frechet_distance", mode="min", patience=4),
            callbacks.TensorBoard(folder / "tensorboard"),
            callbacks.Checkpoint(folder),
        ],
    )

    best = keras.models.load_model(folder / "best.keras")
    plotting.save(plotting.image_grid(best.sample(64, seed=0)), arguments.output)
    print(f"Picture of the best model: {arguments.output}")
    print(f"Generator loss: {history.history['generator_loss'][-1]:.3f}")


if __name__ == "__main__":
    main()
