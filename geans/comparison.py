"""Comparisons of presets over several seeds.

Each run has its own process, so that its peak memory is its own. A comparison's directory contains

    compare.json           the resolved options of every preset
    results.jsonl          one row per finished run, with versions
    comparison.png         samples and coverage during training, if modes are known
    PRESET/seed_N/         the run directories
"""

import dataclasses
import json
import math
import pathlib
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from geans import files, presets, report
from geans.types import PathLike

BAD_INPUT = 2
CHILD = "import sys; from geans import comparison; sys.exit(comparison.train(sys.argv[1]))"

# Column headings and number formats of the table; other metrics come with their names.
COLUMNS = {
    "modes": ("modes", "{:g}"),
    "covered_modes": ("covered modes", "{:g}"),
    "high_quality_fraction": ("high quality", "{:.1%}"),
    "reverse_kl": ("reverse KL", "{:.4f}"),
    "updates": ("updates", "{:,.0f}"),
    "samples": ("samples", "{:,.0f}"),
    "seconds": ("seconds", "{:.0f}"),
    "peak_memory_mb": ("peak MB", "{:.0f}"),
}
COST = ("updates", "samples", "seconds", "peak_memory_mb")

CONFIDENCE = 0.95
"""Of the interval of a `Difference`."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """How much larger one group of numbers is than another, from the ranks of all of them.

    Args:
        shift: Median of the differences of all pairs (Hodges-Lehmann); of two numbers, theirs.
        interval: Bounds of the shift with at least `CONFIDENCE`; `None` of too few numbers, such
            as three in each group.
        p_value: Of the two-sided Mann-Whitney test, exact, also with ties; `None` if a group has
            one number.
    """

    shift: float
    interval: tuple[float, float] | None
    p_value: float | None


def run(
    chosen: Sequence[presets.Preset],
    seeds: Sequence[int],
    run_dir: PathLike,
    *,
    data_dir: PathLike | None = None,
) -> list[dict[str, Any]]:
    """Trains every preset with every seed; resumes interrupted runs and skips finished ones.

    Args:
        chosen: `presets.Preset`s with different names.
        seeds: Different integers from 0.
        run_dir: Directory of the comparison.
        data_dir: Where tensorflow-datasets finds its data.

    Returns:
        List of dicts, by preset and seed, with the run's metrics, the keys of `COST`, "diverged" if
        it did, and versions. `updates` counts the generator's; `seconds` excludes work between
        epochs.

    Raises:
        ValueError: If an argument is invalid, or `run_dir` or a preset does not fit.
    """
    run_dir = files.path_of(run_dir)
    _check(chosen, seeds)
    # The first seed of all presets first, so that failures come early.
    todo = [dataclasses.replace(preset, seed=seed) for seed in seeds for preset in chosen]
    _remember(chosen, run_dir)
    rows = {(row["preset"], row["seed"]): row for row in read_rows(run_dir)}
    # A run whose directory was removed is trained again: the picture needs it.
    rows = {key: row for key, row in rows.items() if _run_dir(run_dir, *key).is_dir()}
    todo = [preset for preset in todo if (preset.name, preset.seed) not in rows]
    for number, preset in enumerate(todo, start=1):
        print(f"{preset.name} with seed {preset.seed} (run {number} of {len(todo)})", flush=True)
        path = _run_dir(run_dir, preset.name, preset.seed)
        _train(preset, path, data_dir)
        rows[preset.name, preset.seed] = _row(preset.name, preset.seed, path)
        report.write_lines(rows.values(), run_dir / "results.jsonl")
    return [rows[preset.name, seed] for preset in chosen for seed in seeds]


def read_rows(run_dir: PathLike) -> list[dict[str, Any]]:
    """Returns the rows of a comparison's finished runs; empty without a file."""
    return report.read_rows(files.path_of(run_dir) / "results.jsonl")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Returns a text table: a line per preset, with median and range over its seeds."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["preset"], []).append(row)
    columns = _columns(rows)
    lines = [["preset", "seeds", *(heading for heading, _ in columns.values())]]
    for name, group in groups.items():
        cells = (cell([row.get(key) for row in group], columns[key][1]) for key in columns)
        lines.append([name, str(len(group)), *cells])
    return "\n".join([report.text_table(lines), *_remarks(rows)])


