"""Names that only modules with TensorFlow know, read from their sources: its import takes long."""

import ast
import importlib.util
import pathlib

import geans
from geans.values import did_you_mean

# By flag: the file in `geans` and the dict literal in it whose keys are the names.
TABLES = {
    "loss": [("losses.py", "LOSSES")],
    "network": [("networks/__init__.py", "NETWORKS"), ("networks/__init__.py", "TRANSLATORS")],
    "augmentation": [("augment/__init__.py", "AUGMENTATIONS")],
    "optimizer": [("optimizers/__init__.py", "OPTIMIZERS")],
    "data": [("experiment/sources/__init__.py", "SOURCES")],
    "metrics": [("metrics/evaluation.py", "METRICS")],
    "features": [("metrics/features/table.py", "NETWORKS")],
}


def check(flag, *given):
    """Raises a `ValueError` unless all the `given` names are of those that a flag takes."""
    known = list_names(flag)
    if flag == "optimizer":  # Keras takes its names in any case.
        known, given = [*known, *_optimizers_of_keras()], [name.lower() for name in given]
    if unknown := [name for name in given if name not in known]:
        near = "".join(did_you_mean(name, known) for name in unknown)
        named = ", ".join(map(repr, unknown))
        raise ValueError(f"Unknown {flag} {named}.{near} Known: {', '.join(known)}.")


def list_names(flag):
    """Returns the names that a flag takes, without those of Keras."""
    return [name for path, table in TABLES[flag] for name in _keys(path, table)]


def _keys(path, table):
    for node in _statements(pathlib.Path(geans.__file__).parent / path):
        if isinstance(node, ast.Assign) and node.targets[0].id == table:
            return [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
    raise LookupError(f"There is no {table} in {path}.")


def _optimizers_of_keras():
    package = pathlib.Path(importlib.util.find_spec("keras").origin)
    for node in _statements(package.parent / "optimizers" / "__init__.py"):
        if isinstance(node, ast.ImportFrom):
            yield from (each.name.lower() for each in node.names if each.name[0].isupper())


def _statements(path):
    return ast.parse(path.read_text(encoding="utf-8")).body
