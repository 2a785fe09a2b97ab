"""Short clips, moving digits or the animations of a folder, as batches for `fit`.

Every function passes further keywords to `pipeline.batches`. Batches are float32
(batch, frames, height, width, channels) in [-1, 1].
"""

import itertools
from typing import Any

import numpy as np
import PIL.Image
import tensorflow as tf

from geans import values
from geans.data import clip_files, image_files, images, pipeline, stacked
from geans.types import PathLike

MOST_FRAMES = 1_024


def moving_digits(
    digits: str | np.ndarray = "mnist",
    *,
    clips: int = 10_000,
    frames: int = 8,
    image_size: int = 32,
    digit_size: int | None = None,
    digits_per_clip: int = 1,
    speed: float = 2.0,
    data_dir: PathLike | None = None,
    seed: int | None = None,
    **batching: Any,
) -> tf.data.Dataset:
    """Draws Moving MNIST: digits of constant speed that bounce off the edges of the frame.

    Starting points and directions are uniformly random. The outermost pixels that are not black
    touch the edges; where digits overlap, the brighter pixel is shown.

    Args:
        digits: "mnist", the 28x28 training images from tensorflow-datasets; "digits", the embedded
            8x8 ones; or a uint8 array (count, height, width), black around the ink.
        clips: Number of clips, drawn once.
        frames: Frames per clip.
        image_size: Side of the frames in pixels; 64 in the paper.
        digit_size: Height in pixels to resize the digits to; `None` keeps theirs.
        digits_per_clip: Digits per clip, up to 10; 2 in the paper.
        speed: Pixels per frame, the same for all digits.
        data_dir: Directory where tensorflow-datasets finds MNIST.
        seed: Integer for both the clips and their order. `None` draws one.
        **batching: `batch_size`, `shuffle`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of float32 batches (batch, frames, image_size, image_size, 1).

    Raises:
        ValueError: If the digits are unknown, blank or larger than the frames, an argument is
            invalid, or the clips exceed `pipeline.MEMORY_LIMIT`.

    Reference: Srivastava et al. 2015 (arXiv 1502.04681), Moving MNIST.

    Example:
        >>> moving_digits("digits", clips=10, frames=4, image_size=16).element_spec.shape
        TensorShape([None, 4, 16, 16, 1])
    """
    values.check_count("clips", clips)
    values.check_count("frames", frames, most=MOST_FRAMES)
    values.check_count("image_size", image_size, most=images.MAX_SIZE)
    if digit_size is not None:
        values.check_count("digit_size", digit_size, most=images.MAX_SIZE)
    values.check_count("digits_per_clip", digits_per_clip, most=10)
    values.check_seed(seed, optional=True)
    if not values.is_number(speed) or not 0 <= speed <= image_size:
        raise ValueError(f"speed must be from 0 to {image_size=}. Received: {speed=}.")
    shape = (frames, image_size, image_size)
    if not pipeline.fits_in_memory(clips, shape):
        raise ValueError(
            f"{clips:,} clips of shape {shape} take more than {pipeline.MEMORY_LIMIT:,} bytes. "
            "Choose fewer, shorter or smaller ones."
        )
    known = _digits(digits, data_dir)
    random = np.random.default_rng(values.given_or_random(seed))
    drawn = np.zeros((clips, *shape), "uint8")
    for clip in drawn:
        for _ in range(digits_per_clip):
            ink = _ink(known, random.integers(len(known)), digit_size, image_size)
            path = _path(image_size - np.array(ink.shape), frames, speed, random)
            for frame, (top, left) in zip(clip, path, strict=True):
                seen = frame[top : top + ink.shape[0], left : left + ink.shape[1]]
                np.maximum(seen, ink, out=seen)
    return pipeline.batches(drawn[..., np.newaxis], seed=seed, **batching)


