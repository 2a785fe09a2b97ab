"""geans compare: train presets with several seeds and compare what they measure.

    geans compare --presets=gan_ring,gean_ring --seeds=0,1,2 --run_dir=cmp

Writes run_dir/results.jsonl, run_dir/comparison.png, and the runs as run_dir/PRESET/seed_N. The
same command resumes after Ctrl-C and skips finished runs; more seeds or presets can be added later.
Every field of a preset is a flag that overrides it in all presets. To compare values of one field,
such as two losses:

    geans compare --presets=gan_ring --vary=loss=non_saturating,hinge --run_dir=losses
"""

import dataclasses
import re

from absl import flags

from geans import comparison, files, presets
from geans.cli import overrides, tables

FLAGS = (
    ("presets", list, ["gan_ring", "gean_ring"], "Names of presets."),
    ("seeds", list, ["0", "1", "2"], "Integers from 0."),
    ("vary", str, None, "A field and its values: each preset is trained with each of them."),
    ("run_dir", str, "runs/compare", "Directory to make."),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)
    overrides.define_flags(values, without=("seed",))


def run(values):
    """Trains the missing runs, prints the table and draws the picture."""
    chosen = [preset for name in values.presets for preset in _varied(name, values)]
    seeds = [_integer(text) for text in values.seeds]
    run_dir = files.path_of(values.run_dir)
    try:
        rows = comparison.run(chosen, seeds, run_dir, data_dir=values.data_dir)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The runs are saved. To resume: run the same command.") from None
    print(comparison.table(rows))
    print(f"Rows: {run_dir / 'results.jsonl'}")
    print(f"Differences and their uncertainty: geans report {run_dir} -o compare.html")
    figure = comparison.picture(chosen, seeds, run_dir)
    if figure is not None:
        from geans import plotting

        plotting.save(figure, run_dir / "comparison.png")
        print(f"Picture: {run_dir / 'comparison.png'}")


def _varied(name, values):
    if values.vary is None:
        return [_changed(name, values)]
    field, _, texts = values.vary.partition("=")
    known = [each for each, _ in presets.plain_fields() if each in values]
    if field not in known or not texts:
        raise ValueError(
            "--vary is a field and its values, such as --vary=loss=non_saturating,hinge. "
            f"Received: {values.vary!r}. Fields: {', '.join(known)}."
        )
    found = []
    for text in texts.split(","):
        try:
            values(["geans", f"--{field}={text}"])  # As if it were on the command line.
        except flags.IllegalFlagValueError as error:
            raise ValueError(f"--vary={values.vary} does not fit: {error}") from error
        own_name = re.sub(r"[^\w.-]", "_", f"{name}-{field}-{text}", flags=re.ASCII)
        found.append(dataclasses.replace(_changed(name, values), name=own_name))
    return found


def _changed(name, values):
    preset = presets.located(overrides.apply(presets.get(name), values), values.data_dir)
    if not (values.network or values.model):
        return preset
    from geans import experiment

    return experiment.fitted(preset, presets.get(name))


def _integer(text):
    if not text.isdecimal():
        raise ValueError(f"--seeds are integers from 0, with commas. Received: {text!r}.")
    return int(text)
