"""geans export: write a SavedModel from a run directory.

    geans export --run_dir=runs/gean_fashion --output=clothing

It loads without geans, with serving_default(latents) and sample(count, seed), and with labels
sample(count, seed, labels).
"""

from absl import flags

from geans import report

POSITIONAL = "run_dir"


def define_flags(values):
    """Adds the command's flags to `values`."""
    flags.DEFINE_string("run_dir", None, "Directory of a run of geans train.", flag_values=values)
    flags.DEFINE_string("output", "saved_model", "Directory to make.", flag_values=values)
    flags.DEFINE_bool("ema", True, "Whether the EMA generator or the raw one.", flag_values=values)


def run(values):
    """Exports the model and prints its path."""
    report.check_trained(values.run_dir)

    from geans import experiment, export

    model = experiment.load(values.run_dir)
    export.saved_model(model, values.output, ema=values.ema)
    print(f"SavedModel: {values.output}")
