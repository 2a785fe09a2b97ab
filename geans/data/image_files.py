"""Files of a folder of images: finding, checking and decoding them."""

import collections
import concurrent.futures
import contextlib
import functools
import logging
import os
import pathlib
import threading
import typing

import numpy as np
import PIL.Image
import PIL.ImageOps
import PIL.TiffImagePlugin
import tensorflow as tf

from geans.files import path_of

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""Formats that are read, as Pillow names them, whatever the extension."""

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""Extensions of files that must be images; others are images if their content says so."""

# Of cameras: TIFF files whose first image is a thumbnail.
_RAW_EXTENSIONS = (".arw", ".cr2", ".dng", ".nef", ".pef", ".srw")

# Files of run directories, whose pictures are generated.
_OF_RUNS = ("preset.json", "results.jsonl")

GREY_SPREAD = 2
"""Largest difference between the channels of a grey pixel: lossy formats round them apart."""

EXIF_ORIENTATION = 0x0112

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Numbers of channels that files can be converted to, and Pillow's names for them."""


def find(folder):
    """Returns the sorted images of a folder and its subfolders.

    Logs what is left aside: hidden files, run directories of geans, and files that are not images.

    Raises:
        ValueError: If there are no images, or a link leads out of the folder.
    """
    folder = path_of(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {shown(folder)}.")
    files, aside = [], []
    for directory, subfolders, names in os.walk(folder, onerror=_refuse_folder):
        paths = {name: pathlib.Path(directory, name) for name in [*subfolders, *names]}
        for name, path in paths.items():
            if not name.startswith("."):
                _check_link(path, folder)
        aside += [paths[name] for name in subfolders if _is_aside(paths[name])]
        subfolders[:] = [name for name in subfolders if not _is_aside(paths[name])]
        for name in names:
            (files if _is_image(paths[name]) else aside).append(paths[name])
    named = listed(sorted(path.relative_to(folder) for path in aside))
    known = ", ".join(FORMATS)
    if not files:
        found = f"other files: {len(aside)}: {named}" if aside else "it is empty"
        raise ValueError(f"{shown(folder)} has no images, {known} ({found}).")
    if aside:
        what = f"{len(aside)} files or folders that are hidden, runs of geans, or not {known}"
        warn_once(f"{shown(folder)}: left aside {what}: {named}.")
    return sorted(files)


def _is_aside(folder):
    """Whether a folder is hidden, or was made by `geans train` or `compare`."""
    return folder.name.startswith(".") or any(os.path.isfile(folder / name) for name in _OF_RUNS)


def _is_image(path):
    """Whether a file is visible and an image, by its extension or else by its content."""
    suffix = path.suffix.lower()
    if path.name.startswith(".") or suffix in _RAW_EXTENSIONS:
        return False
    if suffix in EXTENSIONS:
        return True
    # Pillow raises many kinds of errors for other files.
    with contextlib.suppress(Exception), opened(path):
        return True
    return False


def classes(folder, files):
    """Returns the sorted subfolders of `folder` and the index of each file's, int64.

    Subfolders that are all numbers are sorted by number: 2 comes before 10.

    Raises:
        ValueError: If a file lies in no subfolder, or all lie in the same one.
    """
    folder = path_of(folder)
    places = [file.relative_to(folder).parts for file in files]
    loose = [parts[0] for parts in places if len(parts) == 1]
    names = sorted({parts[0] for parts in places})
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    if loose or len(names) < 2:
        found = f"{loose[0]!r} in none" if loose else f"{len(names)} subfolder, {names[0]!r}"
        raise ValueError(
            "Labels are the subfolders that images lie in, of which there must be two or more, and "
            f"no images beside them. {shown(folder)} has {found}."
        )
    indices = {name: index for index, name in enumerate(names)}
    return names, np.array([indices[parts[0]] for parts in places], "int64")


def shown(path):
    """Returns a path in quotes for messages: it may hold newlines or bytes that are not UTF-8."""
    return repr(str(path))


def listed(paths, most=5):
    """Returns the first few of some paths for messages."""
    return ", ".join(map(shown, paths[:most])) + (", ..." if len(paths) > most else "")


@functools.lru_cache(maxsize=256)
def warn_once(text):
    """Logs a warning if it is new: a run reads its folder several times."""
    logging.getLogger(__name__).warning("%s", text)


def _refuse_folder(error):
    # os.walk would otherwise skip a subfolder that it may not read.
    raise ValueError(
        f"The folder {shown(error.filename)} cannot be read: {error.strerror}."
    ) from error


def _check_link(path, folder):
    # Where links lead is asked of links alone: of every file it would take half of the time.
    if path.is_symlink():
        target = pathlib.Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(folder)):
            raise ValueError(
                f"{shown(path)} is a link that leads out of the folder, to {shown(target)}."
            )


def check_reading(channels, on_error):
    """Checks the arguments `channels` and `on_error` of `from_folder`."""
    if type(channels) is not int or channels not in MODES:
        raise ValueError(f"channels must be 1, 3 or 4. Received: channels={channels!r}")
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error must be "raise" or "skip". Received: on_error={on_error!r}')


class Survey(typing.NamedTuple):
    """What headers say.

    Args:
        sizes: `Counter` of displayed (height, width).
        colored: Files that may have colour.
        transparent: Files with an alpha channel or a transparent colour.
    """

    sizes: collections.Counter
    colored: list
    transparent: list


def survey(files, on_error="raise"):
    """Reads headers; returns a `Survey`."""
    found = [None] * len(files)
    failures = attempt_every(files, lambda index: found.__setitem__(index, header(files[index])))
    check_failures(files, failures, on_error)
    known = [(file, each) for file, each in zip(files, found, strict=True) if each]
    return Survey(
        collections.Counter(each.size for _, each in known),
        [file for file, each in known if each.colored],
        [file for file, each in known if each.transparent],
    )


