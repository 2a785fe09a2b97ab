"""What does a recipe make of images in twenty minutes on two cores?

    python benchmarks/own_images.py --data_dir=DIR --pictures=docs/gallery
    python benchmarks/own_images.py --data_dir=DIR --images=faces --minutes=60 --seeds=0
    python benchmarks/own_images.py --data_dir=DIR --images=personas --methods=recipe --minutes=30
    python benchmarks/own_images.py --data_dir=DIR --images=personas --methods=fine-tuned \\
        --minutes=10

`recipe` is what `geans train --data=...` does without a preset, `gan_fashion` what it did before
there were recipes: that preset, with DiffAugment for few images, in the same time. Every row has
the distances of 1,500 samples of the EMA generator to as many images, also of those that a `limit`
keeps from the training, and the share of alternating pixels in the spectrum of both.
Fashion-MNIST's digits28 distance is that of 10,000, as in the table of presets. A row that is there
already is not repeated, and an interrupted one of `--runs` is resumed. `--pictures` has 32
uncurated samples of each recipe with the first seed.

`personas` are what `personas.py` draws: 1,000 faces of another style than those of the pretrained
model, from which `fine-tuned` begins, compared with 1,500 others.

The recipe's discriminator learns on features of the network of the distance (imagenet), so there is
a `--second_opinion`, as in `network_search.py`.
"""

import argparse
import dataclasses
import json
import pathlib

import keras
import network_search
import tensorflow as tf
from mode_coverage import rates

import geans
from geans import experiment, metrics, plotting, presets, report
from geans.experiment import recipes

UNCURATED = 32
DIGITS28_SAMPLES = 10_000  # As in the table of presets.
IMAGES = {
    "faces": {"data": "arrays:peeps_64.npz"},
    "figures": {"data": "arrays:dcss_dolls_32.npz", "data_options": {"classes": "label"}},
    "emoji": {
        "data": "arrays:emoji_styles_64.npz",
        "data_options": {"name": "twemoji", "limit": 990},
    },
    "fashion": {"data": "tfds:fashion_mnist"},
    "second emoji": {"data": "arrays:emoji_styles_64.npz", "data_options": {"name": "noto"}},
    "silhouettes": {"data": "arrays:emoji_styles_64.npz", "data_options": {"name": "fluent_mono"}},
    "satellite": {"data": "arrays:earth_64.npz", "data_options": {"name": "satellite_train"}},
    "personas": {"data": "arrays:personas_64.npz", "data_options": {"name": "train"}},
}
"""Names of the images, and their sources; nothing was chosen on the last four."""

HELD_OUT = {"personas": {"name": "test"}}
"""Options of the data with whose images samples are compared, where not with all."""

METHODS = {
    "recipe": {},
    "recipe 2e-3": rates(2e-3),
    "recipe without colours": {"generator_options": {"colours": None}},
    "gan_fashion": {},
    "fine-tuned": {"init_from": "faces"},
    "fine-tuned frozen": {"init_from": "faces", "frozen_layers": 4},
}
"""Names of the methods, and the fields that they change."""


def preset_of(method, images, minutes, seed, data_dir):
    """The preset of a method, with as many epochs as fit into the minutes."""
    fields = IMAGES[images] | METHODS[method] | {"seed": seed}
    source = fields.pop("data")
    if method != "gan_fashion":
        return geans.recipe(source, minutes, data_dir=data_dir, **fields)
    chosen = geans.recipe(source, minutes, data_dir=data_dir, epochs=1, tell=None, **fields)
    kept = {
        field: getattr(chosen, field)
        for field in ("name", "data", "data_options", "augmentation", "seed")
    }
    preset = dataclasses.replace(presets.get(method), **kept)
    dataset = experiment.make_data(preset, data_dir)
    shape = tuple(dataset.element_spec.shape[1:])
    found = recipes.Images(len(dataset) * preset.batch_size, shape)
    return presets.changed(preset, **recipes.epochs(preset, found, minutes).fields)


def train(method, images, minutes, seed, arguments):
    """Trains one run, or resumes it; returns its row."""
    name = f"{images}_{method}_{minutes:g}_{seed}".replace(" ", "_")
    run_dir = arguments.runs / name
    resume = (run_dir / "preset.json").is_file()
    if resume:
        preset = presets.read(run_dir / "preset.json")
        preset = dataclasses.replace(preset, data=IMAGES[images]["data"])  # Not where it was found.
    else:
        preset = preset_of(method, images, minutes, seed, arguments.data_dir)
    options = {"data_dir": arguments.data_dir, "resume": resume}
    model = experiment.run(preset, run_dir, **options)
    seconds = json.loads((run_dir / "cost.json").read_text())["seconds"]
    if arguments.pictures and method == "recipe" and seed == int(arguments.seeds.split(",")[0]):
        label = f"{images}_{minutes:g}".replace(" ", "_")
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        grid = plotting.image_grid(model.sample(UNCURATED, seed=0), columns=8)
        plotting.save(grid, arguments.pictures / f"{label}.png")
    networks = [metrics.features.get("imagenet")]
    if arguments.second_opinion:
        networks.append(network_search.second_opinion(arguments.second_opinion))
    options = preset.data_options | HELD_OUT.get(images, {})
    reference = dataclasses.replace(preset, data_options=options)
    measured = (model, reference, arguments.data_dir)
    found = {network.name: network_search.distances(*measured, network) for network in networks}
    if model.generator.output_shape[1:] == (28, 28, 1):
        digits28 = metrics.features.get("digits28")
        found["digits28"] = network_search.distances(*measured, digits28, samples=DIGITS28_SAMPLES)
    found |= network_search.alternating(*measured)
    return {"seconds": seconds, **found, "preset": dataclasses.asdict(preset)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="where the arrays and Fashion-MNIST lie")
    parser.add_argument("--images", default=",".join(IMAGES))
    parser.add_argument("--methods", default="recipe,gan_fashion")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--output", default="own_images.jsonl", help="JSONL file to add to")
    parser.add_argument("--runs", type=pathlib.Path, default="runs/own_images")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--second_opinion", type=pathlib.Path)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)  # As `geans train` on two cores.
    tf.config.threading.set_inter_op_parallelism_threads(2)
    for seed in map(int, arguments.seeds.split(",")):
        for images in arguments.images.split(","):
            for method in arguments.methods.split(","):
                asked = {"images": images, "method": method, "minutes": arguments.minutes}
                asked |= {"seed": seed}
                if network_search.is_known(asked, arguments.output):
                    continue
                keras.backend.clear_session()
                row = asked | train(method, images, arguments.minutes, seed, arguments)
                report.append_row(row, arguments.output)
                print(json.dumps({key: row[key] for key in row if key != "preset"}), flush=True)


if __name__ == "__main__":
    main()
