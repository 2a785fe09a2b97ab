"""The fields of a preset as command line flags."""

from geans import presets
from geans.cli import names, tables

NUMBER_OR_WORD = ("update_every", "image_size")


def define_flags(values, *, without=()):
    """Adds a flag for every plain field of a preset not listed in `without`."""
    texts = presets.field_texts()
    kinds = dict(presets.plain_fields()) | dict.fromkeys(NUMBER_OR_WORD, str)
    chosen = [name for name in kinds if name not in ("name", *without)]
    tables.define_flags(values, [(name, kinds[name], None, texts[name]) for name in chosen])


def apply(preset, values):
    """Returns the preset with the fields set by flags; raises a `ValueError` if one is invalid."""
    return presets.changed(preset, **given(values))


def given(values):
    """Returns a dict of the fields set by flags; raises a `ValueError` for an unknown name."""
    fields = [name for name, _ in presets.plain_fields() if name in values]
    found = {name: values[name].value for name in fields if values[name].present}
    for name in NUMBER_OR_WORD:
        if found.get(name, "").isdecimal():
            found[name] = int(found[name])
    for flag in ("loss", "network", "augmentation", "optimizer"):
        if found.get(flag):
            names.check(flag, found[flag])
    if ":" in (found.get("data") or ""):
        names.check("data", found["data"].partition(":")[0])
    return found
