"""Pictures: grids of images, scatters of points, training curves, animations.

The drawing functions return a `matplotlib.figure.Figure` and touch neither files nor the state of
pyplot. `save` and `animation` write.
"""

import itertools
import os
import pathlib

import matplotlib.collections
import matplotlib.figure
import matplotlib.ticker
import numpy as np
from PIL import Image

# Okabe and Ito's palette, which colour-blind readers can tell apart. Blue is the real data and
# the discriminator, vermilion the fakes and the generator that makes them.
BLUE, VERMILION = "#0072B2", "#D55E00"
ROLES = {"real": BLUE, "discriminator": BLUE, "fake": VERMILION, "generator": VERMILION}
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, PALE, MAGENTA = "#333333", "#C8C8C8", (255, 0, 255)

DPI = 128  # A power of two: a whole number of pixels is an exact number of inches.
GRID_PIXELS, GAP_PIXELS, TITLE_PIXELS = 720, 2, 36


def image_grid(images, columns=None, *, title=None):
    """Tiles images into a picture that shows each pixel as a whole number of screen pixels.

    Args:
        images: Shape (n, height, width, channels) with 1, 3 or 4 channels: floats in [-1, 1],
            clipped beyond, or uint8. NaN, the mark of a diverged generator, is magenta. An
            alpha channel lies on white.
        columns: Images per row, by default the most square arrangement.
        title: Optional line above the grid.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `images` has another shape, or `columns` is below 1.

    Example:
        >>> figure = image_grid(np.zeros((6, 28, 28, 1)), columns=3)
        >>> (figure.get_size_inches() * figure.dpi).tolist()  # 4 x 28 pixels and gaps of 2.
        [344.0, 230.0]
    """
    pixels = _rgb(images)
    count, height, width, _ = pixels.shape
    columns = int(np.ceil(np.sqrt(count * height / width))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"image_grid needs at least one column. Received: columns={columns}.")
    columns = min(columns, count)
    longer_side = max(columns * width, -(-count // columns) * height)
    scale = int(np.clip(GRID_PIXELS // longer_side, 1, 4))
    return _exact_figure(_tile(pixels.repeat(scale, axis=1).repeat(scale, axis=2), columns), title)


def scatter(real, fake, mixture=None, *, title=None, coverage=None):
    """Draws generated points over real ones and over the true modes.

    The frame depends on the modes and the real points only (on the fakes if there is neither),
    so that an animation stands still. The legend counts the fakes outside of it.

    Args:
        real: Points of shape (n, 2), or None.
        fake: Points of shape (m, 2).
        mixture: Object with `centers`, shape (M, 2), and `stddev`. Each mode gets a ring of
            3 standard deviations, within which `metrics.mode_coverage` calls a sample good.
        title: Optional first line.
        coverage: Result of `metrics.mode_coverage` for `fake`, written as the second line.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `real` or `fake` are not points of the plane.

    Example:
        >>> figure = scatter(np.eye(2), np.array([[0.5, 0.5], [9.0, 9.0]]))
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['real', 'fake (1 outside)']
    """
    real = _points("real", np.empty((0, 2)) if real is None else real)
    fake = _points("fake", fake)
    figure = matplotlib.figure.Figure(figsize=(6, 7), dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    axes = figure.add_subplot(aspect="equal")
    low, high = _frame(real, fake, mixture)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    outside = np.count_nonzero(~((low <= fake) & (fake <= high)).all(axis=1))
    if len(real):
        _draw_points(axes, real, BLUE, "real")
    _draw_points(axes, fake, VERMILION, f"fake ({outside} outside)" if outside else "fake")
    if mixture is not None:
        _draw_modes(axes, mixture)
    lines = [title, coverage and _describe(coverage, mixture)]
    axes.set_title("\n".join(filter(None, lines)), color=INK, fontsize=13)
    _soften(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=12)
    return figure


def training_curves(history):
    """Draws what `fit` recorded, one panel for each kind of number, over a shared epoch axis.

    Keys with the same last word share a panel: losses first, then logits, then whatever else
    there is. Values that are not finite leave a hole, bridged by a pale line.

    Args:
        history: `keras.callbacks.History.history`, lists of one number per epoch.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `history` is empty or its lists differ in length.

    Example:
        >>> history = {"generator_loss": [0.7], "discriminator_loss": [1.4], "fid": [80.0]}
        >>> [axes.get_ylabel() for axes in training_curves(history).axes]
        ['loss', 'fid']
    """
    epochs = _epochs(history)
    panels = {"loss": [], "logits": []}
    for key in history:
        panels.setdefault(key.split("_")[-1], []).append(key)
    panels = {kind: keys for kind, keys in panels.items() if keys}
    size = (8, 0.4 + 2.5 * len(panels))
    figure = matplotlib.figure.Figure(figsize=size, dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    rows = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (kind, keys) in zip(rows, panels.items(), strict=True):
        _draw_curves(axes, kind, {key: history[key] for key in keys})
    rows[-1].set_xlabel("epoch", color=INK)
    rows[-1].set_xlim(0.5, epochs + 0.5)
    rows[-1].xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    figure.align_ylabels()
    return figure


def save(figure, path):
    """Writes a figure as PNG, whole or not at all; makes the folders above it.

    Args:
        figure: A `matplotlib.figure.Figure`.
        path: File name ending in `.png`.

    Raises:
        ValueError: If `path` ends otherwise.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(image_grid(np.zeros((1, 8, 8, 1))), f"{folder}/run/zeros.png")
        ...     os.listdir(f"{folder}/run")
        ['zeros.png']
    """
    _write(path, ".png", lambda file: figure.savefig(file, format="png", dpi="figure"))


def animation(frames, path, *, seconds_per_frame=0.25, seconds_at_end=2.0):
    """Joins pictures into an endless GIF that rests on its last frame.

    Frames of different sizes are centred on white. Equal neighbours become one longer frame.

    Args:
        frames: Paths of PNG files, in order.
        path: File name ending in `.gif`; written whole or not at all.
        seconds_per_frame: At least 0.02, the shortest that browsers obey.
        seconds_at_end: How long the last frame stays.

    Raises:
        ValueError: If there are no frames, a duration is too short, or `path` ends otherwise.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(image_grid(np.zeros((1, 8, 8, 1))), f"{folder}/zeros.png")
        ...     save(image_grid(np.ones((1, 8, 8, 1))), f"{folder}/ones.png")
        ...     animation([f"{folder}/zeros.png", f"{folder}/ones.png"], f"{folder}/both.gif")
        ...     Image.open(f"{folder}/both.gif").n_frames
        2
    """
    frames = list(frames)
    if not frames:
        raise ValueError("animation needs at least one frame. Received: none.")
    if min(seconds_per_frame, seconds_at_end) < 0.02:
        raise ValueError(
            "Viewers slow down a GIF whose frames last less than 0.02 seconds. Received: "
            f"seconds_per_frame={seconds_per_frame}, seconds_at_end={seconds_at_end}."
        )
    pages = _same_size(frames)  # A generator: a long run's pages need not fit into memory at once.
    durations = [1000 * seconds_per_frame] * (len(frames) - 1) + [1000 * seconds_at_end]
    options = {"save_all": True, "append_images": pages, "duration": durations, "loop": 0}
    _write(path, ".gif", lambda file: next(pages).save(file, format="gif", **options))


def _rgb(images):
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


def _tile(pixels, columns):
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


def _exact_figure(canvas, title):
    height, width, _ = canvas.shape
    total = height + (TITLE_PIXELS if title else 0)
    figure = matplotlib.figure.Figure(figsize=(width / DPI, total / DPI), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, height / total))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    if title:
        middle = 1 - TITLE_PIXELS / 2 / total
        figure.text(0.5, middle, title, ha="center", va="center", color=INK, fontsize=12)
    return figure


def _points(name, points):
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"scatter draws points of the plane: {name} must have shape (n, 2). "
            f"Received: shape {points.shape}."
        )
    return points


def _frame(real, fake, mixture):
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
    centers = np.asarray(mixture.centers)
    diameters = np.full(len(centers), 6 * mixture.stddev)
    rings = matplotlib.collections.EllipseCollection(
        diameters,
        diameters,
        np.zeros_like(diameters),
        units="xy",
        offsets=centers,
        offset_transform=axes.transData,
        facecolors="none",
        edgecolors=INK,
        zorder=3,
    )
    axes.add_collection(rings)
    label = "modes (3 std. dev.)"
    axes.plot([], [], "o", markerfacecolor="none", markeredgecolor=INK, markersize=9, label=label)


def _describe(coverage, mixture):
    total = "" if mixture is None else f" of {len(mixture.centers)}"
    return (
        f"{coverage.modes}{total} modes, {100 * coverage.good_fraction:.1f} % good, "
        f"reverse KL {coverage.reverse_kl:.3f}"
    )


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
        axes.axhline(0, color=PALE, linewidth=1)  # Here the discriminator is undecided.
    for (key, values), color in zip(curves.items(), _colors(curves), strict=True):
        values = np.asarray(values, dtype="float64")
        epochs = np.arange(1, len(values) + 1)
        finite = np.isfinite(values)
        axes.plot(epochs[finite], values[finite], color=color, linewidth=1, alpha=0.35)
        # Markers, because a lone value between two holes has no line.
        values = np.where(finite, values, np.nan)
        axes.plot(epochs, values, "o-", color=color, markersize=3.5, label=_words(key))
    axes.set_ylabel(kind if len(curves) > 1 else _words(*curves), color=INK)
    if len(curves) > 1:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4}
        axes.legend(**place, frameon=False, labelcolor=INK)
    _soften(axes)


def _colors(keys):
    spare = itertools.cycle(OTHERS)
    colors = []
    for key in keys:
        color = ROLES.get(key.split("_")[0])
        colors.append(next(spare) if color is None or color in colors else color)
    return colors


def _words(key):
    return key.replace("_", " ")


def _soften(axes):
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=INK)


def _same_size(frames):
    sizes = []
    for path in frames:
        with Image.open(path) as frame:
            sizes.append(frame.size)
    width, height = np.max(sizes, axis=0).tolist()
    for path in frames:
        with Image.open(path) as frame:
            page = Image.new("RGB", (width, height), "white")
            page.paste(
                frame.convert("RGB"), ((width - frame.width) // 2, (height - frame.height) // 2)
            )
            yield page


def _write(path, suffix, write):
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ValueError(f"The file name must end in {suffix}. Received: {str(path)!r}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a rename is atomic only within one file system.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