def from_folder(
    path: PathLike,
    frames: int = 8,
    image_size: int = 32,
    *,
    channels: int = 3,
    on_error: str = "raise",
    **batching: Any,
) -> tf.data.Dataset:
    """Loads the GIFs of a folder and its subfolders, and subfolders of frames.

    Longer recordings give several consecutive clips; frames left over are not used. Frames of a
    folder are ordered by the numbers in their names; the timing of a GIF is ignored. Checks, memory
    use and handling of untrusted files are those of `images.from_folder`.

    Args:
        path: The folder.
        frames: Frames per clip.
        image_size: Side to crop (centred square) and resize the frames to, in pixels.
        channels: 1 for grey, 3 for RGB, 4 for RGBA.
        on_error: As in `images.from_folder`; clips that are too short count as unreadable.
        **batching: Keywords of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of float32 batches (batch, frames, image_size, image_size, channels) in
        [-1, 1].

    Raises:
        ValueError: If an argument is invalid, the folder has no clips or links out of itself, or a
            clip cannot be read or is too short.

    Example:
        >>> from_folder("gifs", frames=8, image_size=32, channels=1)  # doctest: +SKIP
    """
    values.check_count("frames", frames, most=MOST_FRAMES)
    values.check_count("image_size", image_size, most=images.MAX_SIZE)
    image_files.check_reading(channels, on_error)
    recordings, counts = _countable(clip_files.find(path), frames, on_error)
    starts, shape = np.cumsum([0, *counts]), (frames, image_size, image_size, channels)
    in_memory = pipeline.fits_in_memory(starts[-1], shape)
    clips: Any = np.empty((starts[-1], *shape), "uint8") if in_memory else None

    def read(index):
        places = range(starts[index], starts[index + 1])
        for place, clip in zip(places, recordings[index].clips(shape), strict=True):
            if in_memory:
                clips[place] = clip

    failures = image_files.attempt_every(recordings, read)
    _check_failures(recordings, failures, on_error)
    good = np.repeat([index not in failures for index in range(len(recordings))], counts)
    if in_memory:
        return pipeline.batches(clips if good.all() else clips[good], **batching)
    places = tf.data.Dataset.from_tensor_slices(np.flatnonzero(good))
    return pipeline.decoded_batches(places, _decoder(recordings, starts, shape), **batching)


def _countable(recordings, frames, on_error):
    """Returns the recordings with enough frames for a clip, and the number of clips of each."""
    counts = [0] * len(recordings)

    def count(index):
        counts[index] = recordings[index].check_length(frames) // frames

    _check_failures(recordings, image_files.attempt_every(recordings, count), on_error)
    return [recordings[index] for index in np.flatnonzero(counts)], list(filter(None, counts))


def _check_failures(recordings, failures, on_error):
    paths = [recording.path for recording in recordings]
    image_files.check_failures(paths, failures, on_error, problem="clips cannot be read")


def _decoder(recordings, starts, shape):
    """Returns a function from the index of a clip to the clip, for a `tf.data` pipeline."""

    def read(place):
        index = np.searchsorted(starts, place, side="right") - 1
        clips = recordings[index].clips(shape)
        return next(itertools.islice(clips, int(place - starts[index]), None))

    return image_files.in_pipeline(read, shape)


def _digits(digits, data_dir):
    if isinstance(digits, str) and digits in stacked.DIGITS:
        return stacked.DIGITS[digits](data_dir)
    if isinstance(digits, np.ndarray) and digits.ndim == 3 and digits.dtype == np.uint8:
        if digits.size:
            return digits
    received = f"{digits.dtype} of shape {digits.shape}" if hasattr(digits, "shape") else digits
    raise ValueError(
        f"digits must be one of {', '.join(stacked.DIGITS)}, or a uint8 array (count, height, "
        f"width), such as (255.0 * digits / digits.max()).astype('uint8'). Received: {received!r}."
    )


def _ink(digits, index, digit_size, image_size):
    """Returns the bounding box of a resized digit, outside of which all pixels are black."""
    digit = digits[index]
    if digit_size is not None:
        size = (max(1, round(digit_size * digit.shape[1] / digit.shape[0])), digit_size)
        # The mean of what falls into a pixel: other filters would leave a halo.
        resized = PIL.Image.fromarray(digit).resize(size, PIL.Image.Resampling.BOX)
        digit = np.asarray(resized)
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError(f"The digit at index {index} is black all over. Leave it out.")
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(ink.shape) > image_size:
        raise ValueError(
            f"The digit at index {index} has {ink.shape[0]} x {ink.shape[1]} pixels that are not "
            f"black, too many for frames of {image_size=}. Make the frames larger."
        )
    return ink


def _path(room, frames, speed, random):
    """Returns positions, ints (frames, 2), of a point that bounces between 0 and `room`."""
    angle = random.uniform(0, 2 * np.pi)
    start, velocity = random.uniform(size=2), speed * np.array([np.sin(angle), np.cos(angle)])
    # In units of the room, where a wave of triangles between 0 and 1 is what bouncing looks like.
    straight = start + np.arange(frames)[:, np.newaxis] * velocity / np.maximum(room, 1e-6)
    return np.rint(room * (1 - np.abs(straight % 2 - 1))).astype(int)
