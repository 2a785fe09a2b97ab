"""Command line flags from a table."""

from absl import flags

_DEFINE = {
    bool: flags.DEFINE_bool,
    float: flags.DEFINE_float,
    int: flags.DEFINE_integer,
    list: flags.DEFINE_list,
    str: flags.DEFINE_string,
}


def define_flags(values, table):
    """Adds flags to `values` from rows of name, type or tuple of choices, default and help text."""
    for name, kind, default, text in table:
        if isinstance(kind, tuple):
            flags.DEFINE_enum(name, default, kind, text, flag_values=values)
        else:
            _DEFINE[kind](name, default, text, flag_values=values)
