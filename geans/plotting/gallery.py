"""What many models make, on one page."""

import matplotlib.figure
import numpy as np

from geans.plotting.images import tile, to_rgb
from geans.plotting.style import DPI, INK

STRIP_PIXELS, TITLE_PIXELS, MARGIN_PIXELS = 640, 26, 10


def gallery(strips, columns=2):
    """Draws a strip of images for each of several models, under its name.

    Args:
        strips: Dict from a title to images (n, height, width, channels) as `image_grid` takes
            them, of any size; all of a strip are shown in one row of 640 pixels.
        columns: Strips side by side.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no strip, one holds no images, or `columns` is below 1.

    Example:
        >>> strips = {"one": np.zeros((8, 28, 28, 1)), "two": np.zeros((4, 64, 64, 3))}
        >>> figure = gallery(strips)
        >>> len(figure.axes)
        2
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
    # As large as they are shown, so that gaps have one width in all strips.
    scale = max(1, STRIP_PIXELS // (len(pixels) * pixels.shape[2]))
    return tile(pixels.repeat(scale, axis=1).repeat(scale, axis=2), len(pixels))


def _height(canvas):
    return int(np.ceil(canvas.shape[0] / canvas.shape[1] * STRIP_PIXELS))
