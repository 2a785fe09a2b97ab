"""How near do translations come to what was wanted, and are they better than doing nothing?

    python benchmarks/translation.py --presets=pix2pix,gean_pix2pix --data_dir=DIR \
        --output=benchmarks/translation.jsonl

Trains presets with every seed as `geans train` does, and measures the EMA generator on images
that it was not trained on, in units of images in [-1, 1]. A row per run: of Pix2Pix the mean
absolute error and SSIM of the held-out pairs, beside those of two answers that need no training, a
copy of the input and the mean of all training targets, and how far the SSIM is above the copy's,
with the 95 % interval over emoji (bootstrap; variants of one emoji, as of skin tone, are drawn
together); of CycleGAN the mean absolute error of images after a cycle and, of grey images of 28x28
pixels, how far translations are from the real images of their domain (Fréchet distance of
`digits28` features), beside the distance of the images that went in. A finished run in `--run_dir`
is measured, not trained again.
"""

import argparse
import dataclasses
import json
import pathlib
import tempfile

import numpy as np

from geans import experiment, metrics, models, presets, report
from geans.metrics import features

FEATURES_AT_HAND = (28, 28, 1)
DRAWS = 2_000


def baselines(preset, examples, data_dir):
    """Errors of answers that need no training."""
    source = experiment.Source.of(preset, data_dir)
    targets = [target for _, target in source.load(shuffle=False)]
    mean = np.mean(np.concatenate(targets), axis=0)
    answers = {"mean_image": np.broadcast_to(mean, examples.second.shape)}
    if examples.first.shape == examples.second.shape:
        answers["copy"] = examples.first
    found = {}
    for name, images in answers.items():
        pair = examples.second, images
        found[f"mean_absolute_error_of_{name}"] = metrics.mean_absolute_error(*pair)
        found[f"structural_similarity_of_{name}"] = metrics.structural_similarity(*pair)
    return found


def kinds(preset, examples, data_dir):
    """Indices of the pairs that are of one emoji, for each: of names with the same code point."""
    path = experiment.Source.of(preset, data_dir).file
    arrays = np.load(path) if path.suffix == ".npz" else {}
    names = arrays.get(f"names_{examples.split}", np.arange(len(examples.first)))
    first = [pathlib.Path(str(name)).stem.partition("-")[0] for name in names]
    return [np.flatnonzero(np.equal(first, each)) for each in np.unique(first)]


def lead(model, examples, kinds):
    """How far the SSIM of translations is above that of copies: the mean and its interval."""
    images = examples.second, examples.first, model.translate(examples.first)
    one_by_one = zip(*(np.expand_dims(each, 1) for each in images), strict=True)
    similarity = metrics.structural_similarity
    gains = np.array(
        [
            similarity(target, translated) - similarity(target, copy)
            for target, copy, translated in one_by_one
        ]
    )
    random = np.random.default_rng(0)
    drawn = random.integers(len(kinds), size=(DRAWS, len(kinds)))
    means = [gains[np.concatenate([kinds[index] for index in indices])].mean() for indices in drawn]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "similarity_above_copy": float(gains.mean()),
        "similarity_above_copy_low": float(low),
        "similarity_above_copy_high": float(high),
        "kinds": len(kinds),
    }


def distances(model, examples):
    """Of translations from the domain that they shall belong to, and of what they are made from."""
    if (
        examples.first.shape[1:] != FEATURES_AT_HAND
        or examples.second.shape[1:] != FEATURES_AT_HAND
    ):
        return {}
    network = features.get("digits28")
    domains = {"first": examples.first, "second": examples.second}
    known = {name: network(images)["features"] for name, images in domains.items()}
    found = {"frechet_distance_of_domains": metrics.frechet_distance(*known.values())}
    for name, images in (("second", examples.first), ("first", examples.second)):
        translated = network(model.translate(images, name))["features"]
        found[f"frechet_distance_{name}"] = metrics.frechet_distance(known[name], translated)
    return {name: float(value) for name, value in found.items()}


def measure(preset, run_dir, data_dir):
    """The row of a run, which is trained if it is not there."""
    finished = (run_dir / "metrics.json").is_file()
    if not finished:
        experiment.run(preset, run_dir, data_dir=data_dir)
    model = experiment.load(run_dir)
    cost = json.loads((run_dir / "cost.json").read_text())
    examples = experiment.Source.of(preset, data_dir).examples
    row = {
        "preset": preset.name,
        "rule": preset.rule,
        "seed": preset.seed,
        "seconds": cost["seconds"],
        "updates": cost["updates"],
        "samples": cost["samples"],
        "held_out": len(examples.first),
        **examples.measure(model),
    }
    if isinstance(model, models.CycleGAN):
        return row | distances(model, examples)
    row |= baselines(preset, examples, data_dir)
    if "mean_absolute_error_of_copy" in row:
        row |= lead(model, examples, kinds(preset, examples, data_dir))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", default="pix2pix,gean_pix2pix", help="comma-separated names")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--data_dir", help="where tensorflow-datasets and files of pairs lie")
    parser.add_argument("--run_dir", help="keeps the run directories here")
    parser.add_argument("--output", help="JSONL file to append to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(arguments.run_dir or temporary)
        for name in arguments.presets.split(","):
            for seed in map(int, arguments.seeds.split(",")):
                preset = dataclasses.replace(presets.get(name), seed=seed)
                row = measure(preset, root / f"{name}_{seed}", arguments.data_dir)
                print(row, flush=True)
                if arguments.output:
                    report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
