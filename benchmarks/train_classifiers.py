"""Trains the classifiers of the package: two that count modes, and the feature network digits28.

    python benchmarks/train_classifiers.py --data_dir=DIR
    python benchmarks/train_classifiers.py --data_dir=DIR --classifiers=digits28 --seeds=0,1 \\
        --output=benchmarks/classifiers.jsonl

The first command trains those that count the modes of stacked digits, writes their weights into the
package and prints the accuracy on images held out: MNIST's test set, and a fifth of the 8x8 digits.
It takes about 4 minutes on two CPU cores, nearly all of it for MNIST.

The second trains digits28 on the training sets of MNIST and Fashion-MNIST together, and measures it
on both test sets: 25 minutes per seed on two busy cores. The package gets the weights of seed 0.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf

from geans import data, report
from geans.metrics import stacked_digits
from geans.metrics.features import digits28

EPOCHS = {"mnist": 12, "digits": 150, "digits28": 10}
SHIFT = {"mnist": 2, "digits": 1, "digits28": 2}
BATCH_SIZE = 64
DIGITS28_BATCH_SIZE = 128
LEARNING_RATE = 2e-3


def read(name, split, data_dir):
    options = {"labels": True, "shuffle": False, "batch_size": 10_000, "data_dir": data_dir}
    batches = list(data.images.from_tfds(name, split=split, **options).as_numpy_iterator())
    return tuple(map(np.concatenate, zip(*batches, strict=True)))


def read_mnist(data_dir):
    return [read("mnist", split, data_dir) for split in ("train", "test")]


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


def fit(model, batches, epochs, **options):
    steps = epochs * len(batches)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **options,
    )
    model.fit(batches, epochs=epochs, verbose=2)


def train(source, data_dir, seed):
    keras.utils.set_random_seed(seed)
    (images, labels), (test_images, test_labels) = SOURCES[source](data_dir)
    batches = data.pipeline.batches((images, labels), batch_size=BATCH_SIZE, seed=seed)
    batches = batches.map(lambda *batch: shifted(*batch, SHIFT[source]))
    model = stacked_digits.network(images.shape[1])
    fit(model, batches, EPOCHS[source])
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


def flipped_clothing(images, labels):
    """Mirrors half of the clothing; a mirrored digit is another sign."""
    chosen = (tf.random.uniform(tf.shape(labels)) < 0.5) & (labels >= 10)
    mirrored = tf.image.flip_left_right(images)
    return tf.where(chosen[:, None, None, None], mirrored, images), labels


def read_digits28(split, data_dir):
    digits, clothing = (read(name, split, data_dir) for name in ("mnist", "fashion_mnist"))
    return digits, (clothing[0], clothing[1] + 10)


def train_digits28(data_dir, seed, *, ship):
    keras.utils.set_random_seed(seed)
    arrays = tuple(map(np.concatenate, zip(*read_digits28("train", data_dir), strict=True)))
    batches = data.pipeline.batches(arrays, batch_size=DIGITS28_BATCH_SIZE, seed=seed)
    batches = batches.map(flipped_clothing)
    batches = batches.map(lambda *batch: shifted(*batch, SHIFT["digits28"]))
    model = digits28.untrained()
    start = time.perf_counter()
    classifier = keras.Model(model.input, model.output["logits"])
    # XLA's convolutions are five times slower on CPUs.
    fit(classifier, batches, EPOCHS["digits28"], jit_compile=False)
    seconds = time.perf_counter() - start
    # As it is read again: rounded to half precision.
    model.set_weights(digits28.halves(model.get_weights()))
    if ship:
        digits28.write(model.get_weights())
    parts = zip(digits28.CLASSES, read_digits28("test", data_dir), strict=True)
    accuracies = {classes: digits28_accuracies(model, classes, *part) for classes, part in parts}
    return {
        "classifier": "digits28",
        "seed": seed,
        "accuracy": accuracies,
        "held_out": 10_000,
        "parameters": model.count_params(),
        "epochs": EPOCHS["digits28"],
        "seconds": round(seconds),
        "shipped": ship,
    }


def digits28_accuracies(model, classes, images, labels):
    """Among all twenty classes, and among the ten of the dataset."""
    logits = model.predict(images, batch_size=1_000, verbose=0)["logits"]
    chosen = np.asarray(digits28.CLASSES[classes])
    among_ten = chosen[logits[:, chosen].argmax(axis=1)]
    return {
        "among_20": round(float(np.mean(logits.argmax(axis=1) == labels)), 4),
        "among_10": round(float(np.mean(among_ten == labels)), 4),
    }


def rows(classifiers, seeds, data_dir):
    for source in classifiers:
        if source != "digits28":
            yield train(source, data_dir, seeds[0])
            continue
        for seed in seeds:
            yield train_digits28(data_dir, seed, ship=seed == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classifiers", default="mnist,digits")
    parser.add_argument("--data_dir", help="where tensorflow-datasets finds MNIST")
    parser.add_argument("--seeds", default="0", help="such as 0,1; more than one for digits28 only")
    parser.add_argument("--output", type=pathlib.Path, help="file of rows to add to")
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    for row in rows(arguments.classifiers.split(","), seeds, arguments.data_dir):
        print(json.dumps(row), flush=True)
        if arguments.output:
            report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
