"""The fields of a preset as command line flags."""

import json

from geans import presets
from geans.cli import names, tables

NUMBER_OR_WORD = ("update_every", "image_size")
OPTIONS = (
    *("data_options", "model_options", "generator_options", "discriminator_options"),
    *("optimizer_options", "update_options"),
)

WIDTH_TEXT = "The option width of both networks: their channels next to the image."


def define_flags(values, *, without=()):
    """Adds a flag for every plain field of a preset not listed in `without`."""
    texts = presets.field_texts()
    kinds = dict(presets.plain_fields()) | dict.fromkeys(NUMBER_OR_WORD, str)
    chosen = [name for name in kinds if name not in ("name", *without)]
    tables.define_flags(values, [(name, kinds[name], None, texts[name]) for name in chosen])
    chosen = [name for name in OPTIONS if name not in without]
    table = [(name, str, None, f"{texts[name]} As JSON, added to its own.") for name in chosen]
    tables.define_flags(values, [*table, ("width", int, None, WIDTH_TEXT)])


def apply(preset, values):
    """Returns the preset with the fields set by flags; raises a `ValueError` if one is invalid."""
    return presets.changed(preset, **given(values), **added_options(preset, values))


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


def added_options(preset, values):
    """Returns a dict from fields to the preset's options with those set by flags."""
    return {name: getattr(preset, name) | more for name, more in given_options(values).items()}


def given_options(values):
    """Returns a dict from fields to the options set by flags; raises a `ValueError` if invalid."""
    found = {name: _options(name, values[name].value) for name in OPTIONS if values[name].present}
    if values["width"].present:
        for name in ("generator_options", "discriminator_options"):
            found[name] = {"width": values["width"].value} | found.get(name, {})
    return found


def _options(name, text):
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ValueError(
            f"--{name} must be a JSON object, such as '{{\"width\": 32}}' in single quotes. "
            f"Received: {text!r}."
        )
    return options
