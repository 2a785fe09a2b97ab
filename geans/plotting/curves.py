"""Training curves over the epochs."""

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.ticker
import numpy as np

from geans.plotting.style import INK, OTHERS, PALE, ROLES, Figure, soften

SHARES = ("precision", "recall", "density", "coverage")


def training_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Returns a figure of `fit`'s history, one panel per kind of value, over a shared epoch axis.

    Keys with the same last word share a panel, as do precision, recall, density and coverage; each
    distance has its own. Values that are not finite leave a gap, bridged by a pale line.

    Args:
        history: `keras.callbacks.History.history`, lists of one number per epoch.

    Raises:
        ValueError: If `history` is empty or its lists differ in length.
    """
    epochs = _epochs(history)
    panels: dict[str, list[str]] = {"loss": [], "logits": []}
    for key in history:
        panels.setdefault(_kind(key), []).append(key)
    panels = {kind: keys for kind, keys in panels.items() if keys}
    size = (8, 0.4 + 2.5 * len(panels))
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    rows = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (kind, keys) in zip(rows, panels.items(), strict=True):
        _draw_curves(axes, kind, {key: history[key] for key in keys})
    rows[-1].set_xlabel("epoch", color=INK)
    rows[-1].set_xlim(0.5, epochs + 0.5)
    rows[-1].xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    figure.align_ylabels()
    return figure


def _kind(key):
    if key in SHARES:
        return "share"
    last = key.split("_")[-1]
    return key if last == "distance" else last


def _epochs(history):
    lengths = {key: len(values) for key, values in history.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ValueError(
            "training_curves needs one value per epoch for every key; log NaN in epochs "
            f"without one. Received: {lengths}."
        )
    return next(iter(lengths.values()))


def _draw_curves(axes, kind, curves):
    if kind == "logits":
        axes.axhline(0, color=PALE, linewidth=1)  # The discriminator is undecided at 0.
    for (key, values), color in zip(curves.items(), _colors(curves), strict=True):
        values = np.asarray(values, dtype="float64")
        epochs = np.arange(1, len(values) + 1)
        finite = np.isfinite(values)
        axes.plot(epochs[finite], values[finite], color=color, linewidth=1, alpha=0.35)
        # Markers, because a single value between two gaps has no line.
        values = np.where(finite, values, np.nan)
        axes.plot(epochs, values, "o-", color=color, markersize=3.5, label=_words(key))
    axes.set_ylabel(kind if len(curves) > 1 else _words(*curves), color=INK)
    if len(curves) > 1:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4}
        axes.legend(**place, frameon=False, labelcolor=INK)
    soften(axes)


def _colors(keys):
    spare = itertools.cycle(OTHERS)
    colors = []
    for key in keys:
        color = ROLES.get(key.split("_")[0])
        colors.append(next(spare) if color is None or color in colors else color)
    return colors


def _words(key):
    return key.replace("_", " ")
