"""geans presets: list the presets, with what to expect of them."""

from geans import presets


def define_flags(values):
    """The command has no flags."""
    del values


def run(values):
    """Prints the table."""
    del values
    print(table())


def table():
    """One line per preset."""
    rows = [("preset", "data", "minutes", "expected (default seed, 2 cores)")]
    for name in presets.names():
        preset = presets.get(name)
        rows.append((name, preset.data, f"{preset.expected_minutes:g}", preset.expected_score))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for *cells, last in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append("  ".join([*padded, last]).rstrip())
    return "\n".join(lines)
