"""Adds trained runs to the package, and writes the cards of its models.

    geans train --preset=faces --run_dir=runs/faces
    python benchmarks/pretrained.py add --name=faces --run_dir=runs/faces
    python benchmarks/pretrained.py cards --data_dir=DIR

`add` writes the EMA generator and the discriminator in half precision into geans/pretrained, and
the run's preset, minutes and versions into its table. `cards` measures what is shipped, not the
run, and writes docs/models: 64 uncurated samples, distances, nearest training images.
"""

import argparse
import dataclasses
import hashlib
import json
import pathlib
import tempfile

import keras
import numpy as np
from ai_edge_litert import interpreter
from tables import machine

from geans import experiment, export, plotting, presets, pretrained, report
from geans.experiment import families, loading
from geans.metrics import features
from geans.pages import runs

CARDS = pathlib.Path(__file__).parents[1] / "docs" / "models"
SAMPLES, COLUMNS = 64, 8
ABOUT = {
    "digits": {
        "title": "handwritten digits",
        "data": "MNIST (LeCun, Cortes, Burges), the 60,000 training images of 28x28 grey pixels",
        "content": "the digits 0 to 9 as employees of the US Census Bureau and high-school "
        "students wrote them: American forms, sevens without a stroke; nothing else",
        "licence": "CC BY-SA 3.0; the weights contain no images",
        "faults": "faint loose dots beside about one in ten; now and then a broken stroke",
    },
    "faces": {
        "title": "cartoon faces",
        "data": "10,000 faces of 64x64 pixels drawn at random from the parts of Open Peeps (Pablo "
        "Stanley) by DiceBear: 48 hairstyles, hats and masks, 30 faces, beards, glasses, five skin "
        "tones, ten colours of hair, seven of clothing; 9,687 of them are different pixel by pixel",
        "content": "drawn busts in black outlines on white, half turned to the right, every part "
        "as likely with every other; not of real people, and in this style alone",
        "licence": "CC0 1.0",
        "faults": "masks and light or patterned hair are patchy; about one in eight has smeared "
        "eyes, blotches on the skin or specks beside the head; neighbouring colours of cloth run "
        "into each other",
    },
    "fashion": {
        "title": "clothing",
        "data": "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), the 60,000 training images of 28x28 "
        "grey pixels",
        "content": "photographs of the articles of one German shop, without people: T-shirts, "
        "trousers, pullovers, dresses, coats, sandals, shirts, trainers, bags, ankle boots",
        "licence": "MIT",
        "faults": "patterns and prints come out as scratches; about a third of the sandals and "
        "bags are broken; pullovers, coats and shirts look alike",
    },
    "figures": {
        "title": "figures of a video game",
        "data": "20,000 figures of 32x32 pixels on black, composed at random of layers of the "
        "player tiles of Dungeon Crawl Stone Soup 0.28: a body of one of 27 species and clothes, "
        "hair, beards, helmets, weapons and shields; all are different",
        "content": "fantasy beings in pixel art, seen from the front; nothing else",
        "licence": "most of the tiles are CC0 1.0 or public domain (RLTiles); the game's licence "
        "says that it 'may be complex, especially for older pieces'; the weights contain no images",
        "faults": "faces and small weapons are a few smeared pixels in about a quarter; rare "
        "clothes and weapons are missing",
    },
}
"""What nothing but a person can say of a model: its data, and what is wrong with its samples."""


def add(name, run_dir):
    """Writes the weights of a run, and its entry in the table."""
    model, preset = experiment.load(run_dir), presets.read(run_dir / "preset.json")
    committed = presets.get(name)
    # Without the directory of the data; a recipe's run has another name.
    trained = dataclasses.replace(preset, data=committed.data, name=name)
    _check_same(trained, committed)
    if model.ema_generator:
        model.generator.set_weights(model.ema_generator.get_weights())
    files = {}
    for part in ("generator", "discriminator"):
        network = getattr(model, part)
        file = f"{name}.npz" if part == "generator" else f"{name}_discriminator.npz"
        arrays = [variable.numpy() for variable in loading.own_weights(network)]
        path = pretrained.TABLE.with_name(file)
        files[part] = {"file": file, "sha256": pretrained.write(path, arrays)}
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    cost = json.loads((run_dir / "cost.json").read_text())
    table = json.loads(pretrained.TABLE.read_text()) if pretrained.TABLE.is_file() else {}
    table[name] = {
        "preset": dataclasses.asdict(trained),
        "shape": keras.tree.map_shape_structure(list, model.generator.output_shape[1:]),
        "files": files,
        "minutes": round(cost["seconds"] / 60, 1),
        "samples": cost["samples"],
        "versions": json.loads((run_dir / "versions.json").read_text()),
    }
    report.write_json(dict(sorted(table.items())), pretrained.TABLE)


def _check_same(trained, committed):
    # Measured, names of classes, and what changes no weight.
    free = ("seed", "precision", "model_options", "name", "picture_every")
    fields = {field.name for field in dataclasses.fields(committed)} - set(free)
    other = [f for f in sorted(fields) if getattr(trained, f) != getattr(committed, f)]
    if other:
        raise ValueError(f"The run differs from the preset {committed.name} in {', '.join(other)}.")


