"""Do a GAN and a GEAN make all triangles, and triangles only?

    python benchmarks/polygons.py --seeds=0 --output=benchmarks/polygons.jsonl

Trains convolutional networks on 10,000 triangles (Lucic et al. 2018) by both rules, and appends a
row per run with the precision and recall of `polygon_metric`. Takes 5 minutes each on two cores.
"""

import argparse
import dataclasses
import time

import polygon_data
import polygon_metric

from geans import experiment, presets, report

NETWORKS = {
    "data": "polygons:triangles",
    "samples_per_epoch": 10_000,
    "batch_size": 32,
    "network": "dcgan",
    "latent_dim": 16,
    "generator_options": {"width": 16},
    "discriminator_options": {"width": 16},
    "generator_learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "learning_rate_decay": "linear",
    "beta_2": 0.99,
    "epochs": 20,
}
RUNS = {
    "gan_triangles": presets.Preset(
        name="gan_triangles",
        **NETWORKS,
    ),
    "gean_triangles": presets.Preset(
        name="gean_triangles",
        rule="gean",
        update_every=2,
        order="simultaneous",
        **NETWORKS,
    ),
}


def measure(preset, samples=1_000):
    """Trains what a preset describes; the row."""
    start = time.perf_counter()
    triangles = polygon_data.triangles()
    dataset = triangles.dataset(preset.batch_size, preset.samples_per_epoch, preset.seed)
    model = experiment.make_model(preset, dataset)
    model.fit(dataset, epochs=preset.epochs, verbose=2)
    seconds = time.perf_counter() - start
    generator = model.ema_generator or model.generator
    found = polygon_metric.precision_recall(generator, triangles, samples=samples)
    return {
        "preset": preset.name,
        "seed": preset.seed,
        "seconds": round(seconds, 1),
        "updates": int(model.generator_player.optimizer.iterations.numpy()),
        "samples": int(model.samples_seen.numpy()),
        "polygon_precision": found.precision,
        "polygon_recall": found.recall,
        "polygon_f1": found.f1,
        "fake_count": found.samples,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", default=",".join(RUNS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--output", help="JSONL file to append to")
    arguments = parser.parse_args()
    for name in arguments.presets.split(","):
        for seed in map(int, arguments.seeds.split(",")):
            row = measure(dataclasses.replace(RUNS[name], seed=seed))
            print(row, flush=True)
            if arguments.output:
                report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
