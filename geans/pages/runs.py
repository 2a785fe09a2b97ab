"""Run directories, read for a page: whatever an unfinished run lacks is left out."""

import dataclasses
import json
import math
import pathlib
import shlex
from typing import Any, NamedTuple

from geans import files, presets, report
from geans.experiment import checks
from geans.metrics.measurement import Measurement, Origin

FILES = {
    "history.csv": "curves",
    "pictures": "samples during training",
    "evaluation.json": "distances from the data",
    "metrics.json": "mode coverage, or errors of translations",
    "advice.json": "advice of the doctor",
    "cost.json": "cost",
    "versions.json": "versions",
}
"""What a page shows of the files that a run may lack."""

UNIMPORTANT = ("name", "seed", "picture_every", "evaluate_every")
"""Fields of a preset in which the runs of a group may differ."""


class Quantity(NamedTuple):
    """What was measured; only numbers of equal quantities are compared.

    Args:
        protocol: How it was measured.
        name: Name of the metric or cost.
        options: Options of the metric, such as "k=5"; may be empty.
    """

    protocol: str
    name: str
    options: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """What the files of a run directory say.

    Args:
        path: The directory.
        preset: The `presets.Preset`.
        versions, cost: Dicts; empty without a file.
        curves: Dict from name to a list of (epoch, number), without numbers that are not finite.
        numbers: Dict from `Quantity` to (number, standard deviation or `None`).
        warnings: Dict from `Quantity` to a caveat.
        findings: The doctor's `checks.Finding`s; `None` if it was not asked.
        pictures: Dict from epoch to the path of a picture.
        diverged: Whether training met a NaN.
        finished: Whether all epochs are done.
        missing: Names of `FILES` that are not there.
    """

    path: pathlib.Path
    preset: presets.Preset
    versions: dict[str, str]
    cost: dict[str, Any]
    curves: dict[str, list[tuple[int, float]]]
    numbers: dict[Quantity, tuple[float, float | None]]
    warnings: dict[Quantity, str]
    findings: list[checks.Finding] | None
    pictures: dict[int, pathlib.Path]
    diverged: bool
    finished: bool
    missing: tuple[str, ...]

    @property
    def epochs(self):
        """Returns the number of epochs done, as far as the files tell."""
        return max((points[-1][0] for points in self.curves.values() if points), default=0)


def read(run_dir):
    """Returns the `Run` of a directory; raises a `ValueError` if it is not one, or damaged."""
    path = files.path_of(run_dir)
    if not path.is_dir():
        raise ValueError(f"There is no directory {str(path)!r}.")
    if not (path / "preset.json").is_file():
        raise ValueError(
            f"{path} is not a run directory: there is no preset.json. Pass the run_dir of `geans "
            "train`, or of `geans compare`."
        )
    preset = presets.read(path / "preset.json")
    try:
        return _read(path, preset)
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"A file in {path} is damaged ({error!r}).") from error


def _read(path, preset):
    cost, metrics = _json(path / "cost.json", dict), _json(path / "metrics.json", dict)
    versions, curves = _json(path / "versions.json", dict), _curves(path)
    numbers, warnings = _distances(path)
    numbers |= _plain_numbers(metrics, _known(preset, metrics))
    numbers |= _plain_numbers(cost, f"training on {versions.get('machine', 'an unknown machine')}")
    diverged = bool(metrics.get("diverged"))
    run = Run(
        path=path,
        preset=preset,
        versions=versions,
        cost=cost,
        curves=curves,
        numbers=numbers,
        warnings=warnings,
        findings=_findings(path),
        pictures=_pictures(path),
        diverged=diverged,
        finished=(path / "model.keras").is_file(),
        missing=tuple(name for name in FILES if not (path / name).exists()),
    )
    return dataclasses.replace(run, finished=run.finished and run.epochs >= preset.epochs)


def _json(path, kind):
    if not path.is_file():
        return kind()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}).") from error
    if not isinstance(found, kind):
        raise ValueError(f"{path} is damaged: Expected a {kind.__name__}.")
    return found


def _curves(path):
    found = {}
    for name in ("history.csv", "coverage.csv"):
        columns = report.read_history(path / name)
        epochs = list(map(int, columns.pop("epoch", [])))
        columns.pop("samples_seen", None)
        found |= {key: list(zip(epochs, column, strict=True)) for key, column in columns.items()}
    found |= _evaluations(path)  # In the history as well, but with NaN between them.
    return {
        key: [point for point in points if math.isfinite(point[1])] for key, points in found.items()
    }


