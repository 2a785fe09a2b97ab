"""Does a direction of an attribute of faces change that attribute, and no other?

    python benchmarks/attributes.py --data_dir=DIR --picture=docs/attributes.png

A classifier learns six attributes of 9,000 of the cartoon faces, and is tested on the others. It
labels samples of the pretrained model `faces`, from whose latents `attribute_directions` finds the
direction of each attribute; from it the directions of the other attributes are projected out. Other
samples are moved along: how many have the attribute before and after, and how many of the other
attributes stay what they were. Appends a row per direction and seed.
"""

import argparse
import pathlib

import keras
import numpy as np

from geans import experiment, plotting, report
from geans.models import latent_space

DARK_SKINS, DARK_HAIRS, NONE = 2, 3, "none"
LABELLED, MOVED, REACH = 4_000, 500, 4.0
SHOWN, STEPS = 6, 7
LEFT_OUT = 1_000


def attributes(file):
    """Integer labels (n,) by name of what the classifier learns."""
    others = {name: list(file[f"{name}_names"]).index(NONE) for name in ("facialHair", "mask")}
    glasses = np.char.find(file["accessories_names"][file["accessories"]], "lasses") >= 0
    return {
        "dark skin": file["skinColor"] < DARK_SKINS,
        "dark hair": file["headContrastColor"] < DARK_HAIRS,
        "glasses": glasses,
        "beard": file["facialHair"] != others["facialHair"],
        "mask": file["mask"] != others["mask"],
        "clothing": file["clothingColor"],
    }


def classifier(images, labels, seed):
    """A network of a head for each attribute, and its accuracy on images that it has not seen."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(images.shape[1:])
    x = inputs
    for width in (16, 32, 64):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(keras.layers.BatchNormalization()(x))
    x = keras.layers.Dense(128, activation="relu")(keras.layers.Flatten()(x))
    outputs = {
        name: keras.layers.Dense(int(each.max()) + 1, name=name.replace(" ", "_"))(x)
        for name, each in labels.items()
    }
    model = keras.Model(inputs, list(outputs.values()))
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in outputs]
    model.compile("adam", losses)
    known = [np.asarray(each[:-LEFT_OUT], "int32") for each in labels.values()]
    model.fit(images[:-LEFT_OUT], known, batch_size=64, epochs=6, verbose=0)
    found = seen(model, labels, images[-LEFT_OUT:])
    accuracy = {name: float((found[name] == labels[name][-LEFT_OUT:]).mean()) for name in labels}
    return model, accuracy


def seen(classes, names, images):
    """What the classifier sees in images: labels (n,) by name."""
    logits = classes.predict(images, batch_size=250, verbose=0)
    return {name: each.argmax(axis=1) for name, each in zip(names, logits, strict=True)}


def directions(model, found, seed):
    """The direction of each attribute of two values, without those of the others."""
    towards = {
        name: model.attribute_directions(each == 1, seed=seed)[True]
        for name, each in found.items()
        if each.max() == 1 and 20 < each.sum() < len(each) - 20
    }
    return {
        name: latent_space.project_out(each, [towards[other] for other in towards if other != name])
        for name, each in towards.items()
    }


def measure(model, classes, names, seed):
    """Returns the rows of a seed, and the directions."""
    found = seen(classes, names, model.sample(LABELLED, seed))
    towards = directions(model, found, seed)
    inputs, rows = model.sampling_inputs(MOVED, seed + 1_000), []
    for name, direction in towards.items():
        ends = latent_space.traverse(model, inputs, direction, steps=3, reach=REACH).swapaxes(0, 1)
        away, before, after = (seen(classes, names, each) for each in ends)
        others = [other for other in names if other != name]
        rows.append(
            {
                "direction": name,
                "seed": seed,
                "away": float(away[name].mean()),
                "before": float(before[name].mean()),
                "towards": float(after[name].mean()),
                "others_kept": {
                    other: float((before[other] == after[other]).mean()) for other in others
                },
            }
        )
    return rows, towards


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", type=pathlib.Path, required=True)
    parser.add_argument("--model", default="faces", help="its name, or a run directory")
    parser.add_argument("--seeds", default="0,1,2")
    output = pathlib.Path(__file__).with_suffix(".jsonl")
    parser.add_argument("--output", type=pathlib.Path, default=output)
    parser.add_argument("--picture", type=pathlib.Path)
    arguments = parser.parse_args()
    model = experiment.trained(arguments.model)
    with np.load(arguments.data_dir / "peeps_64.npz") as file:
        images, labels = file["images"].astype("float32") / 127.5 - 1, attributes(file)
    for seed in map(int, arguments.seeds.split(",")):
        classes, accuracy = classifier(images, labels, seed)
        rows, towards = measure(model, classes, labels, seed)
        for row in rows:
            row["accuracy"] = accuracy[row["direction"]]
            report.append_row(row, arguments.output)
            print(row, flush=True)
        if arguments.picture and seed == 0:
            inputs = model.sampling_inputs(SHOWN, 0)
            shown = [
                latent_space.traverse(model, inputs, each, steps=STEPS, reach=REACH)
                for each in towards.values()
            ]
            # Directions side by side, a row for each sample.
            shown = np.concatenate(shown, axis=1)
            grid = plotting.image_grid(shown.reshape(-1, *shown.shape[2:]), shown.shape[1])
            plotting.save(grid, arguments.picture)


if __name__ == "__main__":
    main()
