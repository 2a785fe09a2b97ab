"""geans presets: list the presets with expected results."""

from absl import flags

from geans import presets, report


def define_flags(values):
    """Adds the command's flags to `values`."""
    flags.DEFINE_bool("markdown", False, "Print a Markdown table.", flag_values=values)


def run(values):
    """Prints the table."""
    print(markdown() if values.markdown else table())


def rows():
    """Yields name, data, minutes, seeds and score of each preset."""
    for name in presets.names():
        expected = presets.expected(name)
        minutes = "-" if expected.minutes is None else str(expected.minutes)
        yield name, presets.get(name).data, minutes, str(expected.seeds or "-"), expected.score


def table():
    """Returns one line per preset."""
    lines = [("preset", "data", "minutes", "seeds", "score (2 CPU cores)"), *rows()]
    return report.text_table(lines)


def markdown():
    """Returns the table of docs/zoo.md."""
    head = ["| preset | data | minutes | seeds | score |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(head + [f"| `{a}` | `{b}` | {c} | {d} | {e} |" for a, b, c, d, e in rows()])
