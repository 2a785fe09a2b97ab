"""Generated images beside their nearest training images."""

import matplotlib.ticker
import numpy as np
import numpy.typing as npt

from geans.plotting.images import image_grid
from geans.plotting.style import BLUE, INK, PALE, VERMILION, Figure, axes_at, soften, write_above

# Inches. Fixed sizes, so that rows look the same in any number.
WIDTH, GAP, BETWEEN, CAPTION = 0.9, 0.06, 0.22, 0.24
MARGIN, TITLE, HEADING, AXIS, HISTOGRAM, BOTTOM = 0.25, 0.45, 0.4, 0.65, 4.2, 0.55
LEAST_HEIGHT = 2.0  # Of the histogram, even for few rows.
LEAST_WIDTH = 2.0  # Of the training images, whose heading needs it.
BINS = 50


def neighbours(
    fake: npt.ArrayLike,
    nearest: npt.ArrayLike,
    distances: npt.ArrayLike,
    *,
    fake_distances: npt.ArrayLike | None = None,
    held_out_distances: npt.ArrayLike | None = None,
    title: str | None = None,
) -> Figure:
    """Returns a figure with rows of a generated image, its nearest training images and distances.

    An optional histogram compares the distances of fakes and held-out images: fakes of a generator
    that copies lie further left. Triangles mark the rows' nearest neighbours; the largest 0.5 % of
    the distances are cut off.

    Args:
        fake: Generated images (n, height, width, channels) as in `image_grid`, best about 6.
        nearest: Their nearest training images, nearest first, (n, count, height, width, channels).
        distances: Distances of `nearest`, shape (n, count).
        fake_distances: Distances of a random sample of fakes to their nearest training image, shape
            (m,): `metrics.NearestNeighbours.distances[:, 0]`.
        held_out_distances: The same for held-out images, shape (l,). Neither or both.
        title: Optional line above.

    Raises:
        ValueError: If shapes do not fit, a distance is invalid, or only one histogram is given.
    """
    fake, nearest = np.asarray(fake), np.asarray(nearest)
    distances = _checked_rows(fake, nearest, distances)
    histogram = _checked_histogram(fake_distances, held_out_distances)
    figure, places, place = _layout(fake.shape, distances.shape, bool(title), histogram is not None)
    for row, line in enumerate(places):
        captions = ["", *map(_short, distances[row])]
        for image, caption, where in zip([fake[row], *nearest[row]], captions, line, strict=True):
            _draw_image(axes_at(figure, where), image, caption)
    _write_headings(figure, title)
    if histogram is not None:
        fakes, held_out = histogram
        _draw_histogram(axes_at(figure, place), fakes, held_out, distances[:, 0])
    return figure


def _checked_rows(fake, nearest, distances) -> np.ndarray:
    distances = _checked_distances("distances", distances)
    rows, count = (*distances.shape, 0, 0)[:2]
    fits = fake.ndim == 4 and fake.size and distances.ndim == 2
    if not fits or nearest.shape != (rows, count, *fake.shape[1:]) or len(fake) != rows:
        raise ValueError(
            "neighbours needs images of shape (n, height, width, channels), their neighbours "
            "(n, count, height, width, channels), and distances (n, count). Received: shapes "
            f"{fake.shape}, {nearest.shape} and {distances.shape}."
        )
    return distances


def _checked_histogram(fake, held_out):
    if fake is None and held_out is None:
        return None
    if fake is None or held_out is None:
        raise ValueError(
            "The histogram compares fake_distances with held_out_distances: pass both or neither."
        )
    fake = _checked_distances("fake_distances", fake)
    held_out = _checked_distances("held_out_distances", held_out)
    if fake.ndim != 1 or held_out.ndim != 1:
        raise ValueError(
            "fake_distances and held_out_distances have shape (n,), one distance per example. "
            f"Received: shapes {fake.shape} and {held_out.shape}."
        )
    return fake, held_out


def _checked_distances(name, distances):
    distances = np.asarray(distances, dtype="float64")
    if not distances.size or not (distances >= 0).all() or np.isinf(distances).any():
        raise ValueError(f"{name} must be finite numbers >= 0. Received: {distances!r}.")
    return distances


def _layout(images, distances, has_title, has_histogram):
    (rows, count), height = distances, WIDTH * images[1] / images[2]
    top = HEADING + (TITLE if has_title else 0)
    lefts = [MARGIN, *(MARGIN + WIDTH + BETWEEN + i * (WIDTH + GAP) for i in range(count))]
    tops = [top + row * (height + CAPTION) for row in range(rows)]
    places = [[(left, top, WIDTH, height) for left in lefts] for top in tops]
    right = max(lefts[1] + LEAST_WIDTH, lefts[-1] + WIDTH)
    bottom = tops[-1] + height + CAPTION
    if not has_histogram:
        size = (right + MARGIN, bottom + MARGIN / 2)
        return Figure(figsize=size), places, None
    tall = max(LEAST_HEIGHT, bottom - top + MARGIN / 2 - BOTTOM)
    size = (right + AXIS + HISTOGRAM + MARGIN, top + tall + BOTTOM)
    place = (right + AXIS, top, HISTOGRAM, tall)
    return Figure(figsize=size), places, place


def _draw_image(axes, image, caption):
    axes.imshow(image_grid(image[None]).axes[0].images[0].get_array(), aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(caption, color=INK, size=10, labelpad=3)


def _write_headings(figure, title):
    write_above(figure.axes[0], "generated", color=VERMILION, size=12)
    write_above(figure.axes[1], "nearest training images", color=BLUE, size=12)
    if title:
        across, down = figure.get_size_inches()
        place = (MARGIN / across, 1 - (MARGIN + TITLE) / 2 / down)
        figure.text(*place, title, color=INK, size=15, weight="bold", va="center")


def _draw_histogram(axes, fake, held_out, shown):
    # A few outliers must not squeeze the rest.
    last = max(np.quantile(np.concatenate([fake, held_out]), 0.995), shown.max()) or 1.0
    bins = np.linspace(0, last, BINS + 1)
    # Lines last: a fill would tint the line behind it.
    fill, line = {"histtype": "stepfilled", "alpha": 0.35}, {"histtype": "step", "linewidth": 1.5}
    for style in (fill, line):
        for distances, color in ((held_out, BLUE), (fake, VERMILION)):
            weights = np.full(len(distances), 1 / len(distances))
            axes.hist(distances, bins, weights=weights, color=color, **style)
    marks = {"color": VERMILION, "markersize": 8, "markeredgecolor": "white"}
    axes.plot(shown, np.zeros(len(shown)), "^", clip_on=False, zorder=3, **marks)
    axes.set(xlim=(0, last))
    axes.set_xlabel("distance to the nearest training image", color=INK, size=11)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
    first = write_above(axes, "held-out images", color=BLUE, size=12)
    write_above(axes, "generated images", after=first, color=VERMILION, size=12)
    soften(axes)
    axes.grid(axis="y", color=PALE, linewidth=0.6, alpha=0.6)
    axes.set_axisbelow(True)


def _short(distance):
    """Formats a distance with three digits: 0, 1.37, 8.30, 1240."""
    return f"{distance:.0f}" if distance == 0 or distance >= 99.95 else f"{distance:#.3g}"
