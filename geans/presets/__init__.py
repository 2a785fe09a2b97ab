"""Presets: tested training configurations, as data that need no TensorFlow."""

import inspect

from geans.presets import (
    anomaly,
    conditional,
    images,
    limited,
    points,
    stacked,
    translation,
    video,
    zoo,
)
from geans.presets.measured import NOT_RUN, Expected, expected
from geans.presets.preset import Preset, field_texts, from_dict, plain_fields, read

__all__ = [
    "NOT_RUN",
    "PRESETS",
    "Expected",
    "Preset",
    "expected",
    "field_texts",
    "from_dict",
    "get",
    "names",
    "plain_fields",
    "read",
]

_MODULES = (anomaly, conditional, images, limited, points, stacked, translation, video, zoo)

PRESETS = {
    name: function
    for module in _MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
}


def names():
    """Returns the names of all presets, sorted."""
    return sorted(PRESETS)


def get(name):
    """Returns the preset of that name; raises a `ValueError` if the name is unknown."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"Unknown preset {name!r}. Known: {', '.join(names())}.")
    return PRESETS[name]()
