"""Samples of many models on one page."""

import matplotlib.figure
import numpy as np

from geans.plotting.images import tile, to_rgb
from geans.plotting.style import DPI, INK

STRIP_PIXELS, TITLE_PIXELS, MARGIN_PIXELS = 640, 26, 10


def gallery(strips, columns=2):
    """Returns a figure with a titled strip of images for each of several models.

    Args:
        strips: Dict from titles to images as in `image_grid`, each shown in one row of 640 pixels.
        columns: Strips side by side.

    Raises:
        ValueError: If there are no strips, one is empty, or `columns` is below 1.
    """
    if not strips or columns < 1:
        raise ValueError(
            "A gallery needs at least one strip and one column. "
            f"Received: {len(strips)} strips, columns={columns}."
        )
    canvases = {title: _strip(to_rgb(images)) for title, images in strips.items()}
    lines = [list(canvases.items())[i : i + columns] for i in range(0, len(canvases), columns)]
    heights = [max(_height(canvas) for _, canvas in line) for line in lines]
    columns = min(columns, len(strips))
    width = columns * (STRIP_PIXELS + MARGIN_PIXELS) + MARGIN_PIXELS
    total = sum(height + TITLE_PIXELS + MARGIN_PIXELS for height in heights) + MARGIN_PIXELS
    figure = matplotlib.figure.Figure(figsize=(width / DPI, total / DPI), dpi=DPI)
    top = MARGIN_PIXELS
    for line, height in zip(lines, heights, strict=True):
        for column, (title, canvas) in enumerate(line):
            left = MARGIN_PIXELS + column * (STRIP_PIXELS + MARGIN_PIXELS)
            bottom = total - top - TITLE_PIXELS - _height(canvas)
            box = (left / width, bottom / total, STRIP_PIXELS / width, _height(canvas) / total)
            axes = figure.add_axes(box)
            axes.imshow(canvas, interpolation="antialiased", aspect="auto")
            axes.set_axis_off()
            axes.set_title(title, loc="left", fontsize=9, color=INK, pad=3)
        top += TITLE_PIXELS + height + MARGIN_PIXELS
    return figure


def _strip(pixels):
    # At display size, so that gaps have the same width in all strips.
    scale = max(1, STRIP_PIXELS // (len(pixels) * pixels.shape[2]))
    return tile(pixels.repeat(scale, axis=1).repeat(scale, axis=2), len(pixels))


def _height(canvas):
    return int(np.ceil(canvas.shape[0] / canvas.shape[1] * STRIP_PIXELS))
