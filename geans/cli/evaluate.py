"""geans evaluate: distances between real and generated images, each with its protocol.

    geans evaluate --run_dir=runs/gean_fashion             a run against its own data
    geans evaluate --run_dir=runs/gan_mnist --split=test   against images that it has not seen
    geans evaluate --run_dir=runs/gan_mnist --neighbours --held_out=test   does it copy?
    geans evaluate --real=photos --fake=generated          two folders of images

Grey 28x28 images are compared by the features of digits28, others by those of imagenet, both in the
package; --features=inception-2015-12-05 is the network of the Fréchet Inception Distance, which is
downloaded on first use. If folders mix grey and coloured images, all count as coloured.
"""

import os
import sys

from geans import files, presets, report
from geans.cli import names, tables
from geans.values import check_count

POSITIONAL = "run_dir"
FLAGS = (
    ("run_dir", str, None, "Directory of a run of geans train."),
    ("real", str, None, "Folder of real images."),
    ("fake", str, None, "Folder of generated images."),
    ("features", str, None, "digits28, imagenet, inception-2015-12-05, pixels, or keras:NAME."),
    ("weights", str, None, "File of the feature network's weights."),
    ("resize", str, None, "Resizing of Inception: tensorflow1 (original), pytorch (pytorch-fid)."),
    (
        "samples",
        int,
        None,
        "Most images of each kind; by default 10,000 of a run (imagenet: 2,000), all of folders.",
    ),
    ("data", str, None, "Where the files of the run's data are now, as folder:PATH."),
    ("image_size", str, None, "Side, or WIDTHxHEIGHT, to crop and resize files of folders to."),
    ("on_error", ("raise", "skip"), None, "Whether files that cannot be read are an error."),
    ("split", str, None, "Split of the run's data, as test."),
    ("neighbours", bool, False, "Draw samples beside their nearest training images, by pixels."),
    ("held_out", str, None, "With --neighbours, the split of images that the run has not seen."),
    ("metrics", list, None, "Names of metrics."),
    ("seed", int, 0, "Fixes what a run's model generates."),
    ("ema", bool, True, "Whether the EMA generator or the raw one."),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
    ("output", str, None, "JSON file; by default evaluation.json in the run directory, or here."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def complete_help(values):
    """Adds what only TensorFlow's modules know to the help texts."""
    from geans import metrics

    known = (metrics.METRICS, metrics.evaluation.DEFAULT)
    known, default = (", ".join(names) for names in known)
    values["metrics"].help = f"Any of {known}; if not given, {default}."


FOR_RUNS, FOR_FOLDERS = ("split", "data", "data_dir"), ("image_size", "on_error")


def run(values):
    """Compares, prints one line per value, and writes them as JSON."""
    folders = values.real is not None or values.fake is not None
    _check(values, folders)

    from geans import experiment

    # First, as it may raise an error and is faster.
    copies = _neighbours(values) if values.neighbours else []
    found = _distances(values, folders) + copies
    print("", *found, sep="\n")
    output = files.path_of(values.output or os.path.join(values.run_dir or "", "evaluation.json"))
    experiment.write_measurements(found, output)
    print(f"JSON: {output}")


def _check(values, folders):
    if folders == (values.run_dir is not None) or (folders and None in (values.real, values.fake)):
        raise ValueError("Pass either --run_dir, or both --real and --fake.")
    others, kind = (FOR_RUNS, "a run") if folders else (FOR_FOLDERS, "folders")
    given = ", ".join(f"--{name}" for name in others if values[name].value is not None)
    if given:
        raise ValueError(f"{given} is for {kind} only.")
    if values.held_out is not None and not values.neighbours:
        raise ValueError("--held_out is for --neighbours.")
    if values.neighbours and folders:
        raise ValueError("--neighbours is for a run only.")
    if values.samples is not None:
        check_count("--samples", values.samples, least=2)
    names.check("metrics", *(values.metrics or ()))
    if values.features and not values.features.startswith("keras:"):
        names.check("features", values.features)
    if not folders:
        report.check_trained(values.run_dir)
        run = presets.read(files.path_of(values.run_dir) / "preset.json")
        presets.moved(run, values.data, values.data_dir)
    for folder in (values.real, values.fake) if folders else ():
        if not files.path_of(folder).is_dir():
            raise ValueError(f"There is no folder {folder!r}.")


OF_BOTH = ("data", "ema", "seed", "data_dir")


def _distances(values, folders):
    from geans import experiment

    options = {"metrics": values.metrics, "features": _features(values), "progress": _progress}
    if values.samples is not None:
        options["samples"] = values.samples
    if folders:
        options |= {"image_size": values.image_size, "on_error": values.on_error or "raise"}
        return experiment.evaluate_folders(values.real, values.fake, **options)
    options |= {name: values[name].value for name in ("split", *OF_BOTH)}
    return experiment.evaluate(values.run_dir, **options)


def _neighbours(values):
    from geans import experiment, plotting

    options = {name: values[name].value for name in ("held_out", *OF_BOTH)}
    figure, found = experiment.neighbours(values.run_dir, **options)
    path = files.path_of(values.run_dir) / "neighbours.png"
    plotting.save(figure, path)
    print(f"Picture: {path}")
    return found


def _features(values):
    names = ("weights", "resize")
    options = {name: values[name].value for name in names if values[name].value is not None}
    if not options:
        return values.features

    from geans.metrics import features

    return features.get(values.features or "inception-2015-12-05", **options)


def _progress(label, total):
    if not sys.stdout.isatty():
        print(f"{label} images ...", flush=True)
        return None

    import keras

    print(f"\n{label} images")
    return keras.utils.Progbar(total, unit_name="image").update
