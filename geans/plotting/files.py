"""Pictures as files: PNG, and GIF animations."""

import pathlib

import numpy as np
from PIL import Image

from geans import files


def save(figure, path):
    """Writes a figure as PNG, whole or not at all; makes the folders above it.

    Args:
        figure: A `matplotlib.figure.Figure`.
        path: File name ending in `.png`.

    Raises:
        ValueError: If `path` ends otherwise.

    Example:
        >>> import os, tempfile
        >>> from geans import plotting
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(plotting.image_grid(np.zeros((1, 8, 8, 1))), f"{folder}/run/zeros.png")
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
        >>> from geans import plotting
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(plotting.image_grid(np.zeros((1, 8, 8, 1))), f"{folder}/zeros.png")
        ...     save(plotting.image_grid(np.ones((1, 8, 8, 1))), f"{folder}/ones.png")
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
    with files.replacing(path) as unfinished:
        write(unfinished)