def _evaluations(path):
    found = {}
    try:
        for row in report.read_rows(path / "evaluations.jsonl"):
            found.setdefault(row["metric"], []).append((int(row["epoch"]), float(row["value"])))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path / 'evaluations.jsonl'} is damaged ({error}).") from error
    return found


def _distances(path):
    numbers, warnings = {}, {}
    for row in _json(path / "evaluation.json", list):
        warning = row.pop("warning", None)
        row |= {kind: Origin(**row[kind]) if row[kind] else None for kind in ("real", "fake")}
        found = Measurement(**row)
        options = ", ".join(f"{name}={value}" for name, value in found.options.items())
        quantity = Quantity(_protocol(found), found.metric, options)
        numbers[quantity] = float(found.value), found.stddev
        if warning:
            warnings[quantity] = str(warning)
    return numbers, warnings


def _protocol(found):
    """Returns all that two distances must share to be compared."""
    real = f"{found.real_count:,} real of {found.real}" if found.real_count else found.real
    generator = f" of the {found.fake.generator} generator" if found.fake.generator else ""
    parts = [
        str(real or ""),
        f"{found.fake_count:,} samples{generator}, seed {found.fake.seed}",
        f"features {found.features} ({found.checksum}, resize {found.resize})",
        f"geans {found.version}",
    ]
    return "; ".join(filter(None, parts))


def _known(preset, metrics):
    options = ", ".join(f"{name}={value}" for name, value in preset.data_options.items())
    split = f", split {metrics['split']}" if metrics.get("split") else ""
    return f"at the end of training, on {preset.data}{options and f' ({options})'}{split}"


def _plain_numbers(values, protocol):
    return {
        Quantity(protocol, name): (value, None)
        for name, value in values.items()
        if type(value) in (int, float)
    }


def _findings(path):
    if not (path / "advice.json").is_file():
        return None
    return [checks.Finding(**each) for each in _json(path / "advice.json", list)]


def _pictures(path):
    found = {}
    for picture in path.glob("pictures/epoch_*.png"):
        digits = picture.stem.removeprefix("epoch_")
        if digits.isdecimal():
            found[int(digits)] = picture
    return dict(sorted(found.items()))


def groups(runs):
    """Returns a dict from labels to the runs of presets that differ in their seeds only."""
    found = {}
    for run in runs:
        key = repr((run.preset.name, _options(run.preset)))
        found.setdefault(key, []).append(run)
    names = [group[0].preset.name for group in found.values()]
    return {_label(group[0], runs, names): group for group in found.values()}


def _options(preset):
    fields = dataclasses.asdict(preset)
    return {name: value for name, value in fields.items() if name not in UNIMPORTANT}


def _label(run, runs, names):
    """Returns the preset's name, with the fields in which its namesakes differ."""
    name = run.preset.name
    if names.count(name) == 1:
        return name
    own = _options(run.preset)
    others = [_options(each.preset) for each in runs if each.preset.name == name]
    differing = [field for field in own if any(other[field] != own[field] for other in others)]
    return f"{name} ({', '.join(f'{field}={own[field]}' for field in differing)})"


def command(preset):
    """Returns a `geans train` that makes the same choices; `None` of a preset without a name here.

    What follows a `-` in a name is the value that `geans compare --vary` gave to a field.

    Example:
        >>> command(presets.changed(presets.get("gan_ring"), epochs=3, seed=1))
        'geans train --preset=gan_ring --epochs=3 --seed=1'
    """
    name = preset.name.partition("-")[0]
    if name not in presets.PRESETS:
        return None
    own, now = map(dataclasses.asdict, (presets.get(name), dataclasses.replace(preset, name=name)))
    changed = {key: _flag(own[key], now[key]) for key in now if own[key] != now[key]}
    flags = [shlex.quote(f"--{key}={value}") for key, value in changed.items()]
    return " ".join(["geans train", f"--preset={name}", *flags])


def _flag(before, now):
    if not isinstance(now, dict):
        return now
    missing = object()
    changed = {key: value for key, value in now.items() if before.get(key, missing) != value}
    return json.dumps(changed)
