"""geans sample: draw pictures or arrays from a trained model.

geans sample --pretrained=digits --count=16     a trained model of the package
geans sample --run_dir=runs/gean_fashion --count=100 --seed=1 --output=clothing.png
geans sample --run_dir=runs/gean_fashion --count=1000 --output=fake/     a file for each image
geans sample --run_dir=runs/gan_ring --count=2500 --output=points.npy
geans sample --run_dir=runs/gean_fashion --truncation=0.7     more typical, less varied
geans sample --run_dir=runs/gean_fashion --interpolate=9 --count=6     rows from seed to seed + 1
geans sample --run_dir=runs/gean_fashion --interpolate=24 --output=morph.gif     animated
geans sample --run_dir=runs/gean_fashion --traverse=5     one sample along five directions
geans sample --run_dir=runs/faces --mix=6     rows in which colours, then shapes, come from seed + 1
geans sample --run_dir=runs/conditional --labels=3,7 --count=20     labels in turn, or categories
geans sample --run_dir=runs/animals --labels=cat --count=1 --output=cat.png     a class by its name
geans sample --run_dir=runs/conditional --sweep=6     rows of the same latents with every label

With --interpolate, --traverse, --mix and --sweep a .npy file has the shape (rows, steps, ...).
"""

import os
import re

from geans import files
from geans.cli import tables, trained
from geans.values import did_you_mean

