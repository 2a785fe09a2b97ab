"""How far apart are two sets of real images, by their Fréchet distance?

    python benchmarks/fid_bias.py --data_dir=DIR --output=benchmarks/fid_bias.jsonl \
        --picture=docs/fid_bias.png

Draws disjoint pairs of n images from all 70,000 of MNIST, for several n and seeds, and compares
them by the features of digits28. Between equal distributions the distance should be 0; it is
`metrics.frechet_bias`. A row has n, the seed, the distance found and the distance expected. Takes
about 2 minutes on two CPU cores.
"""

import argparse
import json
import pathlib

import matplotlib.figure
import matplotlib.ticker
import numpy as np

from geans import data, metrics, report
from geans.metrics import feature_set, features, measurement
from geans.plotting import style

COUNTS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 35_000)
ENOUGH = measurement.ENOUGH_FOR_FRECHET


def mnist(data_dir):
    options = {"split": "train+test", "shuffle": False, "batch_size": 1_000, "data_dir": data_dir}
    return data.images.from_tfds("mnist", **options)


def compare(rows, count, seed):
    chosen = rows[np.random.default_rng(seed).permutation(len(rows))[: 2 * count]]
    return metrics.frechet_distance(chosen[:count], chosen[count:])


def measure(data_dir, seeds):
    network = features.get("digits28")
    origin = measurement.Origin(name="tfds:mnist", split="train+test")
    found = feature_set.extract_cached(mnist(data_dir), network, origin)
    covariance = found.statistics.covariance
    for count in COUNTS:
        expected = metrics.frechet_bias(len(covariance), count, covariance=covariance)
        for seed in seeds:
            yield {
                "name": "two halves of MNIST",
                "features": network.name,
                "checksum": network.checksum,
                "count": count,
                "seed": seed,
                "distance": compare(found.features, count, seed),
                "expected": expected,
            }


def picture(rows):
    figure = matplotlib.figure.Figure(figsize=(7.5, 4.2), dpi=style.DPI, layout="constrained")
    axes = figure.subplots()
    counts = sorted({row["count"] for row in rows})
    expected = [next(row["expected"] for row in rows if row["count"] == n) for n in counts]
    axes.loglog(counts, expected, color=style.INK, linewidth=1.5, label="expected: c / n")
    axes.loglog(
        [row["count"] for row in rows],
        [row["distance"] for row in rows],
        "o",
        color=style.BLUE,
        markersize=5,
        alpha=0.7,
        label="found, three seeds each",
    )
    axes.axvspan(counts[0] * 0.8, ENOUGH, color=style.PALE, alpha=0.3, linewidth=0)
    axes.set_xlim(counts[0] * 0.8, counts[-1] * 1.25)
    axes.text(
        ENOUGH * 0.93, axes.get_ylim()[1], "printed with a warning",
        ha="right", va="top", color=style.INK, fontsize=9,
    )  # fmt: skip
    axes.set_xlabel("images on each side, n", color=style.INK)
    axes.set_ylabel("Fréchet distance", color=style.INK)
    axes.set_title(
        "Real images against real images: the distance that more images take away",
        color=style.INK,
        fontsize=11,
    )
    plain = matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,g}")
    axes.xaxis.set_major_formatter(plain)
    axes.yaxis.set_major_formatter(plain)
    axes.legend(frameon=False, labelcolor=style.INK, loc="lower left")
    style.soften(axes)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where tensorflow-datasets finds MNIST")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--output", help="file to write rows to")
    parser.add_argument("--picture", help="PNG file to write")
    arguments = parser.parse_args()
    versions = report.versions()
    rows = []
    for row in measure(arguments.data_dir, [int(seed) for seed in arguments.seeds.split(",")]):
        rows.append(row | versions)
        print(json.dumps(row), flush=True)
    if arguments.output:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        pathlib.Path(arguments.output).write_text(lines)
    if arguments.picture:
        picture(rows).savefig(arguments.picture)


if __name__ == "__main__":
    main()