def _columns(rows):
    found = {key for row in rows for key, value in row.items() if type(value) in (int, float)}
    names = [name for name in COLUMNS if name in found - {*COST}]
    names += [key for row in rows for key in row if key in found - {"seed", *COLUMNS}]
    return {name: column(name) for name in (*names, *COST)}


def cell(values: Sequence[Any], shape: str) -> str:
    """Formats the median of numbers and their range, such as "2 (1-3)"; `-` if one is missing."""
    if None in values:
        return "-"
    low, middle, high = map(shape.format, (min(values), statistics.median(values), max(values)))
    return middle if low == high else f"{middle} ({low}-{high})"


def column(key: str) -> tuple[str, str]:
    """Returns heading and number format of a metric or a cost."""
    return COLUMNS.get(key, (key.replace("_", " "), "{:.4g}"))


def difference(first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """Returns by how much the numbers of `second` are larger than those of `first`.

    Example:
        >>> difference([1.0, 2.0, 3.0, 4.0], [6.0, 7.0, 8.0, 9.0])
        Difference(shift=5.0, interval=(2.0, 8.0), p_value=0.02857142857142857)
    """
    first, second = (np.asarray(each, "float64") for each in (first, second))
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        shifts = np.array([math.nan])
    else:
        shifts = np.sort(np.subtract.outer(second, first), axis=None)
    interval = p_value = None
    if min(len(first), len(second)) > 1:
        p_value = _p_value(first, second)
        outside = _left_out(len(first), len(second))
        if outside and len(shifts) > 1:
            interval = float(shifts[outside - 1]), float(shifts[-outside])
    return Difference(float(np.median(shifts)), interval, p_value)


def _p_value(first, second):
    numbers = np.concatenate([first, second])
    # Twice the middle rank of equal numbers, so that it is an integer.
    ranks = [(numbers < each).sum() + (numbers <= each).sum() + 1 for each in numbers]
    shares, sums = _rank_sums(ranks, len(first))
    middle = len(first) * (len(numbers) + 1)
    found = abs(sum(ranks[: len(first)]) - middle)
    return min(1.0, float(shares[abs(sums - middle) >= found].sum()))


def _left_out(first, second):
    """Returns which pair, from either end of the sorted differences, bounds the interval."""
    shares, _ = _rank_sums(range(1, first + second + 1), first)
    below = np.cumsum(shares[shares > 0])
    return int((below < (1 - CONFIDENCE) / 2).sum())


def _rank_sums(ranks, count):
    """Returns the probabilities of the sums of `count` ranks drawn at random, and the sums."""
    ways = np.zeros((count + 1, sum(ranks) + 1))
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank]
    return ways[-1] / ways[-1].sum(), np.arange(ways.shape[1])


def picture(chosen: Sequence[presets.Preset], seeds: Sequence[int], run_dir: PathLike) -> Any:
    """Returns a figure of finished runs, with samples of one seed; `None` without known modes."""
    from geans import experiment, plotting

    countable = [preset for preset in chosen if experiment.make_mixture(preset) is not None]
    rows = [_picture_row(preset, seeds, files.path_of(run_dir)) for preset in countable]
    return plotting.comparison(rows) if rows else None


def train(job: str) -> int:
    """Trains one run in its own process. Returns the exit code."""
    from geans import experiment

    options = json.loads(job)
    preset = presets.from_dict(options.pop("preset"))
    try:
        experiment.run(preset, **options)
    except ValueError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return BAD_INPUT
    return 0


def _check(chosen, seeds):
    names = [preset.name for preset in chosen]
    for kind, given in (("presets", names), ("seeds", list(seeds))):
        if not given or len(set(given)) < len(given):
            raise ValueError(f"A comparison needs {kind}, each once. Received: {kind}={given}.")


