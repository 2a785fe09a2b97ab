"""geans explore: write a page that draws samples of a model in the browser, with sliders.

    geans explore digits -o digits.html
    geans explore runs/photos
    geans explore runs/photos --directions=directions.npz

The page is one file with the network in it: it works offline, from a disk, and on a phone. Needs
pip install "geans[onnx]". In Python, geans.pages.explore does the same.
"""

from geans.cli import tables, trained

POSITIONAL = "run_dir"
FLAGS = (
    *trained.FLAGS,
    ("output, o", str, "explore.html", "Page to write."),
    (
        "directions",
        str,
        None,
        "NumPy file (.npz) of named directions (latent_dim,), such as np.savez writes of "
        "model.attribute_directions; by default they are found without labels (SeFa).",
    ),
    ("space", ("latents", "styles"), "latents", "Where the directions of --directions are."),
    ("title", str, None, "Title of the page; by default the name of the model."),
    ("ema", bool, True, "Whether the EMA generator or the raw one."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Writes the page and prints its path."""
    source = trained.source(values)

    from geans import experiment, pages
    from geans.data import npz_files

    options = {name: values[name].value for name in ("space", "title", "ema")}
    if values.directions is not None:
        with npz_files.opened(values.directions) as file:
            options["directions"] = {name: file[name] for name in file.files}
    options["labels"] = trained.class_names(source) or None
    pages.explore(experiment.trained(source), values.output, **options)
    print(f"Page: {values.output}")
