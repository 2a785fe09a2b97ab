"""Pictures and animations of clips."""

import pathlib
import tempfile

import numpy as np
import numpy.typing as npt

from geans.plotting.files import animation, save
from geans.plotting.images import image_grid
from geans.plotting.style import Figure
from geans.types import PathLike


def clip_rows(clips: npt.ArrayLike, *, title: str | None = None) -> Figure:
    """Returns a figure with a row of frames for every clip.

    Args:
        clips: Shape (n, frames, height, width, channels), with values as in `image_grid`.
        title: Optional line above the rows.

    Raises:
        ValueError: If `clips` has another shape.
    """
    clips = _checked(clips)
    return image_grid(clips.reshape(-1, *clips.shape[2:]), clips.shape[1], title=title)


def clip_animation(
    clips: npt.ArrayLike,
    path: PathLike,
    columns: int | None = None,
    *,
    seconds_per_frame: float = 0.125,
    seconds_at_end: float = 0.5,
) -> None:
    """Writes a grid of clips as an endless GIF.

    Args:
        clips: As in `clip_rows`.
        path: File name ending in `.gif`; written atomically.
        columns: Clips per row; `None` for the most square arrangement.
        seconds_per_frame: At least 0.02, the shortest that browsers obey.
        seconds_at_end: Duration of the last frame.

    Raises:
        ValueError: If an argument is invalid.
    """
    clips = _checked(clips)
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, f"{time}.png") for time in range(clips.shape[1])]
        for frame_path, frames in zip(paths, np.moveaxis(clips, 1, 0), strict=True):
            save(image_grid(frames, columns), frame_path)
        animation(paths, path, seconds_per_frame=seconds_per_frame, seconds_at_end=seconds_at_end)


def _checked(clips) -> np.ndarray:
    clips = np.asarray(clips)
    if clips.ndim != 5 or not clips.size:
        raise ValueError(
            "Clips must have shape (n, frames, height, width, channels), n >= 1. Received: shape "
            f"{clips.shape}."
        )
    return clips
