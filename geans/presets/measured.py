"""What to expect of a preset: the measurements that come with the package."""

import dataclasses
import functools
import importlib.resources
import json

NOT_RUN = "not run here"
"""The score of presets without a measurement; most of them take a GPU."""


@dataclasses.dataclass(frozen=True)
class Expected:
    """What runs of a preset took and gave.

    Args:
        minutes: The shortest run, in minutes on two CPU cores; `None` if not measured.
        seeds: Number of seeds.
        score: The result as a short text, medians and ranges over the seeds.
    """

    minutes: float | None = None
    seeds: int = 0
    score: str = NOT_RUN


def expected(name):
    """Returns what to expect of the preset of that name, an `Expected`.

    The numbers in `measured.json` come from the benchmarks' rows, by `benchmarks/tables.py`.

    Example:

    >>> expected("sngan_cifar10").score
    'not run here'
    """
    return Expected(**_measured().get(name, {}))


@functools.cache
def _measured():
    file = importlib.resources.files(__package__) / "measured.json"
    return json.loads(file.read_text(encoding="utf-8"))
