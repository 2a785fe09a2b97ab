"""Trains the two digit classifiers that count the modes of stacked digits.

    python benchmarks/train_classifiers.py --data_dir=DIR

Writes their weights into the package and prints the accuracy on images held out: MNIST's test set,
and a fifth of the 8x8 digits. Takes about 4 minutes on two CPU cores, nearly all of it for MNIST.
"""

import argparse
import json

import keras
import numpy as np
import tensorflow as tf

from geans import data, report
from geans.metrics import stacked_digits

EPOCHS = {"mnist": 12, "digits": 150}
SHIFT = {"mnist": 2, "digits": 1}
BATCH_SIZE = 64
LEARNING_RATE = 2e-3


def read_mnist(data_dir):
    parts = []
    for split in ("train", "test"):
        options = {"labels": True, "shuffle": False, "batch_size": 10_000, "data_dir": data_dir}
        batches = list(data.images.from_tfds("mnist", split=split, **options).as_numpy_iterator())
        parts.append(tuple(map(np.concatenate, zip(*batches, strict=True))))
    return parts


def read_digits(data_dir):
    images, labels = data.stacked.optical_digits()
    images = images[..., np.newaxis] / np.float32(127.5) - 1
    held_out = data.stacked.held_out()
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


SOURCES = {"mnist": read_mnist, "digits": read_digits}


def shifted(images, labels, shift):
    """A whole batch at once is moved, by another distance for every batch."""
    size = images.shape[1]
    padding = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = tf.pad(images, padding, constant_values=-1.0)
    top, left = tf.unstack(tf.random.uniform((2,), 0, 2 * shift + 1, "int32"))
    return padded[:, top : top + size, left : left + size], labels


def train(source, data_dir, seed):
    keras.utils.set_random_seed(seed)
    (images, labels), (test_images, test_labels) = SOURCES[source](data_dir)
    batches = data.pipeline.batches((images, labels), batch_size=BATCH_SIZE, seed=seed)
    batches = batches.map(lambda *batch: shifted(*batch, SHIFT[source]))
    model = stacked_digits.network(images.shape[1])
    steps = EPOCHS[source] * len(batches)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(batches, epochs=EPOCHS[source], verbose=2)
    stacked_digits.write(source, model.get_weights())
    # As it is read again: rounded to half precision.
    found = stacked_digits.classify(test_images, source)
    return {
        "classifier": source,
        "seed": seed,
        "accuracy": round(float(np.mean(found == test_labels)), 4),
        "held_out": len(test_labels),
        "parameters": model.count_params(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classifiers", default="mnist,digits")
    parser.add_argument("--data_dir", help="where tensorflow-datasets finds MNIST")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for source in arguments.classifiers.split(","):
        row = train(source, arguments.data_dir, arguments.seed)
        print(json.dumps(row | report.versions()), flush=True)


if __name__ == "__main__":
    main()
