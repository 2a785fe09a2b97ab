"""Flags that name a trained model: a run directory, or a model of the package."""

from geans import pretrained, report

FLAGS = (
    ("run_dir", str, None, "Directory of a run of geans train."),
    ("pretrained", str, None, "Name of a trained model of the package, instead of --run_dir."),
)


def source(values):
    """Returns `--run_dir` or `--pretrained`, whichever was passed, after a first check.

    Raises:
        ValueError: If both or neither were passed, or the model does not exist.
    """
    if values.pretrained is None:
        report.check_trained(values.run_dir)
        return values.run_dir
    if values.run_dir is not None:
        raise ValueError("Pass one of --run_dir, --pretrained, not both.")
    pretrained.entry(values.pretrained)
    return values.pretrained
