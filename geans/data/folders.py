"""Images of a folder: their files, labels and common size."""

import numpy as np

from geans import values
from geans.data import classes, image_files

MAX_SIZE = 8_192
"""Largest side, in pixels, to which images are resized."""


def files_of(path, *, labels=False, limit=None, class_shares=None, without=None):
    """Returns the paths of the files of a folder, and their int64 labels or `None`.

    Args:
        path: The folder.
        labels: Whether labels are needed, as they are for `class_shares` and `without`.
        limit, class_shares, without: As in `classes.chosen`.

    Raises:
        ValueError: As in `images.from_folder`.
    """
    files = image_files.find(path)
    found = None
    if labels or class_shares is not None or without is not None:
        _, found = image_files.classes(path, files)
    choice = {"limit": limit, "class_shares": class_shares, "without": without}
    chosen = classes.chosen(len(files), found, **choice)
    return [files[index] for index in chosen], None if found is None else found[chosen]


def folder_shape(path, size=None, channels=None, on_error="raise"):
    """Returns the shape `(height, width, channels)` of the images of a folder.

    Args:
        path, size, channels, on_error: As in `images.from_folder`.

    Raises:
        ValueError: If the folder has no images, a header cannot be read, or sizes differ and `size`
            is `None`.
    """
    sides = sides_of(size)
    if sides and channels is not None:
        return *sides, channels
    sizes, colored = image_files.survey(image_files.find(path), on_error)
    sides = sides or _only_size(path, sizes)
    return *sides, channels or _channels(path, colored, sizes.total(), sides)


def _channels(path, colored, count, sides):
    """Returns 3 if any of the `colored` files, which need not be grey, has colour; otherwise 1."""
    if not any(image_files.has_color(file, (*sides, 3)) for file in colored):
        return 1
    if len(colored) < count:
        image_files.warn_once(
            f"{image_files.shown(path)} has images in grey and in colour: all are read with 3 "
            "channels. Pass channels=1 to read all as grey."
        )
    return 3


def _only_size(path, sizes):
    if len(sizes) > 1:
        found = [f"{width}x{height} ({n} files)" for (height, width), n in sizes.most_common(5)]
        raise ValueError(
            f"The images of {image_files.shown(path)} differ in size: {', '.join(found)}"
            f"{', ...' if len(sizes) > 5 else ''}. Pass a size, to which all are cropped (around "
            "the centre) and resized: --image_size=64, or =WIDTHxHEIGHT, on the command line."
        )
    return next(iter(sizes))


def read(files, shape, on_error, *, keep):
    """Decodes every file once.

    Args:
        files: Paths, as from `files_of`.
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
        parts = size.split("x") if "x" in size else [size, size]
        sides = tuple(int(part) if part.isdecimal() else part for part in parts)[::-1]
    if len(sides) != 2 or not all(values.is_count(side, MAX_SIZE) for side in sides):
        raise ValueError(
            "The image size must be a positive integer, (height, width) or 'WIDTHxHEIGHT', each at "
            f"most {MAX_SIZE}. Received: {size!r}"
        )
    return sides
