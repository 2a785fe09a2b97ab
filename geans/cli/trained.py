"""Flags that name a trained model: a run directory, or a model of the package."""

from geans import files, pretrained, report

FLAGS = (
    ("run_dir", str, None, "Directory of a run of geans train, or what --pretrained takes."),
    ("pretrained", str, None, "Name of a trained model of the package, instead of --run_dir."),
)


def source(values):
    """Returns `--run_dir` or `--pretrained`, whichever was passed, after a first check.

    Raises:
        ValueError: If both or neither were passed, or the model does not exist.
    """
    if values.pretrained is None and values.run_dir in pretrained.names():
        return values.run_dir
    if values.pretrained is None:
        report.check_trained(values.run_dir)
        return values.run_dir
    if values.run_dir is not None:
        raise ValueError("Pass one of --run_dir, --pretrained, not both.")
    pretrained.entry(values.pretrained)
    return values.pretrained


def class_names(source):
    """Returns the names of a trained model's classes; an empty list if it has none."""
    from geans import experiment

    known = source in pretrained.names() or (files.path_of(source) / "preset.json").is_file()
    options = experiment.preset_of(source).model_options if known else {}
    return list(map(str, options.get("class_names") or []))
