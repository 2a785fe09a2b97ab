"""Pairs of images for translation: aligned ones (Pix2Pix), or two domains by themselves (CycleGAN).

Every dataset yields pairs of float32 batches (batch, height, width, channels) in [-1, 1], as many
images in one as in the other: (source, target), or (first, second). `paired` and `unpaired` take
arrays, see `geans.data.pairs`; all other functions pass their keywords on to them, and further ones
to `pipeline.batches`: `batch_size=64`, `shuffle=True`, `seed=None`, `drop_remainder=False`.
"""

import contextlib
import functools
import os
import pathlib
import zipfile

import numpy as np
import tensorflow as tf

from geans.data import image_files, images, jittering, pairs, pipeline, resizing
from geans.data.pairs import paired, unpaired

SIDES = ("left", "right")
SUBFOLDERS = ("source", "target")


def from_npz(path, split="train", *, image_size=None, aligned=True, **options):
    """Two arrays of a NumPy file, such as `line_train` and `colour_train`.

    Args:
        path: A `.npz` file, in which two uint8 arrays (count, height, width, channels) have names
            that end in `_` and the split. The one that comes first is the source.
        split: "train", "test" or what else the names end in.
        image_size: Side to crop (centred square) and resize to; `None` keeps the images' own.
        aligned: Whether to yield `paired` or `unpaired` images.
        **options: Of `paired` or `unpaired`.

    Returns:
        A `tf.data.Dataset` of pairs of batches.

    Raises:
        ValueError: If the file is missing or damaged, or holds no such two arrays.

    Example:
        >>> import tempfile
        >>> images = np.zeros((6, 8, 8, 1), "uint8")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/pairs.npz", line_train=images, colour_train=images)
        ...     len(from_npz(f"{folder}/pairs.npz", batch_size=2))
        3
    """
    pair = [
        resizing.crop_and_resize(array, image_size) for array in _arrays(pathlib.Path(path), split)
    ]
    return (paired if aligned else unpaired)(*pair, **options)


def from_folders(source_dir, target_dir, size=None, *, channels=3, **options):
    """PNG and JPEG files of two folders, paired by their names.

    `photos/street/1.jpg` and `labels/street/1.png` make a pair. Files are read as
    `images.from_folder` reads them.

    Args:
        source_dir: Folder of what is translated.
        target_dir: Folder of what it is to become.
        size: Side to crop (centred square) and resize to; `None` keeps the files' own, which must
            then be the same for all.
        channels: 1, 3 or 4, of both.
        **options: Of `paired`.

    Returns:
        A `tf.data.Dataset` of pairs (source, target) of batches.

    Raises:
        ValueError: If a folder is missing or empty, a file has no partner or cannot be read, or
            sizes differ.

    Example:
        >>> import tempfile, PIL.Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for side in ("photos", "labels"):
        ...         os.mkdir(f"{folder}/{side}")
        ...         PIL.Image.new("RGB", (40, 30)).save(f"{folder}/{side}/1.png")
        ...     from_folders(f"{folder}/photos", f"{folder}/labels", 32).element_spec[1].shape
        TensorShape([None, 32, 32, 3])
    """
    shapes = [images.folder_shape(folder, size)[:2] for folder in (source_dir, target_dir)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Sources and targets differ in size: {shapes[0]} and {shapes[1]} (height, width). "
            "Pass a size, to which both are cropped and resized: --image_size on the command line."
        )
    columns = _partners(pathlib.Path(source_dir), pathlib.Path(target_dir))
    return _from_files(columns, (*shapes[0], channels), lambda *pair: pair, **options)


def from_side_by_side(path, size=None, *, source="left", channels=3, **options):
    """Pictures that show source and target side by side, as those of Isola et al. 2017 do.

    Args:
        path: Folder of PNG and JPEG files, each twice as wide as it is high.
        size: Side to resize both halves to; `None` keeps the files' own, which must then be the
            same for all.
        source: Which half is translated: "left" or "right". Of the facades it is the right one.
        channels: 1, 3 or 4.
        **options: Of `paired`.

    Returns:
        A `tf.data.Dataset` of pairs (source, target) of batches.

    Raises:
        ValueError: If the folder is missing or empty, a file cannot be read or has another shape,
            or sizes differ.

    Example:
        >>> import tempfile, PIL.Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     PIL.Image.new("RGB", (64, 32)).save(f"{folder}/facade.png")
        ...     from_side_by_side(folder).element_spec[0].shape
        TensorShape([None, 32, 32, 3])
    """
    if source not in SIDES:
        raise ValueError(f"source must be one of {', '.join(SIDES)}. Received: source={source!r}.")
    height, width, _ = images.folder_shape(path)
    if width != 2 * height:
        raise ValueError(
            f"Pictures that show source and target side by side are twice as wide as high. "
            f"Received: {width}x{height} in {image_files.shown(path)}. Put other ones into two "
            f"folders in it, called {' and '.join(SUBFOLDERS)}."
        )

    def halves(pictures):
        # Resized after the cut: before it, colours would run across the middle.
        parts = pictures[..., :height, :], pictures[..., height:, :]
        left, right = (resizing.crop_and_resize(part, size) for part in parts)
        return (left, right) if source == "left" else (right, left)

    columns = [image_files.find(pathlib.Path(path))]
    return _from_files(columns, (height, width, channels), halves, **options)


