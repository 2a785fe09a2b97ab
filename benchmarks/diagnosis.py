"""Does `geans doctor` find what is broken, and nothing in what is not?

    python benchmarks/diagnosis.py --seeds=0,1,2

Trains short runs on Fashion-MNIST, of which some are broken on purpose, and writes a row per run:
which checks found something, all values that they measured, and whether that was right. A broken
run is judged rightly if one of the findings that it was made for is there, whatever else is; a good
run if there is none. A run whose row is there already is not repeated. About 30 minutes per seed on
two cores.

Expected before its runs: all broken ones are found with every seed but "kernel 3", where training
may remove the checkerboard; good ones show nothing.
"""

import argparse
import dataclasses
import itertools
import pathlib
import tempfile
import time

import keras

from geans import callbacks, experiment, presets, report
from geans.experiment import diagnosis

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")

COLLAPSE = ("variety", "duplicates")


@dataclasses.dataclass(frozen=True)
class Case:
    """A run.

    Args:
        preset: Name of a preset.
        changes: Its fields that differ.
        expected: Names of findings of which one should be there; empty for a good run.
        scale: Function of the batches of the dataset.
        kernel_size: Of the generator's transposed convolutions; `None` for the preset's.
    """

    preset: str
    changes: dict
    expected: tuple = ()
    scale: object = None
    kernel_size: int | None = None


def few(count, **changes):
    """Fields of some 4,900 updates on so many images."""
    epochs = 4_900 // -(-count // 16)
    return {"data_options": {"limit": count}, "epochs": epochs, **changes}


TEN = {"epochs": 10}
SEVEN = {"epochs": 7}
CASES = {
    "gan_fashion": Case("gan_fashion", TEN),
    "gean_fashion": Case("gean_fashion", {"epochs": 14}),
    "wgan_gp": Case("wgan_gp", SEVEN),
    "sngan": Case("sngan", SEVEN),
    "lsgan": Case("lsgan", TEN),
    "300 images, augmented": Case("small_fashion", few(300)),
    "100 images": Case("small_fashion", few(100, augmentation=""), ("r_v",)),
    "300 images": Case("small_fashion", few(300, augmentation=""), ("r_v",)),
    "discriminator's rate x 100": Case(
        "gan_fashion", TEN | {"discriminator_learning_rate": 0.2}, ("balance", *COLLAPSE)
    ),
    "generator's rate x 100": Case(
        "gan_fashion",
        TEN | {"generator_learning_rate": 0.2},
        (*COLLAPSE, "shift", "contrast", "saturation", "divergence"),
    ),
    "generator's rate 1e-6": Case(
        "gan_fashion", TEN | {"generator_learning_rate": 1e-6}, (*COLLAPSE, "shift", "contrast")
    ),
    "rates of 1e30": Case("gan_fashion", TEN | presets.preset.decaying(1e30), ("divergence",)),
    "images in [0, 1]": Case(
        "gan_fashion", TEN, ("data range",), scale=lambda images: (images + 1) / 2
    ),
    "kernel 3": Case("gan_fashion", TEN, ("checkerboard",), kernel_size=3),
    "1 epoch": Case("gan_fashion", {"epochs": 1}, ("updates",)),
}


def preset_of(case, seed):
    return dataclasses.replace(presets.get(case.preset), seed=seed, **case.changes)


def with_kernels(model, size):
    """The model with other kernels in its generator's transposed convolutions, not trained."""
    config = model.get_config()
    for layer in config["generator"]["config"]["layers"]:
        if layer["class_name"] == "Conv2DTranspose":
            layer["config"]["kernel_size"] = (size, size)
    changed = type(model).from_config(config)
    changed.compile_from_config(model.get_compile_config())
    return changed


def train(case, preset, run_dir):
    """Trains into a directory with what `geans doctor` reads; returns its findings."""
    source = experiment.Source.of(preset)
    dataset = source.dataset(preset.batch_size)
    dataset = dataset.map(case.scale) if case.scale else dataset
    model = experiment.make_model(preset, dataset)
    model = with_kernels(model, case.kernel_size) if case.kernel_size else model
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    history = callbacks.HistoryFile(run_dir / "history.csv")
    try:
        model.fit(dataset, epochs=preset.epochs, callbacks=[history], verbose=0)
    except FloatingPointError:
        report.write_json({"diverged": True}, run_dir / "metrics.json")
    report.save_model(model, run_dir / "model.keras")
    return diagnosis.examine_run(run_dir, source, dataset)


def is_right(expected, fired):
    """Whether one of the findings is as expected, or none is where none should be."""
    return bool(set(expected) & set(fired)) if expected else not fired


def measure(name, seed):
    keras.backend.clear_session()
    start = time.perf_counter()
    case = CASES[name]
    preset = preset_of(case, seed)
    with tempfile.TemporaryDirectory() as folder:
        found = train(case, preset, pathlib.Path(folder))
    fired = [each.name for each in found if each.conspicuous]
    return {
        "case": name,
        "seed": seed,
        "expected": list(case.expected),
        "fired": fired,
        "right": is_right(case.expected, fired),
        "values": {each.name: each.value for each in found},
        "thresholds": {each.name: each.threshold for each in found},
        "epochs": preset.epochs,
        "seconds": round(time.perf_counter() - start, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", help="names separated by semicolons; all if not given")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    names = arguments.cases.split(";") if arguments.cases else CASES
    done = {(row["case"], row["seed"]) for row in report.read_rows(arguments.output)}
    for seed, name in itertools.product(map(int, arguments.seeds.split(",")), names):
        if (name, seed) not in done:
            row = measure(name, seed)
            print(row, flush=True)
            report.append_row(row, arguments.output)


if __name__ == "__main__":
    main()
