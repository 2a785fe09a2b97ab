"""Tables of what runs measured, side by side, with the differences between groups of runs."""

import html
import math
import statistics

from geans import comparison


def table(groups, differences=True):
    """Returns the HTML of a table with a row per quantity, by protocol.

    Args:
        groups: Dict from labels to lists of `runs.Run`s.
        differences: Whether the other groups' differences from the first are shown.
    """
    quantities = dict.fromkeys(
        quantity for group in groups.values() for run in group for quantity in run.numbers
    )
    heads = []
    for label in groups:
        heads.append(f"<th scope=col>{html.escape(label)}</th>")
        if differences and len(heads) > 1:
            heads.append("<th scope=col>difference</th>")
    lines, protocol = [], None
    for quantity in sorted(quantities, key=lambda each: _order(each, quantities)):
        if quantity.protocol != protocol:
            protocol = quantity.protocol
            lines.append(_heading(protocol, columns=len(heads)))
        lines.append(_row(quantity, groups.values(), differences))
    head = f"<thead><tr><td></td>{''.join(heads)}</tr></thead>"
    return scrolling(f"<table>{head}<tbody>{''.join(lines)}</tbody></table>")


def scrolling(text):
    """Returns a box in which a wide table scrolls, also by the keyboard."""
    return f'<div class="scroll" tabindex="0">{text}</div>'


def remarks(groups):
    """Yields sentences about the numbers of `table`."""
    several = [label for label, runs in groups.items() if len(runs) > 1]
    if several:
        yield "Of several runs: the median (and the range)."
    if len(groups) > 1:
        yield from _about_differences(groups)
    found = {text for runs in groups.values() for run in runs for text in run.warnings.values()}
    yield from (f"{text[:1].upper()}{text[1:]}." for text in sorted(found))


def independent(runs):
    """Returns whether runs have different seeds, so that their spread is that of seeds."""
    return len({run.preset.seed for run in runs}) == len(runs)


def _about_differences(groups):
    first = next(iter(groups))
    yield f"Differences are from {first}."
    if any(len(runs) == 1 for runs in groups.values()):
        yield (
            "One run has no uncertainty: a difference from it may be that of two seeds. "
            "geans compare trains several."
        )
    if any(len(runs) > 1 for runs in groups.values()):
        yield (
            "Intervals are of 95 % (Hodges-Lehmann; fewer than four runs mostly have none); p is "
            "that of the exact two-sided Mann-Whitney test, not corrected for the number of tests."
        )
    if not all(map(independent, groups.values())):
        yield "Runs with equal seeds are not independent: their differences have no uncertainty."


def _order(quantity, quantities):
    protocols = list(dict.fromkeys(each.protocol for each in quantities))
    # What training took comes last.
    is_cost = quantity.name in comparison.COST
    return is_cost, protocols.index(quantity.protocol), list(quantities).index(quantity)


def _heading(protocol, columns):
    text = html.escape(f"{protocol[:1].upper()}{protocol[1:]}")
    cell = f'<th scope=rowgroup colspan="{columns + 1}"><span>{text}</span></th>'
    return f'<tr class="protocol">{cell}</tr>'


def _row(quantity, groups, differences):
    heading, shape = comparison.column(quantity.name)
    name = html.escape(heading)
    if quantity.options:
        name += f" <small>{html.escape(quantity.options)}</small>"
    first, cells = next(iter(groups)), []
    for runs in groups:
        cells.append(_cell(quantity, runs, shape))
        if differences and runs is not first:
            cells.append(_difference(quantity, first, runs, shape))
    return f"<tr><th scope=row>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _found(quantity, runs):
    return [run.numbers[quantity] for run in runs if quantity in run.numbers]


def _cell(quantity, runs, shape):
    found = _found(quantity, runs)
    if not found:
        return "–"
    numbers, spreads = zip(*found, strict=True)
    if len(runs) == 1 and spreads[0] is not None:
        return f"{shape.format(*numbers)} <small>± {spreads[0]:.2g}</small>"
    text = shape.format(statistics.median(numbers))
    bounds = [shape.format(bound) for bound in (min(numbers), max(numbers))]
    if bounds[0] != bounds[1]:
        text += f" <small>({' – '.join(bounds)})</small>"
    if len(found) < len(runs):
        text += f" <small>{len(found)} of {len(runs)} runs</small>"
    return text


def _difference(quantity, first, second, shape):
    numbers = [[number for number, _ in _found(quantity, runs)] for runs in (first, second)]
    if not all(numbers):
        return "–"
    found = comparison.difference(*numbers)
    text = signed(found.shift, shape) if math.isfinite(found.shift) else "–"
    constant = len({*numbers[0], *numbers[1]}) == 1
    if constant or not (independent(first) and independent(second)):
        return text
    notes = []
    if found.interval:
        low, high = (signed(bound, shape) for bound in found.interval)
        notes.append(f"{low.removesuffix(' points')} to {high}")
    if found.p_value is not None:
        notes.append(f"p {'&lt; .001' if found.p_value < 0.001 else f'= {found.p_value:.2g}'}")
    return f"{text} <small>{', '.join(notes)}</small>" if notes else text


def signed(number, shape):
    """Formats a difference with its sign; of percentages in points.

    Example:
        >>> signed(0.125, "{:.1%}"), signed(-2, "{:g}")
        ('+12.5 points', '−2')
    """
    if shape.endswith("%}"):
        return signed(100 * number, shape.replace("%}", "f}")) + " points"
    text = shape.replace("{:", "{:+").format(number).replace("-", "−")
    return text if text.strip("+−0.") else text.lstrip("+−")
