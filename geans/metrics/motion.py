"""Motion in clips: differences between near and distant frames."""

import dataclasses

import numpy as np
import numpy.typing as npt

from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class Motion:
    """Result of `motion`. `dataclasses.asdict` gives plain numbers for JSON.

    Attributes:
        frame_change: Mean absolute difference between neighbouring frames, divided by
            `clip_difference`: 0 for a still clip, 1 for unrelated frames.
        clip_change: The same for first and last frame: larger if things move, equal for flicker.
        clip_difference: Mean absolute difference between simultaneous frames of different clips,
            over all pairs of clips, as a share of the range of values.
    """

    frame_change: float
    clip_change: float
    clip_difference: float


def motion(clips: npt.ArrayLike) -> Motion:
    """Measures the `Motion` of clips: how much their frames differ from one another.

    A lower `frame_change` than that of real clips means stillness or blur, a higher one flicker.

    Args:
        clips: Shape (n >= 2, frames >= 2, height, width, channels): uint8, or floats in [-1, 1].

    Raises:
        ValueError: If `clips` is invalid, or all clips are identical.

    Reference: Huang et al. 2024 (arXiv 2311.17982), "temporal flickering".

    Example:
        >>> flicker = np.random.default_rng(0).choice([-1.0, 1.0], (100, 4, 16, 16, 1))
        >>> [round(number, 1) for number in dataclasses.astuple(motion(flicker))]
        [1.0, 1.0, 0.5]
    """
    clips = _checked_clips(clips)
    times = range(clips.shape[1])
    others = float(np.mean([_mean_difference(clips[:, time]) for time in times]))
    if not others:
        raise ValueError("The clips are all alike: no motion can be compared with that.")
    return Motion(
        frame_change=_mean(np.diff(clips, axis=1)) / others,
        clip_change=_mean(clips[:, -1] - clips[:, 0]) / others,
        clip_difference=others,
    )


def _mean(differences):
    return float(np.mean(np.abs(differences), dtype="float64"))


def _mean_difference(frames):
    """Mean absolute difference of all pairs, per pixel, from the ranks of the sorted values."""
    count = len(frames)
    weights = 2 * np.arange(count) - (count - 1)
    ascending = np.sort(frames.reshape(count, -1), axis=0)
    return np.mean(weights @ ascending.astype("float64")) / (count * (count - 1) / 2)


def _checked_clips(clips) -> np.ndarray:
    """Clips as floats from 0 to 1."""
    clips = np.asarray(clips)
    if clips.ndim != 5 or min(clips.shape[:2]) < 2 or not clips.size:
        raise ValueError(
            "Motion needs two clips or more of shape (n, frames, height, width, channels), of two "
            f"frames or more. Received: shape {clips.shape}."
        )
    feature_arrays.check_images("clips", clips)
    return clips / np.float32(255) if clips.dtype == np.uint8 else (clips + 1) / 2
