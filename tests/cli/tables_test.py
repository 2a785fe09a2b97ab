from absl import flags

from geans.cli import tables


def test_rows_become_flags_of_their_types():
    values = flags.FlagValues()
    table = [
        ("count", int, 3, "How many."),
        ("names", list, None, "Which."),
        ("on", bool, True, ""),
    ]
    tables.define_flags(values, table)
    values(["program", "--count=7", "--names=a,b", "--noon"])
    assert (values.count, values.names, values.on) == (7, ["a", "b"], False)
    assert "How many." in values.get_help()