def card(name, data_dir, samples=None):
    """Writes the card of a model and its pictures, measured on so many `samples`."""
    entry = pretrained.entry(name)
    model, preset = experiment.trained(name), experiment.preset_of(name)
    _, labels = families.balanced_conditions(model, SAMPLES)
    shown = model.sample(SAMPLES, seed=0, **labels)
    CARDS.mkdir(parents=True, exist_ok=True)
    plotting.save(plotting.image_grid(shown, COLUMNS), CARDS / f"{name}.png")
    figure, _ = experiment.neighbours(name, data_dir=data_dir, samples=samples or 1_000)
    plotting.save(figure, CARDS / f"{name}_neighbours.png")
    options = {"data_dir": data_dir, "samples": samples}
    measured = experiment.evaluate(name, model=model, **options)
    int8 = _int8_line(name, model, **options)
    fingerprint = hashlib.sha256(features.to_pixels(shown).tobytes()).hexdigest()
    text = _text(name, entry, preset, model, measured, fingerprint, int8, data_dir)
    (CARDS / f"{name}.md").write_text(text)


class Int8:
    """A model whose samples come from its LiteRT file with weights and activations of 8 bits."""

    def __init__(self, model, path):
        export.litert(model, path, int8=True)
        self.model, self.megabytes = model, path.stat().st_size / 1e6
        self.answer = interpreter.Interpreter(str(path)).get_signature_runner()

    def __getattr__(self, name):
        return getattr(self.model, name)

    def sample_batches(self, count, seed, ema=True, batch_size=500):
        """Yields the samples of `model.sample(count, seed)`."""
        names = [each.name for each in self.model.generator.inputs]
        inputs = keras.tree.flatten(self.model.sampling_inputs(count, seed))
        for start in range(0, count, batch_size):
            parts = (np.asarray(each[start : start + batch_size]) for each in inputs)
            yield self.answer(**dict(zip(names, parts, strict=True)))["output_0"]


def _int8_line(name, model, **options):
    """What becomes of the distance in 8 bits."""
    with tempfile.TemporaryDirectory() as folder:
        made = Int8(model, pathlib.Path(folder) / "int8.tflite")
    found = experiment.evaluate(name, model=made, metrics=["frechet_distance"], **options)
    (distance,) = [each.value for each in found if each.metric == "frechet_distance"]
    return f"{made.megabytes:.2f} MB, Fréchet distance {distance:.4g} by the protocol below"


def _text(name, entry, preset, model, measured, fingerprint, int8, data_dir):
    about = ABOUT[name]
    # Without the names of classes, which are found in the data.
    found = dataclasses.replace(preset, model_options=presets.get(name).model_options)
    sizes = ", ".join(
        f"{part} {pretrained.TABLE.with_name(file['file']).stat().st_size / 1e6:.2f} MB"
        for part, file in entry["files"].items()
    )
    classes = ", ".join(map(str, preset.model_options.get("class_names") or []))
    rows = {
        "data": about["data"],
        "who and what is in them": about["content"],
        "classes": classes or "none",
        "made by": f"`{runs.command(found)}`: {entry['minutes']:g} minutes, "
        f"{entry['samples']:,} images",
        "with": machine(entry["versions"]).strip(),
        "networks": f"`networks.{preset.network}`; the generator has "
        f"{model.generator.count_params():,} weights; in half precision {sizes}",
        "as LiteRT of 8 bits": int8,
        "licence": f"of the weights Apache-2.0; of the data: {about['licence']}",
        "known faults": about["faults"],
    }
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    # "frechet_distance 0.52 | protocol | ...", without the directory of the data.
    lines = [str(each).replace(f"{data_dir}/", "").partition(" | ") for each in measured]
    numbers = "\n".join(
        f"| {first.replace(' ', ' | ', 1)} | {protocol.replace(' | ', '; ')} |"
        for first, _, protocol in lines
    )
    shape = ", ".join(map(str, (16, *entry["shape"])))
    own = ", in as many subfolders as it has classes" if classes else ""
    return f"""# {name}: {about["title"]}

![{SAMPLES} samples of seed 0]({name}.png)

*{SAMPLES} uncurated samples{", the classes in turn" if classes else ""}.*

```python
import geans

model = geans.from_pretrained("{name}")
images = model.sample(16, seed=0{", labels=3" if classes else ""})  # ({shape}) in [-1, 1]
```

Or `geans sample --pretrained={name} --count=16`. To train it further on images of your own{own}:
`geans train --data=folder:photos --init_from={name}`.

| | |
| --- | --- |
{table}

## Distances

Of the weights as shipped, of one training:

| metric | value | protocol |
| --- | --- | --- |
{numbers}

## Does it copy?

![Samples with the smallest distances to a training image, and those]({name}_neighbours.png)

## Check

The 8-bit pixels of the samples above have the SHA-256 `{fingerprint}` on the machine above;
`python benchmarks/pretrained.py cards --name={name} --data_dir=DIR` makes this page again.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("add", "cards"))
    parser.add_argument("--name", help="of the model; for cards all by default")
    parser.add_argument("--run_dir", type=pathlib.Path)
    parser.add_argument("--data_dir", help="where the data of the presets are")
    arguments = parser.parse_args()
    if arguments.what == "add":
        add(arguments.name, arguments.run_dir)
        return
    for name in [arguments.name] if arguments.name else pretrained.names():
        card(name, arguments.data_dir)


if __name__ == "__main__":
    main()