def from_tfds(first, second=None, *, split="train", jitter=0, flip=False, **options):
    """Two domains from tensorflow-datasets, each in an order of its own.

    Args:
        first: Name of a dataset with an "image" feature. If there is no second one, its splits are
            called `trainA`, `trainB`, `testA` and `testB`, as those of "cycle_gan/horse2zebra".
        second: Name of another such dataset, or `None`.
        split: "train" or "test".
        jitter: As in `unpaired`.
        flip: As in `unpaired`.
        **options: `data_dir`, `image_size` of `images.from_tfds`, and those of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of pairs (first, second) of batches.

    Raises:
        ValueError: As `images.from_tfds` and `unpaired` do.

    Example:
        >>> from_tfds("cycle_gan/horse2zebra", image_size=128)  # doctest: +SKIP
    """
    splits = (split, split) if second else (f"{split}A", f"{split}B")
    makers = [
        functools.partial(images.from_tfds, name, split=part)
        for name, part in zip((first, second or first), splits, strict=True)
    ]
    return pairs.independent(makers, jitter, flip, **options)


def splits_of(path):
    """Returns the names of the splits of a `.npz` file, sorted: what those of its arrays end in.

    Raises:
        ValueError: If the file cannot be read.
    """
    with _opened(pathlib.Path(path)) as file:
        return sorted({name.rpartition("_")[2] for name in file.files})


def _arrays(path, split):
    """The two arrays of images in a file whose names end in the split, in their order."""
    with _opened(path) as file:
        found = {name: file[name] for name in file.files if name.endswith(f"_{split}")}
        names = ", ".join(file.files)
    found = {name: array for name, array in found.items() if array.ndim == 4}
    if len(found) != 2:
        raise ValueError(
            f"{image_files.shown(path)} must hold two arrays of images (count, height, width, "
            f"channels) whose names end in _{split}. Received: {', '.join(found) or 'none'} of "
            f"{names}."
        )
    return found.values()


@contextlib.contextmanager
def _opened(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except FileNotFoundError as error:
        raise ValueError(
            f"There is no file {image_files.shown(path)}. A relative path is looked up in the "
            "directory of the data: --data_dir on the command line."
        ) from error
    # What np.load raises for files that are no archive, cut short, or hold Python objects.
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{image_files.shown(path)} cannot be read: {error}") from error


def _partners(*folders):
    """The files of both folders, in the order of their names."""
    named = [
        {file.relative_to(folder).with_suffix(""): file for file in image_files.find(folder)}
        for folder in folders
    ]
    alone = named[0].keys() ^ named[1].keys()
    if alone:
        listed = ", ".join(image_files.shown(name) for name in sorted(alone)[:5])
        raise ValueError(
            f"{len(alone)} files have no partner of the same name in the other one of "
            f"{image_files.shown(folders[0])} and {image_files.shown(folders[1])}: "
            f"{listed}{', ...' if len(alone) > 5 else ''}. Add, rename or remove them."
        )
    return [[files[name] for name in sorted(files)] for files in named]


def _from_files(columns, shape, pair_of, *, jitter=0, flip=False, **batching):
    """Pairs made of one file each, or of two.

    Args:
        columns: Lists of files, as many as `pair_of` takes images.
        shape: To which each file is cropped and resized.
        pair_of: Function from images, or batches of them, to a source and a target.
        jitter: As in `paired`.
        flip: As in `paired`.
        **batching: As in `paired`.
    """
    if pipeline.fits_in_memory(len(columns) * len(columns[0]), shape):
        pixels = [np.empty((len(files), *shape), "uint8") for files in columns]
        for files, array in zip(columns, pixels, strict=True):
            _read(files, shape, array.__setitem__)
        return paired(*pair_of(*pixels), jitter=jitter, flip=flip, **batching)
    for files in columns:
        _read(files, shape, lambda index, image: None)
    decode = image_files.decoder(shape)
    paths = tuple([os.fsencode(file) for file in files] for files in columns)
    dataset = pipeline.decoded_batches(
        tf.data.Dataset.from_tensor_slices(paths),
        lambda *paths: pair_of(*map(decode, paths)),
        **batching,
    )
    return jittering.varied(dataset, jitter, flip, batching.get("seed"))


def _read(files, shape, keep):
    image_files.check_failures(files, image_files.read_every(files, shape, keep), "raise")
