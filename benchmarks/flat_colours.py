"""What does the distance of the pretrained faces hear that a person hardly sees?

    python benchmarks/flat_colours.py --data_dir=DIR

Fréchet distance (imagenet), precision and recall of 1,500 images to the first 1,500 cartoon faces:
of other real faces, as they are, with faint Gaussian noise and slightly blurred; of samples of the
model `faces` in float32 and in bfloat16, and smoothed by total variation, which leaves edges and
flattens the rest. Noise and blur are in units of [-1, 1] and of pixels. A row per kind and seed,
of the noise and of the samples.
"""

import argparse
import pathlib

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage

import geans
from geans import metrics, report
from geans.metrics import features

COUNT = 1_500
NOISE, BLUR, VARIATION = (0.02, 0.05, 0.1), 0.5, 0.05
STEPS, RATE = 60, 0.02  # Of Adam, for total variation.


def smoothed(images):
    """Minimises the squared difference from images, plus their weighted total variation."""
    found, optimizer = tf.Variable(images), keras.optimizers.Adam(RATE)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(found - images))
            loss += VARIATION * tf.reduce_sum(tf.image.total_variation(found))
        optimizer.apply_gradients([(tape.gradient(loss, found), found)])
    return np.clip(found.numpy(), -1, 1)


def sampled(precision, seed):
    """Samples of the faces, computed in a precision."""
    keras.config.set_dtype_policy(precision)
    samples = geans.from_pretrained("faces").sample(COUNT, seed=seed)
    keras.config.set_dtype_policy("float32")
    return samples


def kinds(others, seed):
    """Yields names and images."""
    random = np.random.default_rng(seed)
    yield "real", others
    yield f"real, blurred by {BLUR}", ndimage.gaussian_filter(others, (0, BLUR, BLUR, 0))
    for strength in NOISE:
        noisy = others + random.normal(0, strength, others.shape)
        yield f"real, noise of {strength}", np.clip(noisy, -1, 1).astype("float32")
    samples = sampled("float32", seed)
    yield "faces, float32", samples
    yield "faces, bfloat16", sampled("mixed_bfloat16", seed)
    yield "faces, smoothed", smoothed(samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    output = pathlib.Path(__file__).with_suffix(".jsonl")
    parser.add_argument("--output", type=pathlib.Path, default=output)
    arguments = parser.parse_args()
    with np.load(arguments.data_dir / "peeps_64.npz") as file:
        images = file["images"][: 2 * COUNT].astype("float32") / np.float32(127.5) - 1
    network, origin = features.get("imagenet"), metrics.Origin(name="faces")

    def seen(images):
        return metrics.extract(np.array_split(images, 6), network, origin)

    known = seen(images[:COUNT])
    for seed in map(int, arguments.seeds.split(",")):
        for name, shown in kinds(images[COUNT:], seed):
            rows = metrics.measure(known, seen(shown), ["frechet_distance", "prdc"])
            row = {"name": name, "seed": seed, **{each.metric: each.value for each in rows}}
            report.append_row(row, arguments.output)
            print(row, flush=True)


if __name__ == "__main__":
    main()
