"""Does the memorisation check find copies among images of which a known share is copied?

    python benchmarks/neighbours.py --picture=docs/neighbours.png

Of the 10,000 images in the package, 6,000 stand for the training data, 2,000 are held out, and
2,000 stand for generated images; a fifth of these are replaced by training images with noise.
Prints what `metrics.data_copying` finds. Takes about 20 seconds on two CPU cores.
"""

import argparse
import dataclasses
import json

import numpy as np

from geans import data, metrics, plotting
from geans.metrics import features

COPIES = 400
NOISE = 12  # Of 255.
NEIGHBOURS = 5


def images():
    batches = data.images.embedded("fashion", batch_size=10_000, shuffle=False)
    pixels = features.to_pixels(next(iter(batches)).numpy())
    training, held_out, generated = np.split(pixels, [6_000, 8_000])
    random = np.random.default_rng(0)
    noise = random.integers(-NOISE, NOISE + 1, (COPIES, *pixels.shape[1:]))
    generated[:COPIES] = np.clip(training[:COPIES] + noise, 0, 255)
    return training, held_out, random.permutation(generated)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", help="PNG file to write")
    arguments = parser.parse_args()
    training, held_out, generated = images()
    network = features.get("pixels")
    rows = [network(each)["features"] for each in (generated, training, held_out)]
    found = metrics.nearest_neighbours(*rows[:2], held_out_features=rows[2], count=NEIGHBOURS)
    nearest = found.distances[:, 0]
    copying = metrics.data_copying(found.held_out_distances, nearest)
    print(json.dumps({"copied": COPIES / len(generated)} | dataclasses.asdict(copying)))
    if arguments.picture:
        shown = slice(6)
        figure = plotting.neighbours(
            generated[shown],
            training[found.indices[shown]],
            found.distances[shown],
            fake_distances=nearest,
            held_out_distances=found.held_out_distances,
            title=f"Copied fraction: {copying.copied_fraction:.0%}",
        )
        plotting.save(figure, arguments.picture)


if __name__ == "__main__":
    main()
