"""Presets: tested training configurations, as data that need no TensorFlow."""

import inspect

from geans import values
from geans.presets import (
    anomaly,
    conditional,
    images,
    limited,
    points,
    projected,
    stacked,
    translation,
    video,
    zoo,
)
from geans.presets.data_files import IMAGES, located, moved
from geans.presets.measured import NOT_RUN, Expected, expected
from geans.presets.preset import Preset, changed, field_texts, from_dict, plain_fields, read
from geans.presets.runs import check_resume, finished, name_of_data, run_name

__all__ = [
    "IMAGES",
    "NOT_RUN",
    "PRESETS",
    "Expected",
    "Preset",
    "changed",
    "check_resume",
    "expected",
    "field_texts",
    "finished",
    "from_dict",
    "get",
    "located",
    "moved",
    "name_of_data",
    "names",
    "plain_fields",
    "read",
    "run_name",
]

_MODULES = (
    anomaly,
    conditional,
    images,
    limited,
    points,
    projected,
    stacked,
    translation,
    video,
    zoo,
)

PRESETS = {
    name: function
    for module in _MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
}


def names() -> list[str]:
    """Returns the names of all presets, sorted."""
    return sorted(PRESETS)


def get(name: str) -> Preset:
    """Returns the preset of that name; raises a `ValueError` if the name is unknown."""
    values.check_name("preset", name, names())
    return PRESETS[name]()
