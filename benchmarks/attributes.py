"""Does a direction of an attribute of faces change that attribute, and no other?

    python benchmarks/attributes.py --data_dir=DIR --picture=docs/attributes.png

A classifier learns five attributes of 9,000 of the cartoon faces, and is tested on the others. It
labels samples of the pretrained model `faces`, from whose latents, and from whose styles,
`attribute_directions` finds the direction of each attribute; from it those of the other attributes
are projected out. Other samples are moved along: how many have the attribute before and after, and
how many of the other attributes stay what they were. Appends a row per space, direction and seed.
"""

import argparse
import pathlib

import keras
import numpy as np

from geans import experiment, plotting, report
from geans.models import latent_space

DARK_SKINS, NONE = 2, "none"
LABELLED, MOVED, LEAST = 4_000, 500, 20
REACH = {"latents": 4.0, "styles": 3.0}
"""Spaces, and how far samples are moved in them."""

SHOWN, STEPS = 4, 7
LEFT_OUT = 1_000


def attributes(file):
    """Integer labels (n,) by name of what the classifier learns."""
    others = {name: list(file[f"{name}_names"]).index(NONE) for name in ("facialHair", "mask")}
    glasses = np.char.find(file["accessories_names"][file["accessories"]], "lasses") >= 0
    return {
        "dark skin": file["skinColor"] < DARK_SKINS,
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


def directions(model, found, seed, space):
    """The direction of each attribute of two values, without those of the other attributes."""
    towards = {
        (name, value): direction
        for name, each in found.items()
        for value, direction in model.attribute_directions(each, seed=seed, space=space).items()
        if (value or each.max() > 1) and LEAST < (each == value).sum() < len(each) - LEAST
    }
    return {
        name: latent_space.project_out(
            direction, [each for (other, _), each in towards.items() if other != name]
        )
        for (name, _), direction in towards.items()
        if found[name].max() == 1
    }


def measure(model, classes, names, seed, space):
    """Returns the rows of a seed, and the directions."""
    found = seen(classes, names, model.sample(LABELLED, seed))
    found = {name: each for name, each in found.items() if len(np.unique(each)) > 1}
    towards = directions(model, found, seed, space)
    inputs, rows = model.sampling_inputs(MOVED, seed + 1_000), []
    for name, direction in towards.items():
        options = {"steps": 3, "reach": REACH[space], "space": space}
        ends = latent_space.traverse(model, inputs, direction, **options).swapaxes(0, 1)
        away, before, after = (seen(classes, names, each) for each in ends)
        kept = {o: float((before[o] == after[o]).mean()) for o in names if o != name}
        numbers = {"away": away, "before": before, "towards": after}
        numbers = {key: float(each[name].mean()) for key, each in numbers.items()}
        rows.append(
            {"space": space, "direction": name, "seed": seed, **numbers, "others_kept": kept}
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
        for space in REACH:
            rows, towards = measure(model, classes, labels, seed, space)
            for row in rows:
                row["accuracy"] = accuracy[row["direction"]]
                report.append_row(row, arguments.output)
                print(row, flush=True)
            if arguments.picture and (seed, space) == (0, "latents"):
                inputs, options = model.sampling_inputs(SHOWN, 0), {"reach": REACH[space]}
                # A direction below the other, a row for each sample.
                shown = [
                    latent_space.traverse(model, inputs, each, steps=STEPS, **options)
                    for each in towards.values()
                ]
                shown = np.concatenate(shown)
                grid = plotting.image_grid(shown.reshape(-1, *shown.shape[2:]), STEPS)
                plotting.save(grid, arguments.picture)


if __name__ == "__main__":
    main()
