"""Grids of images."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.textpath
import numpy as np
import numpy.typing as npt

from geans.plotting.style import DPI, INK, MAGENTA, Figure

GRID_PIXELS, GAP_PIXELS, TITLE_PIXELS = 720, 2, 36
LABEL_GAP, LABEL_SIZE = 7, 8  # Pixels on either side of a row's label, and its size in points.


def image_grid(
    images: npt.ArrayLike,
    columns: int | None = None,
    *,
    row_labels: Sequence[Any] | None = None,
    title: str | None = None,
) -> Figure:
    """Returns a figure of tiled images, each pixel shown as a whole number of screen pixels.

    Args:
        images: Shape (n, height, width, channels) with 1, 3 or 4 channels: floats in [-1, 1],
            clipped beyond, or uint8. NaN is shown in magenta; transparent pixels are shown on
            white.
        columns: Images per row; `None` for the most square arrangement.
        row_labels: Optional words or numbers at the left, one per row.
        title: Optional line above the grid.

    Raises:
        ValueError: If an argument is invalid.

    Example:
        >>> figure = image_grid(np.zeros((6, 28, 28, 1)), columns=3)
        >>> (figure.get_size_inches() * figure.dpi).tolist()  # 4 x 28 pixels and gaps of 2.
        [344.0, 230.0]
    """
    pixels, columns = to_rgb(images), columns_of(images, columns)
    count, height, width, _ = pixels.shape
    rows = -(-count // columns)
    labels = [str(label) for label in row_labels or []]
    if labels and len(labels) != rows:
        raise ValueError(f"{rows} rows need as many labels. Received: {len(labels)} row_labels.")
    scale = int(np.clip(GRID_PIXELS // max(columns * width, rows * height), 1, 4))
    canvas = tile(pixels.repeat(scale, axis=1).repeat(scale, axis=2), columns)
    return _exact_figure(canvas, labels, title)


def columns_of(images, columns=None):
    """Returns the number of columns of a grid of images, the most square one by default."""
    count, height, width = np.shape(images)[:3]
    columns = int(np.ceil(np.sqrt(count * height / width))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"image_grid needs at least one column. Received: columns={columns}.")
    return min(columns, count)


def to_rgb(images):
    """Returns images as in `image_grid` as uint8 of shape (n, height, width, 3)."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4) or not images.size:
        raise ValueError(
            "image_grid needs images of shape (n, height, width, channels) with 1, 3 or 4 "
            f"channels and n >= 1. Received: shape {images.shape}."
        )
    unit = images / 255 if images.dtype == np.uint8 else (images + 1) / 2
    unit = np.clip(unit, 0, 1)
    color, alpha = (unit[..., :3], unit[..., 3:]) if unit.shape[-1] == 4 else (unit, 1)
    color = np.broadcast_to(color * alpha + (1 - alpha), (*unit.shape[:3], 3))
    broken = np.isnan(color).any(axis=-1)
    pixels = np.rint(255 * np.where(broken[..., None], 0, color)).astype("uint8")
    pixels[broken] = MAGENTA
    return pixels


def tile(pixels, columns):
    """Returns a canvas of RGB images in rows, with white gaps."""
    count, height, width, _ = pixels.shape
    row_step, column_step = height + GAP_PIXELS, width + GAP_PIXELS
    rows = -(-count // columns)
    shape = (rows * row_step + GAP_PIXELS, columns * column_step + GAP_PIXELS, 3)
    canvas = np.full(shape, 255, dtype="uint8")
    for index, image in enumerate(pixels):
        top = GAP_PIXELS + index // columns * row_step
        left = GAP_PIXELS + index % columns * column_step
        canvas[top : top + height, left : left + width] = image
    return canvas


def _exact_figure(canvas, labels, title):
    height, width, _ = canvas.shape
    left = math.ceil(max(map(_width_of, labels))) + 2 * LABEL_GAP if labels else 0
    total, across = height + (TITLE_PIXELS if title else 0), left + width
    figure = Figure(figsize=(across / DPI, total / DPI))
    axes = figure.add_axes((left / across, 0, width / across, height / total))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    for row, label in enumerate(labels):
        middle = (1 - (row + 0.5) / len(labels)) * height / total
        text = {"ha": "right", "va": "center", "color": INK, "fontsize": LABEL_SIZE}
        figure.text((left - LABEL_GAP) / across, middle, label, **text)
    if title:
        middle = 1 - TITLE_PIXELS / 2 / total
        figure.text(0.5, middle, title, ha="center", va="center", color=INK, fontsize=12)
    return figure


def _width_of(label):
    if not label.strip():
        return 0
    path = matplotlib.textpath.TextPath((0, 0), label, size=LABEL_SIZE * DPI / 72)
    return path.get_extents().x1
