"""Files of a folder of images: finding, checking and decoding them."""

import concurrent.futures
import logging
import os
import pathlib

import numpy as np
import PIL.Image
import PIL.ImageOps
import tensorflow as tf

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""Extensions that are read, and the formats that they promise."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Numbers of channels that files can be converted to, and Pillow's names for them."""


def find(folder):
    """Sorted image files; refuses links out of the folder, counts what it leaves aside."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    files, others = [], 0
    for directory, subfolders, names in os.walk(folder, onerror=_raise):
        for name in [*subfolders, *names]:
            _check_link(pathlib.Path(directory, name), folder)
        images = [name for name in names if pathlib.Path(name).suffix.lower() in FORMATS]
        files += [pathlib.Path(directory, name) for name in images]
        others += len(names) - len(images)
    if not files:
        raise ValueError(
            f"{folder} has no files that end in {', '.join(FORMATS)} (other files: {others})."
        )
    if others:
        logging.getLogger(__name__).warning(
            "%s: left aside %d files that do not end in %s.", folder, others, ", ".join(FORMATS)
        )
    return sorted(files)


def _raise(error):
    # os.walk would otherwise skip a subfolder that it may not read.
    raise error


def _check_link(path, folder):
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is a link that leads out of the folder, to {path.resolve()}.")


def read_every(files, shape, keep):
    """Decodes all files, passes each to `keep(index, image)`, names those that fail."""

    def attempt(index):
        try:
            keep(index, read_image(files[index], shape))
        except Exception as error:  # Pillow's decoders raise many kinds for damaged files.
            return f"{files[index]} ({error})"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [failure for failure in pool.map(attempt, range(len(files))) if failure]
    if failures:
        shown = "\n".join(failures[:10])
        raise ValueError(
            f"{len(failures)} of {len(files)} files cannot be read as the PNG or JPEG that their "
            f"extension promises. Repair, rename or remove them:\n{shown}"
        )


def read_image(path, shape):
    """One file as a uint8 array of `shape` (size, size, channels)."""
    size, _, channels = shape
    format = FORMATS[pathlib.Path(path).suffix.lower()]
    with PIL.Image.open(path, formats=[format]) as image:
        image = _convert(PIL.ImageOps.exif_transpose(image), MODES[channels])
    image = PIL.ImageOps.fit(image, (size, size), method=PIL.Image.Resampling.BICUBIC)
    return np.asarray(image, "uint8").reshape(shape)


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
    """The function from a path to its image, uint8 of `shape`, for a `tf.data` pipeline."""

    def read(path):
        return read_image(os.fsdecode(path), shape)

    def decode(path):
        return tf.ensure_shape(tf.numpy_function(read, [path], tf.uint8), shape)

    return decode
