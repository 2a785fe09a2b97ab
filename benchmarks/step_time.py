"""How long does a GEAN step take, compared with a GAN step of the same networks and batch?

    python benchmarks/step_time.py --output=benchmarks/step_time.jsonl

The models train in turn, round by round, in one process; a row has the medians over the rounds, in
milliseconds per step, and their ratio to the GAN's. Shared machines drift: trust the ratios.
Takes about 3 minutes on two CPU cores.
"""

import argparse
import json
import statistics
import time

import numpy as np
import tensorflow as tf

import geans
from geans import networks, report

BATCH_SIZE = 64
FAMILIES = {
    "mlp 128-128-784": (networks.mlp, {}, 200),
    "dcgan width 16": (networks.dcgan, {"width": 16}, 40),
    "dcgan width 32": (networks.dcgan, {"width": 32}, 20),
}
RULES = {
    "gan": (geans.GAN, {}),
    "gean, window 8": (geans.GEAN, {"update_every": 8}),
    "gean, epoch": (geans.GEAN, {}),
}


def make_model(family, options, rule):
    model_class, arguments = RULES[rule]
    model = model_class(
        family.generator(64, (28, 28, 1), seed=0, **options),
        family.discriminator((28, 28, 1), seed=0, **options),
        seed=0,
        **arguments,
    )
    model.compile()
    return model


def seconds(model, dataset):
    start = time.perf_counter()
    model.fit(dataset, verbose=0)
    return time.perf_counter() - start


def compare(name, rounds):
    family, options, steps = FAMILIES[name]
    images = np.random.default_rng(0).uniform(-1, 1, (steps * BATCH_SIZE, 28, 28, 1))
    dataset = tf.data.Dataset.from_tensor_slices(images.astype("float32")).batch(BATCH_SIZE).cache()
    models = {rule: make_model(family, options, rule) for rule in RULES}
    times = {rule: [] for rule in RULES}
    for counted in [False, *[True] * rounds]:
        for rule, model in models.items():
            taken = seconds(model, dataset)
            if counted:
                times[rule].append(taken / steps * 1e3)
    medians = {rule: statistics.median(values) for rule, values in times.items()}
    for rule, median in medians.items():
        ratios = [a / b for a, b in zip(times[rule], times["gan"], strict=True)]
        yield {
            "networks": name,
            "rule": rule,
            "batch_size": BATCH_SIZE,
            "milliseconds_per_step": round(median, 3),
            "ratio_to_gan": round(statistics.median(ratios), 3),
            "rounds": rounds,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", help="JSONL file to write")
    arguments = parser.parse_args()
    rows = [row for name in FAMILIES for row in compare(name, arguments.rounds)]
    for row in rows:
        print(
            "{networks:16} {rule:15} {milliseconds_per_step:7.2f} ms {ratio_to_gan:.2f}".format(
                **row
            )
        )
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.writelines(json.dumps(row | report.versions()) + "\n" for row in rows)


if __name__ == "__main__":
    main()
