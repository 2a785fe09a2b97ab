"""How well do images come back from the latents, and do attribute directions keep the rest?

    python benchmarks/editing.py --data_dir=DIR --picture=docs/editing.png

Projection: of 64 samples of another seed, and of 64 images that the model was not trained on, how
many come back with an error below 5 % of the mean squared distance between two random images.
Direction: that of light images (thick strokes, white cloth), from samples labelled by whether they
are lighter than the median of their class; along it, what becomes of the lightness and of the class
that a classifier sees. Appends a row per model and seed; the picture has the first rows of seed 0.
"""

import argparse
import pathlib
import time

import numpy as np

import geans
from geans import data, experiment, plotting, report
from geans.metrics.features import digits28
from geans.models import latent_space

MODELS = {"digits": 0, "fashion": 10}
"""Pretrained models, and the class of `digits28` that is their first."""

IMAGES, LABELLED, MOVED, REACH, STEPS = 64, 2_000, 100, 3.0, 9
SHOWN = 10


def held_out(name, data_dir):
    """Test images, which no model was trained on."""
    dataset = experiment.preset_of(name).data.partition(":")[2]
    options = {"split": "test", "batch_size": IMAGES, "shuffle": False, "data_dir": data_dir}
    return next(iter(data.images.from_tfds(dataset, **options))).numpy()


def projected(model, images, seed):
    """Projects images; returns the projection and its numbers."""
    start = time.perf_counter()
    found = model.project(images, seed=seed)
    seconds = time.perf_counter() - start
    between = np.mean(np.square(images - images[::-1]))
    shares = found.errors / between
    numbers = {
        "below_5_percent": float((shares < 0.05).mean()),
        "median_share": float(np.median(shares)),
        "seconds": round(seconds, 1),
    }
    return found, numbers


def along_lightness(model, seed):
    """Samples (n, steps, ...) along the direction of light images, and their classes."""
    classes = np.arange(LABELLED) % model.num_classes
    lightness = model.sample(LABELLED, seed).mean(axis=(1, 2, 3))
    medians = np.array([np.median(lightness[classes == k]) for k in range(model.num_classes)])
    direction = model.attribute_directions(lightness > medians[classes], seed=seed)[True]
    inputs = model.sampling_inputs(MOVED, seed + 1_000)
    return latent_space.traverse(model, inputs, direction, steps=STEPS, reach=REACH)


def measure(name, seed, data_dir):
    """Returns the row of a model and seed, and the rows of the picture."""
    model, first = geans.from_pretrained(name), MODELS[name]
    images = held_out(name, data_dir)
    _, of_samples = projected(model, model.sample(IMAGES, 100 + seed), seed)
    found, of_images = projected(model, images, seed)
    rows = along_lightness(model, seed)
    lightness = rows.mean(axis=(2, 3, 4))
    seen = digits28.classify(rows.reshape(-1, *rows.shape[2:])).reshape(rows.shape[:2])
    classes = first + np.arange(MOVED) % model.num_classes
    row = {
        "model": name,
        "seed": seed,
        "samples": of_samples,
        "held_out": of_images,
        "lighter": float((lightness[:, -1] > lightness[:, 0]).mean()),
        "lightness": lightness.mean(axis=0).round(3).tolist(),
        "class_kept": (seen == classes[:, None]).mean(axis=0).round(3).tolist(),
    }
    shown = [images[:SHOWN], found.reconstructions[:SHOWN], *rows[:SHOWN].swapaxes(0, 1)]
    return row, np.stack(shown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where MNIST and Fashion-MNIST lie")
    parser.add_argument("--seeds", default="0,1,2")
    output = pathlib.Path(__file__).with_suffix(".jsonl")
    parser.add_argument("--output", type=pathlib.Path, default=output)
    parser.add_argument("--picture", type=pathlib.Path)
    arguments = parser.parse_args()
    pictures = []
    for name in MODELS:
        for seed in map(int, arguments.seeds.split(",")):
            row, shown = measure(name, seed, arguments.data_dir)
            report.append_row(row, arguments.output)
            print(row, flush=True)
            if seed == 0:
                pictures.append(shown)
    if arguments.picture and pictures:
        shown = np.concatenate(pictures, axis=1)  # Models side by side.
        grid = plotting.image_grid(shown.reshape(-1, *shown.shape[2:]), shown.shape[1])
        plotting.save(grid, arguments.picture)


if __name__ == "__main__":
    main()