def _remember(chosen, run_dir):
    path = run_dir / "compare.json"
    if run_dir.exists() and not path.exists() and (not run_dir.is_dir() or any(run_dir.iterdir())):
        raise ValueError(f"{run_dir} exists and is not a comparison. Pass another run_dir.")
    known = json.loads(path.read_text()) if path.exists() else {}
    options = {preset.name: _options(preset) for preset in chosen}
    for name in known.keys() & options.keys():
        before, now = known[name], options[name]
        changed = sorted(key for key in now if now[key] != before.get(key))
        # Without runs, a mistake in the options can be corrected.
        if changed and (run_dir / name).exists():
            raise ValueError(
                f"{run_dir} compares runs of {name} with other options: {', '.join(changed)}. "
                "Pass the same options, or another run_dir."
            )
    report.write_json(known | options, path)


def _options(preset):
    return {key: value for key, value in dataclasses.asdict(preset).items() if key != "seed"}


def run_dirs(run_dir: PathLike) -> list[pathlib.Path]:
    """Returns the run directories of a comparison, by preset and seed; empty if it is not one."""
    run_dir = files.path_of(run_dir)
    if not (run_dir / "compare.json").is_file():
        return []
    found = (path.parent for path in run_dir.glob("*/seed_*/preset.json"))
    return sorted(found, key=lambda path: (path.parent, len(path.name), path.name))


def _run_dir(run_dir, name, seed):
    return run_dir / name / f"seed_{seed}"


def _train(preset, path, data_dir):
    resume = (path / "preset.json").is_file()
    how = {"resume": resume, "overwrite": not resume, "data_dir": data_dir}
    job = {"preset": dataclasses.asdict(preset), "run_dir": str(path), **how}
    command = [sys.executable, "-c", CHILD, json.dumps(job)]
    # In its own session, so that a terminal's Ctrl-C reaches it only once, from here.
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _, errors = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    if process.returncode == BAD_INPUT:
        raise ValueError(f"{preset.name} cannot be trained: {errors.strip().splitlines()[-1]}")
    if process.returncode:
        raise RuntimeError(f"Training in {path} ended with {process.returncode}:\n{errors}")


def _row(name, seed, path):
    evaluation, metrics, cost, versions = (
        json.loads((path / f"{file}.json").read_text()) if (path / f"{file}.json").exists() else {}
        for file in ("evaluation", "metrics", "cost", "versions")
    )
    measured = metrics | {each["metric"]: each["value"] for each in evaluation} | cost
    numbers = {key: value for key, value in measured.items() if not isinstance(value, str)}
    return {"preset": name, "seed": seed, **numbers, **versions}


def _remarks(rows):
    if len({(row["preset"], row["seed"]) for row in rows}) > len({row["preset"] for row in rows}):
        yield "Median (range) over the seeds."
    for row in rows:
        if row.get("diverged"):
            yield f"{row['preset']} diverged with seed {row['seed']}."


def _picture_row(preset, seeds, run_dir):
    from geans import callbacks, experiment, plotting

    found = {(row["preset"], row["seed"]): row for row in read_rows(run_dir)}
    rows = [found[preset.name, seed] for seed in seeds]
    paths = [_run_dir(run_dir, preset.name, seed) for seed in seeds]
    mixture = experiment.make_mixture(preset)
    curves = [report.read_history(path / "coverage.csv") for path in paths]
    kept = callbacks.coverage.read_samples(paths[0] / "coverage.npz")
    seen = dict(zip(curves[0]["epoch"], curves[0]["samples_seen"], strict=True))
    return plotting.ComparisonRow(
        name=preset.name,
        summary=_summary(rows, mixture.modes),
        mixture=mixture,
        moments={int(seen[epoch]): samples for epoch, samples in kept.items()},
        curves=curves,
    )


def _summary(rows, modes):
    who = f"seed {rows[0]['seed']}"
    if len(rows) > 1:
        who = f"samples of {who}; median of {len(rows)} seeds"
    texts = {
        "modes": f"{{:g}} of {modes:,} modes",
        "high_quality_fraction": "{:.1%} high quality",
        "reverse_kl": "reverse KL {:.4f}",
        "updates": "{:,.0f} updates",
    }
    values = {key: [row[key] for row in rows] for key in texts}
    known = {key: statistics.median(found) for key, found in values.items() if None not in found}
    return f"{who}: " + ", ".join(texts[key].format(middle) for key, middle in known.items())
