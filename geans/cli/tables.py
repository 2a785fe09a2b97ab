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
    """Adds flags to `values` from rows of name, type, default and help text."""
    for name, kind, default, text in table:
        _DEFINE[kind](name, default, text, flag_values=values)
