"""Scatter plots of generated and real points."""

from typing import Any

import matplotlib.collections
import numpy as np
import numpy.typing as npt

from geans.plotting.style import BLUE, INK, VERMILION, Figure, soften


def scatter(
    real: npt.ArrayLike | None,
    fake: npt.ArrayLike,
    mixture: Any = None,
    *,
    title: str | None = None,
    coverage: Any = None,
) -> Figure:
    """Returns a figure of generated points over real ones and the true modes.

    The frame depends only on modes and real points (on fakes if there are neither), so that an
    animation stands still. The legend counts the fakes outside of it.

    Args:
        real: Points of shape (n, 2), or None.
        fake: Points of shape (m, 2).
        mixture: Object with `centers`, shape (M, 2), and `stddev`. Each mode gets a ring of
            3 standard deviations, within which a sample counts as high-quality.
        title: Optional first line.
        coverage: Result of `metrics.mode_coverage` for `fake`, written as the second line.

    Raises:
        ValueError: If `real` or `fake` are not 2-D points.

    Example:
        >>> figure = scatter(np.eye(2), np.array([[0.5, 0.5], [9.0, 9.0]]))
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['real', 'fake (1 outside)']
    """
    real = _points("real", np.empty((0, 2)) if real is None else real)
    fake = _points("fake", fake)
    figure = Figure(figsize=(6, 7), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    axes = figure.add_subplot(aspect="equal")
    low, high = frame(real, fake, mixture)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    outside = np.count_nonzero(~((low <= fake) & (fake <= high)).all(axis=1))
    if len(real):
        _draw_points(axes, real, BLUE, "real")
    _draw_points(axes, fake, VERMILION, f"fake ({outside} outside)" if outside else "fake")
    if mixture is not None:
        _draw_modes(axes, mixture)
    lines = [title, coverage and _describe(coverage, mixture)]
    axes.set_title("\n".join(filter(None, lines)), color=INK, fontsize=13)
    soften(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=12)
    return figure


def _points(name, points) -> np.ndarray:
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"scatter draws points of the plane: {name} must have shape (n, 2). "
            f"Received: shape {points.shape}."
        )
    return points


def frame(real, fake, mixture):
    """Returns the lower left and upper right corners of a square around modes and real points."""
    centers = np.empty((0, 2)) if mixture is None else np.asarray(mixture.centers)
    shown = np.concatenate([real, centers])
    shown = shown if len(shown) else fake[np.isfinite(fake).all(axis=1)]
    if not len(shown):
        return np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    low, high = shown.min(axis=0), shown.max(axis=0)
    spread = 0 if mixture is None else 3 * mixture.stddev
    half = 1.3 * (np.max(high - low) / 2 + spread) or 1.0
    return (low + high) / 2 - half, (low + high) / 2 + half


def _draw_points(axes, points, color, label):
    axes.plot(*points.T, "o", color=color, markersize=2.5, markeredgewidth=0, alpha=0.5)
    axes.plot([], [], "o", color=color, markersize=7, label=label)  # Opaque, for the legend.


def _draw_modes(axes, mixture):
    axes.add_collection(discs(axes, mixture, facecolors="none", edgecolors=INK, zorder=3))
    label = "modes (3 std. dev.)"
    axes.plot([], [], "o", markerfacecolor="none", markeredgecolor=INK, markersize=9, label=label)


def discs(axes, mixture, **style):
    """Returns the modes of a mixture as discs of 3 standard deviations, to be added to `axes`."""
    centers = np.asarray(mixture.centers)
    diameters = np.full(len(centers), 6 * mixture.stddev)
    return matplotlib.collections.EllipseCollection(
        diameters,
        diameters,
        np.zeros_like(diameters),
        units="xy",
        offsets=centers,
        offset_transform=axes.transData,
        **style,
    )


def _describe(coverage, mixture):
    total = "" if mixture is None else f" of {len(mixture.centers)}"
    share = f"{100 * coverage.high_quality_fraction:.1f} % high quality"
    return f"{coverage.modes}{total} modes, {share}, reverse KL {coverage.reverse_kl:.3f}"
