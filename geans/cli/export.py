"""geans export: write a trained generator for use elsewhere.

    geans export --run_dir=runs/gean_fashion --output=clothing
    geans export --pretrained=digits --format=litert --output=digits.tflite     for phones
    geans export --pretrained=digits --format=litert --int8     a quarter of the size, less exact
    geans export --pretrained=digits --format=onnx     needs pip install "geans[onnx]"

A SavedModel loads without geans, with serving_default(latents) and sample(count, seed), and with
labels sample(count, seed, labels).
"""

from geans.cli import tables, trained

POSITIONAL = "run_dir"
OUTPUTS = {
    "saved_model": "saved_model",
    "litert": "generator.tflite",
    "onnx": "generator.onnx",
    "keras": "generator.keras",
}
"""Formats, and what is made by default."""
FLAGS = (
    *trained.FLAGS,
    ("format", tuple(OUTPUTS), "saved_model", "What to write."),
    ("int8", bool, False, "With --format=litert: whether weights and activations are of 8 bits."),
    (
        "output",
        str,
        None,
        "Directory or file to make; by default saved_model, generator.tflite, ...",
    ),
    ("ema", bool, True, "Whether the EMA generator or the raw one."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Exports the model and prints its path."""
    source = trained.source(values)

    from geans import experiment, export

    if values.int8 and values.format != "litert":
        raise ValueError(f"--int8 is for --format=litert. Received: --format={values.format}.")
    output = values.output or OUTPUTS[values.format]
    options = {"int8": True} if values.int8 else {}
    model = experiment.trained(source)
    export.FORMATS[values.format](model, output, ema=values.ema, **options)
    print(f"{values.format}: {output}")
