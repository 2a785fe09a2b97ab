"""Do the update rules differ on images? DCGAN on Fashion-MNIST and on figures of 32x32 pixels.

    python benchmarks/rules_on_images.py --data_dir=DIR

Learning rates first: the same nine pairs for every rule on a seed that is not reported, a third of
the images. Then the best pair of each, by the Fréchet distance of the EMA generator, with three
seeds. Networks and the rest are those of `gan_fashion`. A row that is there is not repeated.
"""

import argparse
import dataclasses
import functools
import itertools
import json
import pathlib
import time

from mode_coverage import RULES, add_flags, rates, rows_of

from geans import presets, report

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")
IMAGES = {
    "Fashion-MNIST": {"data": "tfds:fashion_mnist", "epochs": 3},
    "figures": {"data": "arrays:dcss_dolls_32.npz", "epochs": 9},
}
"""Images, and what shows 180,000 of them."""

BETA = {"beta_1": 0.5}  # As in the preset.
COMPARED = {
    "GAN": RULES["GAN"] | BETA,
    "accumulation": RULES["accumulation"] | BETA | {"update_every": 2, "window_exponent": 0.0},
    "pullback": RULES["pullback"] | BETA,
}
MENDS = {
    "pullback, share .8": COMPARED["pullback"]
    | {"update_options": {"share": {"discriminator": 0.8}}},
    "pullback, windows of 20": COMPARED["pullback"] | {"update_every": 20},
    "pullback, beta_1 0": COMPARED["pullback"] | {"beta_1": 0.0},
}
"""What was tried where pullback is behind: on the figures, with some of the rates."""

RATES = tuple(itertools.product((1e-3, 2e-3, 4e-3), repeat=2))
MEND_RATES = ((1e-3, 1e-3), (2e-3, 2e-3), (4e-3, 1e-3))
SEARCH_SEED, SEEDS = 100, (0, 1, 2)
NETWORKS = {"Fashion-MNIST": "digits28", "figures": "imagenet"}
"""Networks of features."""


def runs(rows):
    """Yields the search, and of what it is complete for, the reported runs."""
    distances = {key(row): row["ema"]["frechet_distance"] for row in rows}
    for images, rule in itertools.product(IMAGES, COMPARED):
        run = {"images": images, "rule": rule}
        searched = [run | {"rates": list(pair), "seed": SEARCH_SEED} for pair in RATES]
        yield from searched
        if all(key(each) in distances for each in searched):
            best = min(searched, key=lambda each: distances[key(each)])
            yield from (best | {"seed": seed} for seed in SEEDS)
    for rule, pair in itertools.product(MENDS, MEND_RATES):
        yield {"images": "figures", "rule": rule, "rates": list(pair), "seed": SEARCH_SEED}


def key(row):
    return json.dumps([row[name] for name in ("images", "rule", "rates", "seed")])


def train(data_dir, run):
    """Trains one run; returns its row."""
    import keras
    import network_search

    from geans import experiment, metrics

    keras.backend.clear_session()
    fields = IMAGES[run["images"]] | (COMPARED | MENDS)[run["rule"]] | rates(*run["rates"])
    preset = presets.changed(presets.get("gan_fashion"), seed=run["seed"], **fields)
    if run["seed"] == SEARCH_SEED:
        preset = dataclasses.replace(preset, epochs=preset.epochs // 3)
    dataset = experiment.make_data(preset, data_dir)
    model = experiment.make_model(preset, dataset)
    start = time.process_time()
    model.fit(dataset, epochs=preset.epochs, verbose=0)
    seconds = time.process_time() - start
    network = metrics.features.get(NETWORKS[run["images"]])
    measured = model, preset, data_dir, network
    return {
        **run,
        "features": network.name,
        "ema": network_search.distances(*measured, samples=5_000),
        "raw": network_search.distances(*measured, samples=5_000, ema=False),
        "samples": int(model.samples_seen.numpy()),
        "processor_seconds": round(seconds, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where the arrays and Fashion-MNIST lie")
    add_flags(parser, OUTPUT)
    arguments = parser.parse_args()
    for _ in ("search", "reported runs"):
        rows = report.read_rows(arguments.output)
        done = set(map(key, rows))
        todo = [run for run in runs(rows) if key(run) not in done]
        for row in rows_of(functools.partial(train, arguments.data_dir), todo, arguments):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
