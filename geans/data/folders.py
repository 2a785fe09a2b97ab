"""Images of a folder: their files, labels and common size."""

import math

import numpy as np

from geans import values
from geans.data import classes, image_files
from geans.types import PathLike, Shape, Size

MAX_SIZE = 8_192
"""Largest side, in pixels, to which images are resized."""


MANY = 10_000
"""Files of a folder up to which all are read before training; of more, a sample."""

SAMPLE = 2_000
"""Files of a sample, evenly spaced."""

# That are decoded of a sample: 45 photographs of 12 million each, in some seconds.
_SAMPLE_PIXELS = 2**29


def chosen(path, files, *, labels=False, limit=None, class_shares=None, without=None):
    """Returns the chosen ones of a folder's files, and their int64 labels or `None`.

    Args:
        path: The folder.
        files: Its files, as from `image_files.find`.
        labels: Whether labels are needed, as they are for `class_shares` and `without`.
        limit, class_shares, without: As in `classes.chosen`.

    Raises:
        ValueError: As in `images.from_folder`.
    """
    found = None
    if labels or class_shares is not None or without is not None:
        _, found = image_files.classes(path, files)
    choice = {"limit": limit, "class_shares": class_shares, "without": without}
    kept = classes.chosen(len(files), found, **choice)
    return [files[index] for index in kept], None if found is None else found[kept]


def spaced(total, count=None):
    """Returns up to `count` indices below `total`, evenly spaced; `None` for all.

    Example:
        >>> spaced(12, 4).tolist()
        [2, 5, 8, 11]
    """
    count = min(count or total, total)
    return np.flatnonzero(np.diff(np.arange(total + 1) * count // total))


def folder_shape(
    path: PathLike,
    image_size: Size | None = None,
    channels: int | None = None,
    on_error: str = "raise",
) -> Shape:
    """Returns the shape `(height, width, channels)` of the images of a folder.

    Args:
        path, image_size, channels, on_error: As in `images.from_folder`.

    Raises:
        ValueError: If the folder has no images, a header cannot be read, or sizes differ and
            `image_size` is `None`; of more than `MANY` files, only a sample is looked at.
    """
    return shape_of(path, image_files.find(path), image_size, channels, on_error)


def shape_of(path, files, image_size=None, channels=None, on_error="raise"):
    """Returns the `folder_shape` of a folder with known `files`."""
    sides = sides_of(image_size)
    if sides and channels is not None:
        return *sides, channels
    found = image_files.survey(looked_at(files), on_error)
    sides = sides or _only_size(path, found.sizes)
    if channels is None:
        channels = _channels(path, found, sides, all_files=len(files) <= MANY)
    return *sides, channels


def looked_at(files):
    """Returns the files whose headers are read: all, or a sample of more than `MANY`."""
    return files if len(files) <= MANY else [files[i] for i in spaced(len(files), SAMPLE)]


def _channels(path, found, sides, all_files):
    """Returns 3 if any of the coloured files, which need not be so, has colour; otherwise 1."""
    count = found.sizes.total()
    if found.transparent:
        image_files.warn_once(
            f"{image_files.shown(path)}: {len(found.transparent):,} of {count:,} images have an "
            "alpha channel. Transparency is shown on white. To keep it, pass channels=4: "
            '"data_options": {"channels": 4} in a preset.'
        )
    colored = found.colored
    if colored and not all_files:
        pixels = [math.prod(size) for size in found.sizes.elements()]
        colored = [colored[i] for i in spaced(len(colored), _affordable(pixels))]
    if not any(image_files.has_color(file, (*sides, 3)) for file in colored):
        return 1
    if len(found.colored) < count:
        image_files.warn_once(
            f"{image_files.shown(path)} has images in grey and in colour: all are read with 3 "
            "channels. Pass channels=1 to read all as grey."
        )
    return 3


def _affordable(pixels):
    """Returns how many files of a sample to decode; `pixels` are the numbers of their pixels."""
    return max(1, int(_SAMPLE_PIXELS / max(1, np.mean(pixels))))


def _only_size(path, sizes):
    if len(sizes) > 1:
        found = [f"{width}x{height} ({n} files)" for (height, width), n in sizes.most_common(5)]
        raise ValueError(
            f"The images of {image_files.shown(path)} differ in size: {', '.join(found)}"
            f"{', ...' if len(sizes) > 5 else ''}. Pass an image_size, to which all are cropped "
            "(around the centre) and resized: --image_size=64 (or =96x64) on the command line."
        )
    return next(iter(sizes))


def read(files, shape, on_error, *, keep):
    """Decodes every file once.

    Args:
        files: Paths, as from `chosen`.
        shape: `(height, width, channels)` of the images.
        on_error: As in `images.from_folder`.
        keep: Whether to keep the images, or only to find the readable files.

    Returns:
        The indices of the readable files, and their images, uint8 `(n, *shape)`, or `None`.
    """
    images = np.empty((len(files), *shape), "uint8") if keep else None

    def read_file(index):
        image = image_files.read_image(files[index], shape)
        if keep:
            images[index] = image

    failures = image_files.attempt_every(files, read_file)
    image_files.check_failures(files, failures, on_error)
    good = np.delete(np.arange(len(files)), list(failures))
    return good, images[good] if keep and failures else images


def readable(files, shape, on_error):
    """Returns the indices of files without those of a sample that cannot be read.

    Headers are read of up to `SAMPLE` files, of which as many are decoded as take some seconds.

    Args:
        files, shape, on_error: As in `read`.
    """
    places = spaced(len(files), SAMPLE)
    sample, pixels = [files[index] for index in places], np.zeros(len(places))

    def look(index):
        pixels[index] = math.prod(image_files.header(sample[index]).size)

    failures = image_files.attempt_every(sample, look)
    decoded = spaced(len(sample), _affordable(pixels)).tolist()
    reasons = image_files.attempt_every(
        decoded, lambda n: image_files.read_image(sample[decoded[n]], shape)
    )
    failures |= {decoded[n]: reason for n, reason in reasons.items()}
    image_files.check_failures(sample, dict(sorted(failures.items())), on_error)
    return np.delete(np.arange(len(files)), places[list(failures)])


def sides_of(size):
    """Returns an image size as `(height, width)`, or `None`.

    Args:
        size: An integer for squares, `(height, width)`, or the text "WIDTHxHEIGHT" in pixels, each
            from 1 to `MAX_SIZE`; or `None`.

    Raises:
        ValueError: If the size is anything else.

    Example:
        >>> sides_of(64), sides_of((48, 64)), sides_of("64x48")
        ((64, 64), (48, 64), (48, 64))
    """
    if size is None:
        return None
    sides = (size, size)
    if isinstance(size, (tuple, list)):
        sides = tuple(size)
    elif isinstance(size, str):
        sides = tuple(int(part) if part.isdecimal() else part for part in size.split("x"))[::-1]
    if len(sides) != 2 or not all(values.is_count(side, MAX_SIZE) for side in sides):
        raise ValueError(
            "The image size must be a positive integer, (height, width) or 'WIDTHxHEIGHT', each at "
            f"most {MAX_SIZE}. Received: {size!r}"
        )
    return sides
