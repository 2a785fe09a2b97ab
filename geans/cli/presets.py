"""geans presets: list the presets, with what to expect of them."""

from absl import flags

from geans import presets


def define_flags(values):
    """Adds the command's flags to `values`."""
    flags.DEFINE_bool("markdown", False, "Print the README's table.", flag_values=values)


def run(values):
    """Prints the table."""
    print(markdown() if values.markdown else table())


def rows():
    """Name, data, minutes and expected score of each preset."""
    for name in presets.names():
        preset = presets.get(name)
        yield name, preset.data, f"{preset.expected_minutes:g}", preset.expected_score


def table():
    """One line per preset."""
    lines = [("preset", "data", "minutes", "expected (default seed, 2 cores)"), *rows()]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in lines
    )


def markdown():
    """The table of the README."""
    head = ["| preset | data | minutes on 2 cores | what to expect (seed 0) |", "|---|---|---|---|"]
    return "\n".join(head + [f"| `{a}` | `{b}` | {c} | {d} |" for a, b, c, d in rows()])
