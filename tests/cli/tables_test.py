import pytest
from absl import flags

from geans.cli import tables


def test_rows_become_flags_of_their_types():
    values = flags.FlagValues()
    table = [
        ("count", int, 3, "How many."),
        ("names", list, None, "Which."),
        ("on", bool, True, ""),
        ("order", ("up", "down"), "up", ""),
    ]
    tables.define_flags(values, table)
    values(["program", "--count=7", "--names=a,b", "--noon", "--order=down"])
    assert (values.count, values.names, values.on) == (7, ["a", "b"], False)
    assert values.order == "down"
    with pytest.raises(flags.Error, match="one of <up|down>"):
        values(["program", "--order=left"])
    assert "How many." in values.get_help()
