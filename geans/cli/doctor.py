"""geans doctor: look for what went wrong in a run on images, and say what to try.

    geans doctor runs/gean_fashion
    geans doctor runs/photos --data=folder:/new/photos     where the images have moved to

Looks at a few hundred samples and training images, the logs and the discriminator, for mode
collapse, checkerboards, wrong colours, a discriminator that is far ahead or knows its training
images by heart, and too few updates. Changes no file.
"""

from geans import files, presets, report
from geans.cli import tables
from geans.values import check_count

POSITIONAL = "run_dir"
FLAGS = (
    ("run_dir", str, None, "Directory of a run of geans train."),
    ("data", str, None, "Where the files of the run's data are now, as folder:PATH."),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
    ("samples", int, 500, "Number of samples, and at most of training images, to look at."),
    ("seed", int, 0, "Fixes what the run's model generates."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Prints what was found; the exit code is 0 whatever that is."""
    check_count("--samples", values.samples, least=2, most=5_000)
    report.check_trained(values.run_dir)
    preset = presets.read(files.path_of(values.run_dir) / "preset.json")
    presets.moved(preset, values.data, values.data_dir)

    from geans.experiment import diagnosis

    options = {name: values[name].value for name in ("data", "data_dir", "samples", "seed")}
    print(*diagnosis.lines(diagnosis.examine(values.run_dir, **options)), sep="\n")
