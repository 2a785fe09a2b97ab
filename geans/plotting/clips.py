"""Clips: frame beside frame, or moving."""

import pathlib
import tempfile

import numpy as np

from geans.plotting.files import animation, save
from geans.plotting.images import image_grid


def clip_rows(clips, *, title=None):
    """Shows every clip as a row of its frames.

    Args:
        clips: Shape (n, frames, height, width, channels), with values as of `image_grid`.
        title: Optional line above the rows.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `clips` has another shape.

    Example:
        >>> figure = clip_rows(np.zeros((2, 3, 28, 28, 1)))
        >>> (figure.get_size_inches() * figure.dpi).tolist()  # 4 x 28 pixels and gaps of 2.
        [344.0, 230.0]
    """
    clips = _checked(clips)
    return image_grid(clips.reshape(-1, *clips.shape[2:]), clips.shape[1], title=title)


def clip_animation(clips, path, columns=None, *, seconds_per_frame=0.125, seconds_at_end=0.5):
    """Writes a grid of clips, all moving at once, as an endless GIF.

    Args:
        clips: As in `clip_rows`.
        path: File name ending in `.gif`; written whole or not at all.
        columns: Clips per row, by default the most square arrangement.
        seconds_per_frame: At least 0.02, the shortest that browsers obey.
        seconds_at_end: How long the last frame stays, so that an end is seen.

    Raises:
        ValueError: If `clips` has another shape, a duration is too short, or `path` ends otherwise.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     clip_animation(np.eye(2).reshape(1, 2, 1, 2, 1), f"{folder}/blink.gif")
        ...     [path.name for path in pathlib.Path(folder).iterdir()]
        ['blink.gif']
    """
    clips = _checked(clips)
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, f"{time}.png") for time in range(clips.shape[1])]
        for frame_path, frames in zip(paths, np.moveaxis(clips, 1, 0), strict=True):
            save(image_grid(frames, columns), frame_path)
        animation(paths, path, seconds_per_frame=seconds_per_frame, seconds_at_end=seconds_at_end)


def _checked(clips):
    clips = np.asarray(clips)
    if clips.ndim != 5 or not clips.size:
        raise ValueError(
            "Clips must have shape (n, frames, height, width, channels), n >= 1. Received: shape "
            f"{clips.shape}."
        )
    return clips
