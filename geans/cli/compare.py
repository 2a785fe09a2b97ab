"""geans compare: train presets with several seeds and compare what they measure.

    geans compare --presets=gan_ring,gean_ring --seeds=0,1,2 --run_dir=cmp

Writes run_dir/results.jsonl, run_dir/comparison.png, and the runs as run_dir/PRESET/seed_N. The
same command resumes after Ctrl-C and skips finished runs; more seeds or presets can be added later.
Every field of a preset is a flag that overrides it in all presets.
"""

from geans import comparison, files, presets
from geans.cli import overrides, tables

FLAGS = (
    ("presets", list, ["gan_ring", "gean_ring"], "Names of presets."),
    ("seeds", list, ["0", "1", "2"], "Integers from 0."),
    ("run_dir", str, "runs/compare", "Directory to make."),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)
    overrides.define_flags(values, without=("seed",))


def run(values):
    """Trains the missing runs, prints the table and draws the picture."""
    chosen = [overrides.apply(presets.get(name), values) for name in values.presets]
    chosen = [presets.located(preset, values.data_dir) for preset in chosen]
    seeds = [_integer(text) for text in values.seeds]
    if values.network or values.model:
        from geans import experiment

        chosen = [experiment.fitted(preset, presets.get(preset.name)) for preset in chosen]
    run_dir = files.path_of(values.run_dir)
    try:
        rows = comparison.run(chosen, seeds, run_dir, data_dir=values.data_dir)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The runs are saved. To resume: run the same command.") from None
    print(comparison.table(rows))
    print(f"Rows: {run_dir / 'results.jsonl'}")
    figure = comparison.picture(chosen, seeds, run_dir)
    if figure is not None:
        from geans import plotting

        plotting.save(figure, run_dir / "comparison.png")
        print(f"Picture: {run_dir / 'comparison.png'}")


def _integer(text):
    if not text.isdecimal():
        raise ValueError(f"--seeds are integers from 0, with commas. Received: {text!r}.")
    return int(text)
