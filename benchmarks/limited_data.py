"""Does augmentation help where images are few, and balanced sampling where classes are rare?

    python benchmarks/limited_data.py --seeds=0,1,2

Two suites, a row per run; a run whose row is there already is not repeated.

- small: 300 images, without augmentation, with DiffAugment, with adaptive augmentation.
- rare: Fashion-MNIST whose rarest class has a twentieth of the most frequent, as they come and
  balanced.

Samples, 10,000 of the EMA generator, are always compared with the *whole* set of 10,000
images, of which the runs see a part. Of "small", the end and the best epoch (by the
Fréchet distance, of those evaluated) are kept, and what the discriminator's logits are on average:
for the images that it trained on, for all images, for generated ones. Of "rare", the coverage of
every class, the precision of what a classifier takes for that class, and the share of the samples
which that is. On one core with three seeds "small" takes 20 minutes and "rare" 12.

Expected of "small" before its runs, after a trial with seed 0: without augmentation the
discriminator knows the 300 by heart after some 2,000 of 4,900 updates (its logits of unseen images
fall to those of generated ones), and the Fréchet distance stays near 20, or rises; with DiffAugment
it still falls at the end, to 15 or 16; adaptive lies between, nearer to DiffAugment, with a
strength above .5 at the end. Precision is not better with augmentation. Expected of "rare":
balanced, the coverage of the three rarest classes doubles, and frequent ones lose a little.
"""

import argparse
import dataclasses
import itertools
import pathlib
import tempfile
import time

import keras
import numpy as np

from geans import callbacks, experiment, metrics, presets, report
from geans.experiment import evaluation
from geans.metrics.features import digits28

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")
SAMPLES = 10_000
EVALUATE_EVERY = 64

AUGMENTATIONS = {"none": "", "diff_augment": "diff_augment", "adaptive": "adaptive"}
SUITES = {
    "small": {
        name: ("small_fashion", {"augmentation": word}) for name, word in AUGMENTATIONS.items()
    },
    "rare": {
        name: ("rare_fashion", {"data_options": {"balanced": balanced}})
        for name, balanced in {"as they come": False, "balanced": True}.items()
    },
}


def runs(suites, seeds):
    """The runs, seed by seed, so that an interrupted benchmark has something of everything."""
    for seed, suite in itertools.product(seeds, suites):
        for name in SUITES[suite]:
            yield {"suite": suite, "name": name, "seed": seed}


def preset_of(run):
    name, changes = SUITES[run["suite"]][run["name"]]
    preset = presets.get(name)
    options = preset.data_options | changes.get("data_options", {})
    return dataclasses.replace(preset, seed=run["seed"], **changes | {"data_options": options})


def key(row):
    return row["suite"], row["name"], row["seed"]


def train(preset):
    """A trained model, its logs, and the rows of its evaluations, if its suite has any."""
    dataset = experiment.make_data(preset)
    model = experiment.make_model(preset, dataset)
    observers = []
    with tempfile.TemporaryDirectory() as folder:
        if "limit" in preset.data_options:
            shape = model.generator.output_shape[1:]
            real = evaluation.reference(experiment.Source.of(preset), shape)
            options = {"every": EVALUATE_EVERY, "samples": SAMPLES, "verbose": 0}
            observers.append(callbacks.Evaluate(real, directory=folder, **options))
        logs = model.fit(dataset, epochs=preset.epochs, callbacks=observers, verbose=0).history
        rows = report.read_rows(pathlib.Path(folder, "evaluations.jsonl"))
    return model, logs, rows


def ends(rows):
    """The numbers of the last and of the best epoch, and the distance at all of them."""
    epochs = {}
    for row in rows:
        epochs.setdefault(row["epoch"], {})[row["metric"]] = row["value"]
    found = [{"epoch": epoch, **values} for epoch, values in epochs.items()]
    distances = {row["epoch"]: row["frechet_distance"] for row in found}
    return {
        "final": found[-1],
        "best": min(found, key=lambda row: row["frechet_distance"]),
        "frechet_distances": distances,
    }


def logits(model, preset):
    """The discriminator's mean logits: far apart for seen and unseen images if it overfits."""
    seen, every = (
        np.concatenate([np.asarray(batch) for batch in batches])
        for _, batches in (
            experiment.Source.of(preset).reference(trained_on=trained_on)
            for trained_on in (True, False)
        )
    )
    sets = {"seen": seen, "all": every, "fake": model.sample(1_000, seed=0, ema=False)}
    return {
        name: float(np.mean(model.discriminator.predict(images, batch_size=250, verbose=0)))
        for name, images in sets.items()
    }


def classes(model, preset):
    """What became of each class, against the whole set, in which all are equally frequent."""
    images, labels = next(
        experiment.Source.parse(preset.data)
        .load(labels=True, shuffle=False, batch_size=SAMPLES)
        .as_numpy_iterator()
    )
    samples = model.sample(SAMPLES, seed=0)
    network = metrics.features.get("digits28")
    real, fake = (network(each)["features"] for each in (images, samples))
    shown = digits28.classify(samples, "fashion_mnist") - digits28.CLASSES["fashion_mnist"][0]
    found = metrics.coverage_per_class(real, labels, fake, fake_labels=shown)
    counts = np.bincount(shown, minlength=10)
    return {
        "frechet_distance": metrics.frechet_distance(real, fake),
        **dataclasses.asdict(metrics.prdc(real, fake)),
        "coverages": list(found.coverage.values()),
        "precisions": [found.precision.get(label) for label in range(10)],
        "shares": (counts / SAMPLES).tolist(),
    }


def measure(run):
    keras.backend.clear_session()
    start = time.perf_counter(), time.process_time()
    preset = preset_of(run)
    model, logs, rows = train(preset)
    found = ends(rows) | {"logits": logits(model, preset)} if rows else classes(model, preset)
    if "augmentation_strength" in logs:
        # Of the epochs that were evaluated.
        found["strengths"] = logs["augmentation_strength"][EVALUATE_EVERY - 1 :: EVALUATE_EVERY]
    return {
        **run,
        **found,
        "epochs": preset.epochs,
        "updates": int(model.generator_player.optimizer.iterations.numpy()),
        "seconds": round(time.perf_counter() - start[0], 1),
        "processor_seconds": round(time.process_time() - start[1], 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suites", default=",".join(SUITES), help="comma-separated names")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    done = set(map(key, report.read_rows(arguments.output)))
    for run in runs(arguments.suites.split(","), map(int, arguments.seeds.split(","))):
        if key(run) in done:
            continue
        row = measure(run)
        print(row, flush=True)
        report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
