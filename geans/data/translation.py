"""Pairs of images for translation: aligned (Pix2Pix) or from two separate domains (CycleGAN).

Every dataset yields pairs of float32 batches (batch, height, width, channels) in [-1, 1] of equal
length: (source, target) or (first, second). Keywords are passed on to `paired` or `unpaired` of
`geans.data.pairs`, and to `pipeline.batches`.
"""

import functools
import os

import numpy as np
import tensorflow as tf

from geans.data import (
    folders,
    image_files,
    images,
    jittering,
    npz_files,
    pairs,
    pipeline,
    resizing,
)
from geans.data.pairs import paired, unpaired
from geans.files import path_of

SIDES = ("left", "right")
SUBFOLDERS = ("source", "target")


def from_npz(path, split="train", *, image_size=None, aligned=True, **options):
    """Loads two arrays of a NumPy file, such as `line_train` and `colour_train`.

    Args:
        path: `.npz` file with two arrays of images as in `paired`, whose names end in `_` and the
            split. The first is the source.
        split: "train", "test" or another ending of the names.
        image_size: Side to crop (centred square) and resize to; `None` keeps the images' own.
        aligned: Whether to yield `paired` or `unpaired` images.
        **options: Keywords of `paired` or `unpaired`.

    Raises:
        ValueError: If the file is missing or damaged, or does not hold two such arrays.

    Example:
        >>> from_npz("pairs.npz", "test", batch_size=16)  # doctest: +SKIP
    """
    arrays = _arrays(path_of(path), split)
    pair = (resizing.crop_and_resize(images.checked(array), image_size) for array in arrays)
    return (paired if aligned else unpaired)(*pair, **options)


def from_folders(source_dir, target_dir, size=None, *, channels=3, on_error="raise", **options):
    """Loads the images of two folders, paired by name.

    `photos/street/1.jpg` and `labels/street/1.png` make a pair.

    Args:
        source_dir: Folder of the images to translate.
        target_dir: Folder of their translations.
        size, on_error: As in `images.from_folder`, for both.
        channels: 1, 3 or 4, for both.
        **options: Keywords of `paired`.

    Raises:
        ValueError: If a folder has no images, a file has no partner or cannot be read, or sizes
            differ.

    Example:
        >>> from_folders("photos", "labels", size=256)  # doctest: +SKIP
    """
    shapes = [
        images.folder_shape(folder, size, channels, on_error)[:2]
        for folder in (source_dir, target_dir)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Sources and targets differ in size: {shapes[0]} and {shapes[1]} (height, width). "
            "Pass a size, to which both are cropped and resized: --image_size on the command line."
        )
    columns = _partners(*map(path_of, (source_dir, target_dir)))
    shape = (*shapes[0], channels)
    return _from_files(columns, shape, lambda *pair: pair, on_error, **options)


def from_side_by_side(path, size=None, *, source="left", channels=3, on_error="raise", **options):
    """Loads pictures that show source and target side by side, as those of Isola et al. 2017.

    Args:
        path: Folder of images, each twice as wide as high.
        size: Side to resize both halves to; `None` keeps the files' own, the same for all.
        source: Half that is translated, "left" or "right" (the right one for the facades).
        channels: 1, 3 or 4.
        on_error: As in `images.from_folder`.
        **options: Keywords of `paired`.

    Raises:
        ValueError: If the folder has no images, or a file cannot be read or has another shape.

    Example:
        >>> from_side_by_side("facades", source="right")  # doctest: +SKIP
    """
    if source not in SIDES:
        raise ValueError(f"source must be one of {', '.join(SIDES)}. Received: source={source!r}.")
    height, width, _ = images.folder_shape(path, None, channels, on_error)
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

    columns = [image_files.find(path)]
    return _from_files(columns, (height, width, channels), halves, on_error, **options)


def from_tfds(first, second=None, *, split="train", jitter=0, flip=False, **options):
    """Loads two domains from tensorflow-datasets, each shuffled by itself.

    Args:
        first: Name of a dataset with an "image" feature. Without `second`, its splits must be named
            `trainA`, `trainB`, `testA` and `testB`, as in "cycle_gan/horse2zebra".
        second: Name of another such dataset, or `None`.
        split: "train" or "test".
        jitter, flip: As in `unpaired`.
        **options: `data_dir`, `image_size` of `images.from_tfds`; keywords of `pipeline.batches`.

    Raises:
        ValueError: As in `images.from_tfds` and `unpaired`.

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
    """Returns the sorted splits in a `.npz` file; raises `ValueError` if it cannot be read."""
    with npz_files.opened(path_of(path)) as file:
        return sorted({name.rpartition("_")[2] for name in file.files})


def _arrays(path, split):
    with npz_files.opened(path) as file:
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


def _partners(*pair):
    named = [
        {file.relative_to(folder).with_suffix(""): file for file in image_files.find(folder)}
        for folder in pair
    ]
    alone = named[0].keys() ^ named[1].keys()
    if alone:
        raise ValueError(
            f"{len(alone)} files have no partner of the same name in the other one of "
            f"{' and '.join(map(image_files.shown, pair))}: "
            f"{image_files.listed(sorted(alone))}. Add, rename or remove them."
        )
    return [[files[name] for name in sorted(files)] for files in named]


def _from_files(columns, shape, pair_of, on_error, *, jitter=0, flip=False, **batching):
    """Builds pairs from columns of files; `pair_of` maps their images to (source, target)."""
    image_files.check_reading(shape[-1], on_error)
    in_memory = pipeline.fits_in_memory(len(columns) * len(columns[0]), shape)
    read = [folders.read(files, shape, on_error, keep=in_memory) for files in columns]
    kept = functools.reduce(np.intersect1d, [good for good, _ in read])
    if in_memory:
        pixels = [images[np.isin(good, kept)] for good, images in read]
        return paired(*pair_of(*pixels), jitter=jitter, flip=flip, **batching)
    decode = image_files.decoder(shape)
    paths = tuple([os.fsencode(files[index]) for index in kept] for files in columns)
    dataset = pipeline.decoded_batches(
        tf.data.Dataset.from_tensor_slices(paths),
        lambda *paths: pair_of(*map(decode, paths)),
        **batching,
    )
    return jittering.varied(dataset, jitter, flip, batching.get("seed"))
