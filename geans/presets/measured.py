"""Expected results of the presets, from the package's measurements."""

import dataclasses
import functools
import importlib.resources
import json

NOT_RUN = "not run here"
"""Score of presets without a measurement; most of them need a GPU."""


@dataclasses.dataclass(frozen=True)
class Expected:
    """Measured cost and result of a preset.

    Args:
        minutes: Minutes of the shortest run on two CPU cores; `None` if not measured.
        seeds: Number of seeds.
        score: The result as a short text, medians and ranges over the seeds.
    """

    minutes: float | None = None
    seeds: int = 0
    score: str = NOT_RUN


def expected(name: str) -> Expected:
    """Returns the `Expected` of a preset, from `measured.json` (made by `benchmarks/tables.py`)."""
    return Expected(**_measured().get(name, {}))


@functools.cache
def _measured():
    file = importlib.resources.files(__package__) / "measured.json"
    return json.loads(file.read_text(encoding="utf-8"))
