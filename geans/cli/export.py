"""geans export: write a SavedModel of a trained model.

    geans export --run_dir=runs/gean_fashion --output=clothing
    geans export --pretrained=faces --output=faces

It loads without geans, with serving_default(latents) and sample(count, seed), and with labels
sample(count, seed, labels).
"""

from geans.cli import tables, trained

POSITIONAL = "run_dir"
FLAGS = (
    *trained.FLAGS,
    ("output", str, "saved_model", "Directory to make."),
    ("ema", bool, True, "Whether the EMA generator or the raw one."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Exports the model and prints its path."""
    source = trained.source(values)

    from geans import experiment, export

    model = experiment.trained(source)
    export.saved_model(model, values.output, ema=values.ema)
    print(f"SavedModel: {values.output}")
