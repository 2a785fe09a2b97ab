"""Pictures of mode coverage during training, for `geans compare`."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import matplotlib.ticker
import numpy as np

from geans.plotting.images import image_grid
from geans.plotting.points import discs, frame
from geans.plotting.style import BLUE, INK, PALE, VERMILION, Figure, axes_at, soften, write_above

# Inches. Fixed sizes, so that rows look the same in any number.
SQUARE, GAP, AXIS, CURVES = 2.0, 0.1, 0.6, 3.4
LEFT, RIGHT, TITLE, CAPTION, BOTTOM = 0.25, 0.3, 0.7, 0.35, 0.35
HALO = 11  # Diameter in points of the halo that makes a mode visible.
GRAY, PAPER = "#767676", "#F5F6F8"


@dataclasses.dataclass(frozen=True)
class ComparisonRow:
    """Content of one preset's row.

    Args:
        name: Heading of the row.
        summary: Result in words, written below the name.
        mixture: Object with `modes`, their number; for points also `centers` (M, 2) and `stddev`.
        moments: Dict from samples seen to points (n, 2), or images (n, height, width, channels).
        curves: One dict of columns per run: `samples_seen`, `modes` and, where samples can be bad,
            `high_quality_fraction`.
    """

    name: str
    summary: str
    mixture: Any
    moments: dict[int, np.ndarray]
    curves: list[dict[str, list[float]]]


def comparison(rows: Iterable[ComparisonRow]) -> Figure:
    """Returns a figure with a row per preset: samples at several moments, then coverage curves.

    Points lie over the true modes, discs of 3 standard deviations, within which a sample counts as
    high-quality. At the right, one line per run shows the fraction of covered modes and, where
    samples can be bad, of high-quality samples, against samples seen.

    Args:
        rows: `ComparisonRow`s.

    Raises:
        ValueError: If `rows` is empty or a row lacks moments or curves.
    """
    rows = list(rows)
    if not rows or not all(row.moments and row.curves for row in rows):
        raise ValueError(
            "comparison needs at least one row, each with a moment and a curve. "
            f"Received: {[(row.name, len(row.moments), len(row.curves)) for row in rows]}."
        )
    figure, places = _layout(rows)
    last = max(curve["samples_seen"][-1] for row in rows for curve in row.curves)
    for row, (moments, curves) in zip(rows, places, strict=True):
        for (seen, samples), place in zip(row.moments.items(), moments, strict=False):
            _draw_moment(axes_at(figure, place), row.mixture, seen, samples)
        first = figure.axes[-len(row.moments)]
        summary = write_above(first, row.summary, color=GRAY, size=11.5)
        write_above(first, row.name, over=summary, color=INK, size=15, weight="bold")
        _draw_curves(axes_at(figure, curves), row, last)
    figure.axes[-1].set_xlabel("samples seen", color=GRAY)
    return figure


def _layout(rows):
    # At least four, so that the summary fits.
    columns = max(4, *(len(row.moments) for row in rows))
    step = TITLE + SQUARE + CAPTION
    left_of_curves = LEFT + columns * (SQUARE + GAP) + AXIS
    size = (left_of_curves + CURVES + RIGHT, len(rows) * step + BOTTOM)
    places = []
    for top in (index * step + TITLE for index in range(len(rows))):
        lefts = [LEFT + column * (SQUARE + GAP) for column in range(columns)]
        squares = [(left, top, SQUARE, SQUARE) for left in lefts]
        places.append((squares, (left_of_curves, top, CURVES, SQUARE)))
    return Figure(figsize=size, facecolor="white"), places


def _draw_moment(axes, mixture, seen, samples):
    if samples.ndim == 4:
        # The grid as in its own picture, diverged pixels marked.
        axes.imshow(image_grid(samples).axes[0].images[0].get_array())
    else:
        _draw_points(axes, mixture, samples)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if not np.isfinite(samples).all():
        middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
        axes.text(0.5, 0.5, "diverged", color=VERMILION, size=12, style="italic", **middle)
    axes.set_xlabel(f"{_short(seen)} samples", color=GRAY, size=10, labelpad=5)


def _draw_points(axes, mixture, points):
    low, high = frame(np.empty((0, 2)), points, mixture)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), facecolor=PAPER)
    centers = np.asarray(mixture.centers)
    axes.plot(*centers.T, "o", color=BLUE, alpha=0.16, markersize=HALO, markeredgewidth=0)
    axes.add_collection(discs(axes, mixture, facecolors=BLUE, alpha=0.55, linewidths=0))
    axes.plot(*points.T, "o", color=VERMILION, markersize=1.9, markeredgewidth=0, alpha=0.6)


def _draw_curves(axes, row, last):
    for seen in row.moments:
        axes.axvline(seen, color=PALE, linewidth=0.8, alpha=0.6, zorder=0)
    style = {"linewidth": 1.8, "alpha": 0.75, "markersize": 3.5, "markeredgewidth": 0}
    for curve in row.curves:
        seen, modes = curve["samples_seen"], np.asarray(curve["modes"])
        axes.plot(seen, modes / row.mixture.modes, "o-", color=BLUE, **style)
        if "high_quality_fraction" in curve:
            axes.plot(seen, curve["high_quality_fraction"], "o-", color=VERMILION, **style)
    axes.set(xlim=(0, 1.03 * last), ylim=(-0.03, 1.05), yticks=[0, 0.5, 1])
    axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: _short(value))
    modes = write_above(axes, "modes found", color=BLUE, size=11.5)
    if any("high_quality_fraction" in curve for curve in row.curves):
        write_above(axes, "high-quality samples", after=modes, color=VERMILION, size=11.5)
    soften(axes)


def _short(number):
    """Formats a number with three digits and a unit: 102 k, 1.02 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"