class Header(typing.NamedTuple):
    """The displayed (height, width) of a file, and whether it may have colour and transparency."""

    size: tuple
    colored: bool
    transparent: bool


def header(path):
    """Reads the `Header` of a file."""
    with opened(path) as image:
        _check_pixels(image)
        size = (image.height, image.width)
        if image.format == "TIFF":  # Whose size Pillow turns itself, in some versions at once.
            size = tuple(
                image.tag_v2[tag]
                for tag in (PIL.TiffImagePlugin.IMAGELENGTH, PIL.TiffImagePlugin.IMAGEWIDTH)
            )
        # Values from 5 on lie on their side, and are turned when they are read.
        size = size[::-1] if image.getexif().get(EXIF_ORIENTATION, 1) >= 5 else size
        colored = PIL.Image.getmodebase(image.mode) != "L"
        return Header(size, colored, image.has_transparency_data)


def has_color(path, shape):
    """Whether an image, read with a `shape` of 3 channels, is not grey; `False` if unreadable."""
    with contextlib.suppress(Exception):
        return bool(np.ptp(read_image(path, shape), axis=-1).max() > GREY_SPREAD)
    return False


def attempt_every(files, read):
    """Calls `read(index)` for all files in parallel; returns failures, index to reason."""

    def attempt(index):
        try:
            read(index)
        except Exception as error:  # Pillow's decoders raise many kinds for damaged files.
            return str(error) or type(error).__name__

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = enumerate(pool.map(attempt, range(len(files))))
        return {index: reason for index, reason in reasons if reason}


def check_failures(files, failures, on_error, problem="files cannot be read as images"):
    """Raises `ValueError` naming the unreadable files, or warns that they are left out."""
    if not failures:
        return
    lines = described(files, failures)
    summary = f"{len(failures)} of {len(files)} {problem}"
    if on_error == "skip" and len(failures) < len(files):
        warn_once(f"{summary}. They are left out:\n{lines}")
    else:
        skipping = ', or leave them out with on_error="skip" (--on_error=skip on the command line)'
        hint = "" if on_error == "skip" else skipping
        raise ValueError(f"{summary}. Repair, rename or remove them{hint}:\n{lines}")


def described(files, failures):
    """Returns lines with the first files that failed, and why; `failures` as `attempt_every`'s."""
    named = [f"{shown(files[index])} ({reason})" for index, reason in failures.items()]
    return "\n".join([*named[:10], *([f"and {len(named) - 10} more"] if named[10:] else [])])


def read_image(path, shape):
    """Returns a file as a uint8 array of `shape` (height, width, channels)."""
    with opened(path) as image:
        return fitted(image, shape)


def fitted(image, shape):
    """Returns an open image as uint8 of `shape`: decoded, turned, converted, cropped, resized."""
    height, width, channels = shape
    _check_pixels(image)
    with _DECODED.take(image.width * image.height):
        image = _convert(PIL.ImageOps.exif_transpose(image), MODES[channels])
        image = PIL.ImageOps.fit(image, (width, height), method=PIL.Image.Resampling.BICUBIC)
    return np.asarray(image, "uint8").reshape(shape)


def opened(path):
    """Opens an image with Pillow if its content is of a known format."""
    path = path_of(path)
    # A pipe would be waited for without end.
    if path.exists() and not path.is_file():
        raise ValueError("it is a pipe, a device or a socket")
    return PIL.Image.open(path, formats=FORMATS)


class _Budget:
    """An amount that threads share."""

    def __init__(self, limit):
        self._limit = self._left = limit
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, amount):
        """Waits until `amount` is left; more than the limit counts as all of it."""
        amount = min(amount, self._limit)
        with self._changed:
            self._changed.wait_for(lambda: amount <= self._left)
            self._left -= amount
        try:
            yield
        finally:
            with self._changed:
                self._left += amount
                self._changed.notify_all()


# Pixels that all threads together may decode at a time, in up to 16 bytes each: 2 GB. Files of some
# 100 kB can claim 89 million pixels and hold them.
_DECODED = _Budget(2**27)


def _check_pixels(image):
    # Up to twice that number, Pillow itself only warns.
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise ValueError(
            f"it claims {image.width} x {image.height} pixels, more than "
            f"PIL.Image.MAX_IMAGE_PIXELS={limit}: a decompression bomb?"
        )


def _convert(image, mode):
    if image.mode.startswith(("I", "F")):
        image = _of_eight_bits(image)
    if mode != "RGBA" and image.has_transparency_data:
        image = image.convert("RGBA")
        white = PIL.Image.new("RGBA", image.size, "white")
        image = PIL.Image.alpha_composite(white, image)
    return image.convert(mode)


def _of_eight_bits(image):
    # Pillow would clip 16-bit grey at 255 instead of scaling it.
    pixels = np.asarray(image)
    if pixels.dtype.kind == "f" or not 0 <= pixels.min() <= pixels.max() < 2**16:
        raise ValueError(
            f"its pixels are {pixels.dtype} from {pixels.min()} to {pixels.max()}: save it in 8 or "
            "16 bits"
        )
    return PIL.Image.fromarray((pixels >> 8).astype("uint8"))


def decoder(shape):
    """Returns a function from a path to its image, uint8 of `shape`, for a `tf.data` pipeline."""
    return in_pipeline(lambda path: read_image(os.fsdecode(path), shape), shape)


def in_pipeline(read, shape):
    """Makes a function that returns uint8 arrays of `shape` usable in a `tf.data` pipeline."""
    return lambda key: tf.ensure_shape(tf.numpy_function(read, [key], tf.uint8), shape)
