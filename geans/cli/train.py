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
    ("tensorboard", bool, False, "Write logs for tensorboard --logdir=RUN_DIR."),
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
            tensorboard=values.tensorboard,
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
    if _has_recipe(values):
        return _by_recipe(values)
    preset = overrides.apply(_preset(values), values)
    return presets.located(_with_flags_of_images(preset, values), values.data_dir)


def _has_recipe(values):
    return _is_of_images_alone(values) and not values.resume


def _is_of_images_alone(values):
    """Returns whether the flags name images and no preset, as a recipe does."""
    kind, _, path = (values.data or "").partition(":")
    return kind in presets.IMAGES and bool(path) and not values.preset


def _by_recipe(values):
    if values.workers and not values.epochs:
        raise ValueError(
            "Each worker would measure by itself how many epochs fit into the time, and they must "
            "agree. Pass --epochs, or a --preset."
        )
    given = presets.Preset(name="recipe", data=values.data)
    given = presets.located(_with_flags_of_images(given, values), values.data_dir)
    fields = overrides.given(values) | overrides.given_options(values)
    fields["data_options"] = given.data_options | fields.get("data_options", {})

    from geans import experiment

    del fields["data"]
    minutes = MINUTES if values.minutes is None else values.minutes
    return experiment.recipe(given.data, minutes, data_dir=values.data_dir, **fields)


def _with_flags_of_images(preset, values):
    """Returns the preset with flags as options of its data, which resuming then shares."""
    known = {"on_error": OF_FOLDERS, "mirror": presets.IMAGES}
    what = {"on_error": "folders", "mirror": "images"}
    options = {name: values[name].value for name in known if values[name].value is not None}
    for name in options:
        if preset.data.partition(":")[0] not in known[name]:
            raise ValueError(
                f"--{name} is for {what[name]}: {', '.join(known[name])}. "
                f"Received: data={preset.data!r}."
            )
    return dataclasses.replace(preset, data_options=preset.data_options | options)


def _resumed(values, run_dir):
    before = presets.read(run_dir / "preset.json")
    if values.preset not in (None, before.name):
        raise ValueError(
            f"{run_dir} holds a run of {before.name}. Received: --preset={values.preset}."
        )
    preset = presets.moved(before, values.data, values.data_dir)
    if preset.data != before.data:
        print(f"The data of {run_dir} are now {preset.data}; they were {before.data}.")
    fields = overrides.given(values) | overrides.added_options(before, values)
    preset = dataclasses.replace(preset, **fields | {"data": preset.data})
    preset = _with_flags_of_images(preset, values)
    presets.check_resume(preset, run_dir)
    return preset


def _preset(values):
    return presets.get(values.preset or DEFAULT_PRESET)


def run_dir_of(values):
    """Returns the run directory of the flags."""
    if values.run_dir:
        return files.path_of(values.run_dir)
    if _is_of_images_alone(values):
        return files.path_of(f"runs/{presets.name_of_data(values.data)}")
    return files.path_of(f"runs/{presets.run_name(_preset(values), values.data)}")
