"""Presets: training runs that are known to work, as data.

Needs no TensorFlow, so that the command line can list them at once.
"""

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
    """Returns the names of all presets, sorted.

    Example:

    >>> "gean_fashion" in names()
    True
    """
    return sorted(PRESETS)


def get(name):
    """Returns the preset of that name.

    Raises:
        ValueError: If the name is unknown.

    Example:

    >>> get("gean_ring").update_every
    'growing:8'
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"Unknown preset {name!r}. Known: {', '.join(names())}.")
    return PRESETS[name]()
