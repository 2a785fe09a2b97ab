"""The fields of a preset as command line flags."""

import dataclasses

from absl import flags

from geans import presets

_DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string}


def define_flags(values, *, without=()):
    """Adds a flag for every plain field of a preset not listed in `without`."""
    texts = presets.field_texts()
    for name, kind in presets.plain_fields():
        if name not in ("name", *without):
            kind = str if name == "update_every" else kind
            _DEFINE[kind](name, None, texts[name], flag_values=values)


def apply(preset, values):
    """Returns the preset with the fields set by flags; raises a `ValueError` if one is invalid."""
    fields = [name for name, _ in presets.plain_fields() if name in values]
    given = {name: values[name].value for name in fields if values[name].present}
    if given.get("update_every", "").isdecimal():
        given["update_every"] = int(given["update_every"])
    return dataclasses.replace(preset, **given)
