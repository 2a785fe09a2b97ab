"""geans train: train a preset, or your own images, into a run directory.

    geans train                                        gean_fashion, in a few minutes
    geans train --data=folder:photos --minutes=20      your own images, with a recipe for them
    geans train --preset=gan_ring --seed=3 --run_dir=runs/ring3
    geans train --run_dir=runs/ring3 --resume          resume after an interruption
    geans train --resume --data=folder:/new/photos     where the images have moved to
    geans train --devices=all                          on all GPUs of the machine
    geans train --workers                              on each machine that TF_CONFIG lists

Every field of a preset is a flag that overrides it, or what a recipe chooses; options are JSON:

    geans train --data=folder:photos --width=32 --model_options='{"conditioning": "channels"}'
"""

import dataclasses
import sys

from geans import files, presets, report
from geans.cli import overrides, tables
from geans.values import check_count

DEFAULT_PRESET = "gean_fashion"
MINUTES = 20.0
OF_FOLDERS = ("folder", "video", "pairs")
OF_RECIPES = ("folder", "arrays", "tfds", "embedded")

FLAGS = (
    (
        "preset",
        str,
        None,
        f"Preset to train; by default {DEFAULT_PRESET}, or a recipe for the images of --data.",
    ),
    ("minutes", float, None, f"About how long a recipe trains; {MINUTES:g} if not given."),
    ("mirror", bool, None, "Whether images are as likely mirrored, and half of them are."),
    ("run_dir", str, None, "Directory of the run; by default named after the preset and the data."),
    ("resume", bool, False, "Resume the run in run_dir."),
    ("checkpoint_every", int, None, "Steps between checkpoints, beside those at the epochs' ends."),
    ("overwrite", bool, False, "Replace the run in run_dir."),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
    ("on_error", ("raise", "skip"), None, "Whether files that cannot be read are an error."),
    (
        "evaluation_samples",
        int,
        None,
        "Most images of each kind that are compared at the end; 10,000 grey ones of 28x28 pixels, "
        "2,000 others.",
    ),
    ("devices", str, None, "Number of GPUs (or parts of the CPU) to share batches, or all."),
    ("workers", bool, False, "Train together with the workers in TF_CONFIG."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)
    overrides.define_flags(values)


def run(values):
    """Trains and prints the run directory; returns the exit code."""
    if values.devices and values.workers:
        raise ValueError("Pass --devices for one machine or --workers for several, not both.")
    if values.evaluation_samples is not None:
        check_count("--evaluation_samples", values.evaluation_samples, least=2)
    if values.checkpoint_every is not None:
        check_count("--checkpoint_every", values.checkpoint_every)
    run_dir = run_dir_of(values)
    if not values.workers:  # Of which only the chief looks.
        report.check_run_dir(run_dir, resume=values.resume, overwrite=values.overwrite)
    preset = resolve(values, run_dir)
    if text := values.resume and presets.finished(preset, run_dir):
        print(text)
        return 0
    strategy, chief = _strategy(values)

    from geans import experiment

    if not values.resume and not _has_recipe(values):
        preset = experiment.fitted(preset, presets.get(preset.name))
    print(f"Training {preset.name} in {run_dir}")
    try:
        experiment.run(
            preset,
            run_dir,
            resume=values.resume,
            overwrite=values.overwrite,
            data_dir=values.data_dir,
            checkpoint_every=values.checkpoint_every,
            strategy=strategy,
            evaluation_samples=values.evaluation_samples,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_how_to_resume(values, run_dir)) from None
    except SystemExit as end:  # SIGTERM, and the checkpoint is saved.
        print(f"\nTerminated. {_how_to_resume(values, run_dir)}", file=sys.stderr)
        return end.code
    if not chief:
        return 0
    print(f"Pictures: {run_dir / 'samples.png'} and {run_dir / 'pictures' / 'training.gif'}")
    print(f"Model: {run_dir / 'model.keras'}, SavedModel: {run_dir / 'saved_model'}")
    return 0


def _strategy(values):
    if not values.devices and not values.workers:
        return None, True

    from geans import strategies

    strategy = strategies.of_workers() if values.workers else strategies.of_devices(values.devices)
    return strategy, strategies.is_chief(strategy)


def _how_to_resume(values, run_dir):
    names = ("data_dir", "checkpoint_every", "devices")
    options = "".join(f" --{name}={values[name].value}" for name in names if values[name].value)
    options += " --workers" if values.workers else ""
    return f"To resume: geans train --run_dir={run_dir}{options} --resume"


def resolve(values, run_dir):
    """Returns the preset of the flags; raises a `ValueError` if one is invalid."""
    if values.minutes is not None and not _has_recipe(values):
        raise ValueError(
            "--minutes is for a recipe: images in --data, without --preset. Pass --epochs."
        )
    if values.resume:
        return _resumed(values, run_dir)
    preset = _by_recipe(values) if _has_recipe(values) else overrides.apply(_preset(values), values)
    options = _of_images(preset.data, values)
    preset = dataclasses.replace(preset, data_options=preset.data_options | options)
    return presets.located(preset, values.data_dir)


def _has_recipe(values):
    kind = (values.data or "").partition(":")[0]
    return not (values.preset or values.resume) and kind in OF_RECIPES


def _by_recipe(values):
    if values.workers and not values.epochs:
        raise ValueError(
            "Each worker would measure by itself how many epochs fit into the time, and they must "
            "agree. Pass --epochs, or a --preset."
        )
    fields = overrides.given(values)
    presets.located(presets.Preset(name="recipe", data=values.data), values.data_dir)
    options = overrides.given_options(values)
    options["data_options"] = options.get("data_options", {}) | _of_images(values.data, values)

    from geans import experiment

    del fields["data"]
    minutes = MINUTES if values.minutes is None else values.minutes
    return experiment.recipe(values.data, minutes, data_dir=values.data_dir, **fields, **options)


def _of_images(data, values):
    """Returns the options of images that are flags, which resuming and evaluating then share."""
    kind, options = data.partition(":")[0], {}
    if values.on_error is not None:
        if kind not in OF_FOLDERS:
            raise ValueError(
                f"--on_error is for folders: {', '.join(OF_FOLDERS)}. Received: data={data!r}."
            )
        options["on_error"] = values.on_error
    if values.mirror is not None:
        if kind not in OF_RECIPES:
            raise ValueError(
                f"--mirror is for images: {', '.join(OF_RECIPES)}. Received: data={data!r}."
            )
        options["mirror"] = values.mirror
    return options


def _resumed(values, run_dir):
    before = presets.read(run_dir / "preset.json")
    if values.preset not in (None, before.name):
        raise ValueError(
            f"{run_dir} holds a run of {before.name}. Received: --preset={values.preset}."
        )
    preset = presets.moved(before, values.data, values.data_dir)
    if preset.data != before.data:
        print(f"The data of {run_dir} are now {preset.data}; they were {before.data}.")
    fields = overrides.given(values) | {"data": preset.data}
    for name, options in overrides.given_options(values).items():
        fields[name] = getattr(before, name) | options
    preset = dataclasses.replace(preset, **fields)
    options = _of_images(preset.data, values)
    preset = dataclasses.replace(preset, data_options=preset.data_options | options)
    presets.check_resume(preset, run_dir)
    return preset


def _preset(values):
    return presets.get(values.preset or DEFAULT_PRESET)


def run_dir_of(values):
    """Returns the run directory of the flags."""
    if values.run_dir:
        return files.path_of(values.run_dir)
    kind, _, path = (values.data or "").partition(":")
    recipe = not values.preset and kind in OF_RECIPES and path
    name = (
        presets.name_of_data(values.data)
        if recipe
        else presets.run_name(_preset(values), values.data)
    )
    return files.path_of(f"runs/{name}")