POSITIONAL = "run_dir"
FLAGS = (
    *trained.FLAGS,
    ("count", int, 64, "Number of samples."),
    ("seed", int, 0, "The same seed gives the same samples."),
    ("ema", bool, True, "Whether from the EMA generator or the raw one."),
    ("truncation", float, None, "Bound of the noise around its mean; below 2 for typical samples."),
    ("interpolate", int, None, "Steps in --count rows from samples of --seed to the next seed's."),
    ("traverse", int, None, "Rows: one sample along so many main directions of the first layer."),
    ("labels", list, None, "Classes (names, numbers) or categories that the samples have in turn."),
    (
        "mix",
        int,
        None,
        "Rows from samples of --seed to the next seed's, by styles: first fine ones.",
    ),
    ("sweep", int, None, "Rows: the same latents with every label or category."),
    (
        "output",
        str,
        "samples.png",
        "A .png file for a picture, a directory for a .png file of each image, a .npy file for the "
        "float32 array, a .gif file for what moves: clips, or the steps of --interpolate, "
        "--traverse, --mix or --sweep.",
    ),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Draws samples, writes them and prints the path."""
    output = files.path_of(values.output)
    _check_output(values.output)
    chosen = [name for name in WAYS if values[name].value is not None]
    if len(chosen) > 1:
        raise ValueError(f"Pass one of {', '.join(f'--{name}' for name in chosen)}, not both.")
    source = trained.source(values)

    import numpy as np

    from geans import experiment

    model, names = experiment.trained(source), trained.class_names(source)
    # Without --labels, samples of all classes come in turn.
    labels = [text.strip() for text in values.labels or []] or names
    labels = [] if chosen else labels
    samples = WAYS[chosen[0]](model, values) if chosen else _plain(model, values, labels, names)
    if _is_directory(values.output):
        _write_each(np.concatenate(samples) if chosen else samples, output, labels)
    else:
        _write(samples, output, source, columns=samples.shape[1] if chosen else None)
    rows, *steps = samples.shape[: 2 if chosen else 1]
    print(f"{rows} rows of {steps[0]} samples: {output}" if steps else f"{rows} samples: {output}")


def _is_directory(output):
    """Whether `--output` names a directory: it exists, ends in a slash, or has no extension."""
    path = files.path_of(output)
    return path.is_dir() or output.endswith(os.sep) or not path.suffix


def _check_output(output):
    path = files.path_of(output)
    if not _is_directory(output) and path.suffix not in (".png", ".npy", ".gif"):
        raise ValueError(
            f"--output must end in .png, .npy or .gif, or in {os.sep} for a directory. "
            f"Received: {output}."
        )
    if path.is_dir() and any(path.iterdir()):
        raise ValueError(
            f"{output} holds files, with which the samples would mix. Pass another --output, or "
            "empty the directory."
        )


def _plain(model, values, labels, names):
    import numpy as np

    options = {"ema": values.ema, "truncation": values.truncation}
    if labels:
        name, number = _classes(model, "--labels")
        numbers = [class_of(text, names, number) for text in labels]
        options[name] = np.resize(np.array(numbers, "int64"), values.count)
    return model.sample(values.count, seed=values.seed, **options)


def class_of(text, names, number):
    """Returns the number of the class of that name or, if there is none, of that number."""
    if text in names:
        return names.index(text)
    if text.isdecimal():
        # A folder "03" is class 3 of its user, not the fourth.
        numbered = {int(name): index for index, name in enumerate(names) if name.isdecimal()}
        label = numbered.get(int(text), int(text))
        if label < number:
            return label
    known = ", ".join([*names[:20], "..."] if names[20:] else names)
    raise ValueError(
        f"Unknown class {text!r} in --labels.{did_you_mean(text, names)} Known: "
        f"{known and known + ', '}labels from 0 to {number - 1}."
    )


def _classes(model, flag):
    from geans.experiment import families

    number, codes = families.balanced_conditions(model, 1)
    if number is None:
        raise ValueError(f"{flag} needs a model with labels or categories, which this one lacks.")
    return next(iter(codes)), number


def _sweep(model, values):
    import numpy as np

    if values.sweep < 1:
        raise ValueError(f"--sweep must be 1 row or more. Received: --sweep={values.sweep}.")
    name, number = _classes(model, "--sweep")
    options = {"ema": values.ema, "truncation": values.truncation}
    columns = [
        # One seed, so that a row has the same latents.
        model.sample(values.sweep, values.seed, **options, **{name: np.full(values.sweep, label)})
        for label in range(number)
    ]
    return np.stack(columns, axis=1)


def _interpolate(model, values):
    from geans.models import latent_space

    if values.truncation is not None:
        raise ValueError("--truncation does not go with --interpolate, whose ends are samples.")
    options = {"count": values.count, "steps": values.interpolate, "ema": values.ema}
    return latent_space.interpolate(model, values.seed, values.seed + 1, **options)


def _traverse(model, values):
    import keras
    import numpy as np

    from geans.models import latent_space

    directions = latent_space.directions(model, values.traverse, ema=values.ema)
    inputs = model.sampling_inputs(1, values.seed)
    if values.truncation is not None:
        inputs = latent_space.truncate(model, inputs, values.truncation)
    rows = keras.tree.map_structure(lambda part: np.repeat(part, len(directions), axis=0), inputs)
    return latent_space.traverse(model, rows, directions, ema=values.ema)


def _mix(model, values):
    from geans.models import latent_space

    if values.truncation is not None:
        raise ValueError("--truncation does not go with --mix, whose ends are samples.")
    options = {"count": values.mix, "ema": values.ema}
    return latent_space.mix_styles(model, values.seed, values.seed + 1, **options)


WAYS = {"interpolate": _interpolate, "traverse": _traverse, "mix": _mix, "sweep": _sweep}


def _write(samples, output, source, columns):
    import numpy as np

    from geans import experiment, plotting

    if output.suffix == ".npy":
        output.parent.mkdir(parents=True, exist_ok=True)
        np.save(output, samples)
    elif output.suffix == ".gif":
        if samples.ndim != 5:
            raise ValueError(
                "A .gif shows clips, or steps between images: pass --interpolate=24, or a .png. "
                f"Received samples of shape {samples.shape[1:]}: {output}."
            )
        plotting.clip_animation(samples, output)
    elif columns is None and len(samples) == 1 and samples.ndim == 4:
        output.parent.mkdir(parents=True, exist_ok=True)
        _image(samples[0]).save(output)
    elif columns is None:
        picture = experiment.Source.of(experiment.preset_of(source)).picture
        plotting.save(picture(samples), output)
    else:
        flat = samples.reshape(-1, *samples.shape[2:])
        plotting.save(plotting.image_grid(flat, columns), output)


def _write_each(samples, directory, labels):
    """Writes an image per file, named after its place and the label that it has in turn."""
    if samples.ndim != 4:
        raise ValueError(
            f"A directory is for images. Received samples of shape {samples.shape[1:]}: pass "
            "an --output that ends in .npy."
        )
    images = [_image(sample) for sample in samples]
    directory.mkdir(parents=True, exist_ok=True)
    digits = max(5, len(str(len(images) - 1)))
    endings = ["_" + re.sub(r"[^\w.-]+", "-", label) for label in labels] or [""]
    for index, image in enumerate(images):
        image.save(directory / f"{index:0{digits}}{endings[index % len(endings)]}.png")


def _image(sample):
    import numpy as np
    import PIL.Image

    from geans.metrics import features

    if not np.isfinite(sample).all():
        raise FloatingPointError("Samples contain NaN or infinity: the generator has diverged.")
    pixels = features.to_pixels(sample)
    return PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
