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
    """Adds flags to `values` from rows of name, type or tuple of choices, default and help text.

    A name may have a short form: "output, o".
    """
    for name, kind, default, text in table:
        name, _, short = name.partition(", ")
        options = {"flag_values": values, "short_name": short or None}
        if isinstance(kind, tuple):
            flags.DEFINE_enum(name, default, kind, text, **options)
        else:
            _DEFINE[kind](name, default, text, **options)
