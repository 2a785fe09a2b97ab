"""What does the distance of cartoon faces hear that a person hardly sees?

    python benchmarks/flat_colours.py --data_dir=DIR
    python benchmarks/flat_colours.py --data_dir=DIR --model=RUN_DIR --name="without colours"

Fréchet distance (imagenet), precision and recall of 1,500 images to the first 1,500 cartoon faces:
of other real faces, as they are, with faint Gaussian noise (in units of [-1, 1]), slightly blurred
(in pixels), and each in 16 colours; of samples of a model or run, by its EMA generator in float32,
by the same weights in bfloat16, and each in 16 colours. A row per kind and seed, of the noise and
of the samples. A kind that is there already is not repeated.

The second command is for a run of "recipe without colours" of own_images.py, whose generator adds
channels of the image in place of mixing colours.
"""

import argparse
import pathlib

import keras
import numpy as np
from network_search import is_known
from PIL import Image
from scipy import ndimage

from geans import experiment, metrics, report
from geans.metrics import features

COUNT = 1_500
NOISE, BLUR, COLOURS = (0.005, 0.01, 0.02, 0.05), 0.5, 16
ROUNDS = 5  # Of k-means, after a median cut.
OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")


def in_few_colours(images):
    """Images of 16 colours each: flat where colours are nearly the same."""
    pictures = map(Image.fromarray, features.to_pixels(images))
    few = [each.quantize(COLOURS, kmeans=ROUNDS).convert("RGB") for each in pictures]
    return np.stack(few).astype("float32") / np.float32(127.5) - 1


def sampled(source, seed, policy):
    """Samples of the EMA generator's weights, computed by a dtype policy."""
    keras.config.set_dtype_policy(policy)
    model = experiment.trained(source)
    keras.config.set_dtype_policy("float32")
    # The EMA generator of a run computes in float32, its generator as it was trained.
    model.generator.set_weights(model.sampling_network().get_weights())
    return model.sample(COUNT, seed=seed, ema=policy == "float32")


def kinds(others, arguments, seed):
    """Yields names and functions that return images."""

    def noisy(strength):
        noise = np.random.default_rng(seed).normal(0, strength, others.shape)
        return np.clip(others + noise, -1, 1).astype("float32")

    yield "real", lambda: others
    yield f"real, blurred by {BLUR}", lambda: ndimage.gaussian_filter(others, (0, BLUR, BLUR, 0))
    for strength in NOISE:
        yield f"real, noise of {strength}", lambda strength=strength: noisy(strength)
    yield f"real, in {COLOURS} colours", lambda: in_few_colours(others)
    name, model = arguments.name, arguments.model
    yield f"{name}, bfloat16", lambda: sampled(model, seed, "mixed_bfloat16")
    yield f"{name}, float32", lambda: sampled(model, seed, "float32")
    yield (
        f"{name}, in {COLOURS} colours",
        lambda: in_few_colours(sampled(model, seed, "float32")),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", type=pathlib.Path, required=True)
    parser.add_argument("--model", default="faces", help="pretrained model or run directory")
    parser.add_argument("--name", default="faces", help="what rows call the model")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    with np.load(arguments.data_dir / "peeps_64.npz") as file:
        images = file["images"][: 2 * COUNT].astype("float32") / np.float32(127.5) - 1
    network, origin = features.get("imagenet"), metrics.Origin(name="faces")

    def seen(images):
        return metrics.extract(np.array_split(images, 6), network, origin)

    known = seen(images[:COUNT])
    for seed in map(int, arguments.seeds.split(",")):
        for name, make in kinds(images[COUNT:], arguments, seed):
            if is_known({"name": name, "seed": seed}, arguments.output):
                continue
            rows = metrics.measure(known, seen(make()), ["frechet_distance", "prdc"])
            row = {"name": name, "seed": seed, **{each.metric: each.value for each in rows}}
            report.append_row(row, arguments.output)
            print(row, flush=True)


if __name__ == "__main__":
    main()
