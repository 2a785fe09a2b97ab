"""Files of a run directory."""

import csv
import functools
import importlib.metadata
import json
import logging
import os
import pathlib
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec

from geans import files
from geans.types import PathLike

ARTIFACTS = (
    *("preset.json", "versions.json", "cost.json", "metrics.json", "evaluation.json"),
    "advice.json",
    *("history.csv", "coverage.csv", "coverage.npz", "evaluations.jsonl"),
    *("pictures", "samples.png", "samples.gif", "curves.png", "neighbours.png"),
    *("checkpoints", "model.keras", "best.keras", "saved_model"),
)
_log = logging.getLogger(__name__)
PACKAGES = ("geans", "tensorflow", "keras", "numpy", "tensorflow-datasets", "matplotlib")

P = ParamSpec("P")


def versions() -> dict[str, str]:
    """Returns versions of Python and packages, and the machine, as a dict of strings."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found | {"machine": f"{platform.machine()}, {os.cpu_count()} CPU cores"}


def peak_memory_mb() -> float:
    """Returns this process's peak memory in units of 10^6 bytes, NaN if unknown."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        # Not getrusage there, which begins with the peak of the process that started this one.
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:  # Windows.
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def check_writable(directory: PathLike) -> None:
    """Creates a directory; raises a `ValueError` if nothing can be written into it."""
    directory = files.path_of(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Permission bits do not tell: the disk may be read-only or full, or the user root.
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(4096))
    except OSError as error:
        raise ValueError(
            f"Cannot write to {str(directory)!r} ({error}). "
            "Pass a directory that this user may write to, on a disk with room."
        ) from error


def tolerant(write: Callable[P, Any]) -> Callable[P, Any]:
    """Decorates a writing method to warn on `OSError` instead of ending the training."""

    @functools.wraps(write)
    def write_or_warn(*args, **kwargs):
        try:
            return write(*args, **kwargs)
        except OSError as error:
            _log.warning("A file was not written, training goes on: %s", error)

    return write_or_warn


def write_json(values: Any, path: PathLike) -> None:
    """Writes a dict as indented JSON, atomically."""
    _write_text(json.dumps(values, indent=2) + "\n", path)


def write_lines(rows: Iterable[dict[str, Any]], path: PathLike) -> None:
    """Writes dicts as JSON lines, atomically."""
    _write_text("".join(json.dumps(row) + "\n" for row in rows), path)


def append_row(row: dict[str, Any], path: PathLike) -> None:
    """Appends a dict and the `versions` to a file of JSON lines.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     append_row({"seed": 0}, f"{folder}/rows.jsonl")
        ...     [row["seed"] for row in read_rows(f"{folder}/rows.jsonl")]
        [0]
    """
    with open(path, "a") as file:
        file.write(json.dumps(row | versions()) + "\n")


def read_rows(path: PathLike) -> list[dict[str, Any]]:
    """Returns the dicts of a file of JSON lines; empty if it does not exist."""
    path = files.path_of(path)
    return list(map(json.loads, path.read_text().splitlines())) if path.exists() else []


def _write_text(text, path):
    path = files.path_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as unfinished:
        unfinished.write_text(text)


def save_model(model: Any, path: PathLike) -> None:
    """Saves a model to a `.keras` file, atomically."""
    with files.replacing(path) as unfinished:
        model.save(unfinished)


def text_table(lines: Sequence[Sequence[str]]) -> str:
    """Returns rows of strings as text with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (map(str.ljust, line, widths) for line in lines)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def write_epoch(row: dict[str, Any], path: PathLike) -> None:
    """Puts a row, a dict with "epoch", into a CSV file, atomically, below those of earlier epochs.

    Drops rows of later epochs, which are from before a resume.
    """
    path = files.path_of(path)
    rows = [before for before in _read_rows(path) if int(before["epoch"]) < row["epoch"]]
    columns = list(dict.fromkeys(name for each in (*rows, row) for name in each))
    with files.replacing(path) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="nan", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])


def _read_rows(path):
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            int(row["epoch"])
            tuple(map(float, row.values()))
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(
            f"{path} is damaged: a row is not an epoch with its numbers ({error!r}). Repair or "
            "remove the file."
        ) from error
    return rows


def read_history(path: PathLike) -> dict[str, list[float]]:
    """Returns the columns of a CSV of epochs, a dict of lists of floats; empty without a file.

    Raises a `ValueError` if the file is damaged.
    """
    rows = _read_rows(files.path_of(path))
    return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}


def check_run_dir(run_dir: PathLike, *, resume: bool = False, overwrite: bool = False) -> None:
    """Raises a `ValueError` if a run would overwrite files, or has nothing to resume."""
    if resume and overwrite:
        raise ValueError("Either resume a run or overwrite it, not both.")
    run_dir = files.path_of(run_dir)
    if resume:
        if not (run_dir / "preset.json").is_file():
            raise ValueError(f"{run_dir} holds no run to resume: there is no preset.json.")
        return
    if not run_dir.exists():
        parent = next(filter(pathlib.Path.exists, run_dir.absolute().parents))
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise ValueError(f"Cannot write to {str(run_dir)!r}. Pass another run_dir.")
        return
    if run_dir.is_dir() and not any(run_dir.iterdir()):
        return
    if not (run_dir / "preset.json").is_file():
        raise ValueError(f"{run_dir} exists and is not a run directory. Pass another run_dir.")
    if not overwrite:
        raise ValueError(
            f"{run_dir} holds a run. Pass --resume to resume it, --overwrite to replace it, or "
            "another --run_dir."
        )


def check_trained(run_dir: Any) -> None:
    """Raises a `ValueError` unless a directory holds a model or a checkpoint of a run."""
    if run_dir is None:
        raise ValueError("Pass --run_dir, the directory of a run of geans train.")
    if not isinstance(run_dir, (str, os.PathLike)):
        raise ValueError(f"run_dir must be the path of a directory. Received: {run_dir=}.")
    path = files.path_of(run_dir)
    if not (path / "model.keras").is_file() and not any(path.glob("checkpoints/epoch_*_step_*")):
        raise ValueError(
            f"{run_dir} holds no trained model (no model.keras, no checkpoints). "
            "Pass the run_dir of `geans train`."
        )


def clear(run_dir: PathLike) -> None:
    """Removes the files of a run from its directory, and nothing else."""
    run_dir = files.path_of(run_dir)
    for name in ARTIFACTS:
        path = run_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for unfinished in run_dir.glob(".part-*"):  # Of a run that was killed while it wrote.
        unfinished.unlink()
