"""PNG files and GIF animations."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from geans import files
from geans.plotting.style import Figure
from geans.types import PathLike


def save(figure: Figure, path: PathLike) -> None:
    """Writes a figure as PNG atomically; makes missing folders.

    Args:
        figure: A `matplotlib.figure.Figure`.
        path: File name ending in `.png`.

    Raises:
        ValueError: If `path` is invalid.
    """
    _write(path, ".png", lambda file: figure.savefig(file, format="png", dpi="figure"))


def animation(
    frames: Sequence[PathLike],
    path: PathLike,
    *,
    seconds_per_frame: float = 0.25,
    seconds_at_end: float = 2.0,
) -> None:
    """Joins pictures into an endless GIF that rests on its last frame.

    Frames of different sizes are centred on white; equal neighbours become one longer frame.

    Args:
        frames: Paths of PNG files, in order.
        path: File name ending in `.gif`; written atomically.
        seconds_per_frame: At least 0.02, the shortest that browsers obey.
        seconds_at_end: Duration of the last frame.

    Raises:
        ValueError: If `frames` is empty or an argument is invalid.
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
    path = files.path_of(path)
    if path.suffix != suffix:
        raise ValueError(f"The file name must end in {suffix}. Received: {str(path)!r}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as unfinished:
        write(unfinished)
