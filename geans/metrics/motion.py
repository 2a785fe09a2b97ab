"""How smoothly clips move: differences between their frames, near and far."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Motion:
    """What `motion` found. `dataclasses.asdict` gives plain numbers for JSON.

    Attributes:
        frame_change: Mean absolute difference between neighbouring frames, as a share of
            `clip_difference`: 0 for a still picture, 1 for frames that have nothing in common.
        clip_change: The same between the first and the last frame. Where things move, it is above
            `frame_change`; where they flicker on the spot, the two are alike.
        clip_difference: Mean absolute difference between frames of different clips at the same
            time, as a share of the range of the values: how varied the clips are.
    """

    frame_change: float
    clip_change: float
    clip_difference: float


def motion(clips):
    """How much the frames of a clip differ from one another.

    There is no good value as such: compare with the figures for real clips. A generator below
    their `frame_change` stands still or blurs, one above flickers.

    Differences between neighbouring frames are "temporal flickering" in VBench; of black pictures
    with something small in them they are always small, hence the comparison with other clips.
    `clip_difference` is exact: of all pairs of clips.

    Args:
        clips: Shape (n, frames, height, width, channels), two clips and two frames or more: uint8,
            or floats in [-1, 1].

    Returns:
        A `Motion`.

    Raises:
        ValueError: If clips are too few, too short, not finite or not clips, or all alike.

    Example:
        >>> flicker = np.random.default_rng(0).choice([-1.0, 1.0], (100, 4, 16, 16, 1))
        >>> [round(number, 1) for number in dataclasses.astuple(motion(flicker))]
        [1.0, 1.0, 0.5]
        >>> still = flicker[:, :1].repeat(4, axis=1)
        >>> motion(still).frame_change
        0.0

    Reference:
        Huang et al. 2024, "VBench: Comprehensive Benchmark Suite for Video Generative Models"
        (arXiv 2311.17982), "temporal flickering".
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
    """Mean absolute difference of all pairs of different frames, of each pixel by itself.

    In ascending order, each of n values is the larger one as often as its rank says, and the
    smaller one in all other pairs.
    """
    count = len(frames)
    weights = 2 * np.arange(count) - (count - 1)
    ascending = np.sort(frames.reshape(count, -1), axis=0)
    return np.mean(weights @ ascending.astype("float64")) / (count * (count - 1) / 2)


def _checked_clips(clips):
    """Clips as floats from 0 to 1."""
    clips = np.asarray(clips)
    if clips.ndim != 5 or min(clips.shape[:2]) < 2 or not clips.size:
        raise ValueError(
            "Motion needs two clips or more of shape (n, frames, height, width, channels), of two "
            f"frames or more. Received: shape {clips.shape}."
        )
    if clips.dtype == np.uint8:
        return clips / np.float32(255)
    if clips.dtype.kind != "f":
        raise ValueError(f"Clips must be uint8, or floats in [-1, 1]. Received: {clips.dtype}.")
    broken = int(np.count_nonzero(~np.isfinite(clips).all(axis=(1, 2, 3, 4))))
    if broken:
        raise ValueError(
            f"{broken} of {len(clips)} clips contain NaN or infinity: the generator has diverged. "
            "Lower its learning rate, or drop these clips and say so."
        )
    return (clips + 1) / 2
