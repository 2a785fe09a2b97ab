"""What does each preset give, and how long does it take?

    python benchmarks/presets.py --seeds=0,1,2 --output=benchmarks/presets.jsonl

Trains every preset with every seed as `geans train` does, and appends a row per run: for points and
stacks the mode coverage of the EMA generator; for clips how they move, and how real ones do;
for other images what `geans evaluate` says, and the mean pixel distance between pairs of samples,
divided by that of the real images (1 is as varied as the real ones).
Takes the sum of the minutes that `geans presets` prints, per seed.
"""

import argparse
import dataclasses
import json
import pathlib
import tempfile
import time

import numpy as np

from geans import experiment, presets, report
from geans.experiment import families


def mean_distance(samples):
    flat = samples.reshape(len(samples), -1).astype("float64")
    squared = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squared[:, None] + squared - 2 * flat @ flat.T, 0))
    return distances.sum() / (len(flat) * (len(flat) - 1))


def score(preset, model, run_dir, data_dir):
    source = experiment.Source.of(preset, data_dir)
    if source.mixture is not None or not source.metrics:
        return json.loads((run_dir / "metrics.json").read_text())
    shown = dataclasses.replace(preset, batch_size=1_000)
    real = next(experiment.make_data(shown, data_dir).as_numpy_iterator())
    real = real[0] if isinstance(real, tuple) else real
    ratio = mean_distance(model.sample(1_000, seed=0)) / mean_distance(real)
    found = json.loads((run_dir / "evaluation.json").read_text())
    values = {each["metric"]: each["value"] for each in found}
    protocol = {name: found[0][name] for name in ("features", "checksum", "fake_count")}
    return {"distance_ratio": float(ratio), **values, **protocol}


def measure(preset, run_dir, data_dir):
    start = time.perf_counter()
    model = experiment.run(preset, run_dir, data_dir=data_dir)
    seconds = time.perf_counter() - start
    return {
        "preset": preset.name,
        "seed": preset.seed,
        "seconds": round(seconds, 1),
        "updates": int(model.generator_player.optimizer.iterations.numpy()),
        "samples": int(model.samples_seen.numpy()),
        **score(preset, model, run_dir, data_dir),
    }


def measured():
    """Presets that were measured, except for translations (see benchmarks/translation.py)."""
    return [
        name
        for name in presets.names()
        if presets.expected(name).seeds and presets.get(name).model not in families.TRANSLATIONS
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--presets",
        help="comma-separated names; by default all that were measured before, except translations",
    )
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--data_dir", help="where tensorflow-datasets finds MNIST")
    parser.add_argument("--run_dir", help="keeps the run directories here")
    parser.add_argument("--output", help="JSONL file to append to")
    arguments = parser.parse_args()
    names = arguments.presets.split(",") if arguments.presets else measured()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(arguments.run_dir or temporary)
        for name in names:
            for seed in map(int, arguments.seeds.split(",")):
                preset = dataclasses.replace(presets.get(name), seed=seed)
                row = measure(preset, root / f"{name}_{seed}", arguments.data_dir)
                print(row, flush=True)
                if arguments.output:
                    report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
