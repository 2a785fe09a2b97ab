"""Files of a folder of images: finding, checking and decoding them."""

import collections
import concurrent.futures
import contextlib
import logging
import os
import pathlib
import threading

import numpy as np
import PIL.Image
import PIL.ImageOps
import tensorflow as tf

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""Extensions that are read, and their formats."""

EXIF_ORIENTATION = 0x0112

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Numbers of channels that files can be converted to, and Pillow's names for them."""


def path_of(path):
    """Returns a path with `~` expanded; raises a `ValueError` if it is not a path."""
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path must be that of a folder or a file. Received: path={path!r}")
    return pathlib.Path(os.path.expanduser(path))


def find(folder, formats=FORMATS):
    """Returns the sorted files of a folder; refuses links out of it and ignores hidden files."""
    folder = path_of(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {shown(folder)}.")
    files, others = [], 0
    for directory, subfolders, names in os.walk(folder, onerror=_refuse_folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        visible = [name for name in names if not name.startswith(".")]
        for name in [*subfolders, *visible]:
            _check_link(pathlib.Path(directory, name), folder)
        images = [name for name in visible if pathlib.Path(name).suffix.lower() in formats]
        files += [pathlib.Path(directory, name) for name in images]
        others += len(names) - len(images)
    endings = ", ".join(formats)
    if not files:
        raise ValueError(
            f"{shown(folder)} has no files that end in {endings} (other files: {others})."
        )
    if others:
        text = "%s: left aside %d files that are hidden or do not end in %s."
        logging.getLogger(__name__).warning(text, shown(folder), others, endings)
    return sorted(files)


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


def _refuse_folder(error):
    # os.walk would otherwise skip a subfolder that it may not read.
    raise ValueError(
        f"The folder {shown(error.filename)} cannot be read: {error.strerror}."
    ) from error


def _check_link(path, folder):
    target = pathlib.Path(os.path.realpath(path))
    if path.is_symlink() and not target.is_relative_to(os.path.realpath(folder)):
        raise ValueError(
            f"{shown(path)} is a link that leads out of the folder, to {shown(target)}."
        )


def check_reading(channels, on_error):
    """Checks the arguments `channels` and `on_error` of `from_folder`."""
    if type(channels) is not int or channels not in MODES:
        raise ValueError(f"channels must be 1, 3 or 4. Received: channels={channels!r}")
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error must be "raise" or "skip". Received: on_error={on_error!r}')


def survey(files, on_error="raise"):
    """Reads headers; returns a `Counter` of displayed (height, width), and if any has colour."""
    found = [None] * len(files)
    failures = attempt_every(files, lambda index: found.__setitem__(index, _header(files[index])))
    check_failures(files, failures, on_error)
    sizes, colored = zip(*filter(None, found), strict=True)
    return collections.Counter(sizes), any(colored)


def _header(path):
    with opened(path) as image:
        _check_pixels(image)
        size = (image.height, image.width)
        # Values from 5 on lie on their side, and are turned when they are read.
        turned = image.getexif().get(EXIF_ORIENTATION, 1) >= 5
        return size[::-1] if turned else size, _has_color(image)


def _has_color(image):
    if image.mode == "P":
        return any(len(set(color[:3])) > 1 for color in image.palette.colors)
    return PIL.Image.getmodebase(image.mode) != "L"


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


PROMISED = "files cannot be read as the PNG or JPEG that their extension promises"


def check_failures(files, failures, on_error, problem=PROMISED):
    """Raises `ValueError` naming the unreadable files, or warns that they are left out."""
    if not failures:
        return
    named = [f"{shown(files[index])} ({reason})" for index, reason in failures.items()]
    listed = "\n".join([*named[:10], *([f"and {len(named) - 10} more"] if named[10:] else [])])
    summary = f"{len(failures)} of {len(files)} {problem}"
    if on_error == "skip" and len(failures) < len(files):
        logging.getLogger(__name__).warning("%s. They are left out:\n%s", summary, listed)
    else:
        hint = "" if on_error == "skip" else ', or leave them out with on_error="skip"'
        raise ValueError(f"{summary}. Repair, rename or remove them{hint}:\n{listed}")


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


def opened(path, formats=FORMATS):
    """Opens an image with Pillow if its format matches its extension."""
    path = pathlib.Path(path)
    # A pipe would be waited for without end.
    if path.exists() and not path.is_file():
        raise ValueError("it is a pipe, a device or a socket")
    return PIL.Image.open(path, formats=[formats[path.suffix.lower()]])


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
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit grey at 255 instead of scaling it.
        image = PIL.Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    if mode != "RGBA" and image.has_transparency_data:
        image = image.convert("RGBA")
        white = PIL.Image.new("RGBA", image.size, "white")
        image = PIL.Image.alpha_composite(white, image)
    return image.convert(mode)


def decoder(shape):
    """Returns a function from a path to its image, uint8 of `shape`, for a `tf.data` pipeline."""
    return in_pipeline(lambda path: read_image(os.fsdecode(path), shape), shape)


def in_pipeline(read, shape):
    """Makes a function that returns uint8 arrays of `shape` usable in a `tf.data` pipeline."""
    return lambda key: tf.ensure_shape(tf.numpy_function(read, [key], tf.uint8), shape)
