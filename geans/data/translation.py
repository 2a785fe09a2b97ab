"""Pairs of images for translation: aligned (Pix2Pix) or from two separate domains (CycleGAN).

Every dataset yields pairs of float32 batches (batch, height, width, channels) in [-1, 1] of equal
length: (source, target) or (first, second). Keywords are passed on to `paired` or `unpaired` of
`geans.data.pairs`, and to `pipeline.batches`.
"""

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from geans import values
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
from geans.types import PathLike, Size

HELD_OUT_EVERY = 10
"""Of an array without a split in its name, every such row is of the split "test"."""

SIDES = ("left", "right")
SUBFOLDERS = ("source", "target")


def from_npz(
    path: PathLike,
    split: str = "train",
    *,
    source: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    classes: dict[str, int] | None = None,
    image_size: int | None = None,
    aligned: bool = True,
    **options: Any,
) -> tf.data.Dataset:
    """Loads arrays of a NumPy file, such as `line_train` and `colour_train`.

    An array without a split in its name has the splits "test", every tenth row from the first on,
    and "train", the others.

    Args:
        path: `.npz` file with arrays of images as in `paired`, whose names end in `_` and the
            split. If there are two, the first is the source.
        split: "train", "test" or another ending of the names.
        source: Name of the sources' array, without the split, or a list of names, whose channels
            are joined; `None` if the file has but two arrays.
        target: Name of the targets' array, or a list, likewise.
        classes: Dict from the names of arrays of class masks, integers `(count, height, width)` or
            with a last axis of 1, to their numbers of classes: a mask becomes as many channels, 1
            where the pixel is of the class and -1 elsewhere. `None` if there are no masks.
        image_size: Side to crop (centred square) and resize to; `None` keeps the images' own. A
            resized mask has values in between at the borders of its classes.
        aligned: Whether to yield `paired` or `unpaired` images.
        **options: Keywords of `paired` or `unpaired`.

    Raises:
        ValueError: If the file is missing or damaged, or does not hold such arrays.

    Example:
        >>> from_npz("pairs.npz", "test", batch_size=16)  # doctest: +SKIP
        >>> from_npz("earth.npz", source=["mask", "relief"], target="satellite",
        ...          classes={"mask": 3})  # doctest: +SKIP
    """
    path = path_of(path)
    if source is None and target is None and classes is None:
        arrays = [[array] for array in _arrays(path, split)]
    else:
        arrays = _named_arrays(path, split, source, target, classes or {})
    pair = (_joined([_sized(array, image_size) for array in side]) for side in arrays)
    return (paired if aligned else unpaired)(*pair, **options)


def from_folders(
    source_dir: PathLike,
    target_dir: PathLike,
    image_size: Size | None = None,
    *,
    channels: int = 3,
    on_error: str = "raise",
    **options: Any,
) -> tf.data.Dataset:
    """Loads the images of two folders, paired by name.

    `photos/street/1.jpg` and `labels/street/1.png` make a pair.

    Args:
        source_dir: Folder of the images to translate.
        target_dir: Folder of their translations.
        image_size, on_error: As in `images.from_folder`, for both.
        channels: 1, 3 or 4, for both.
        **options: Keywords of `paired`.

    Raises:
        ValueError: If a folder has no images, a file has no partner or cannot be read, or sizes
            differ.

    Example:
        >>> from_folders("photos", "labels", image_size=256)  # doctest: +SKIP
    """
    shapes = [
        images.folder_shape(folder, image_size, channels, on_error)[:2]
        for folder in (source_dir, target_dir)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Sources and targets differ in size: {shapes[0]} and {shapes[1]} (height, width). "
            "Pass an image_size, to which both are cropped and resized: --image_size on the "
            "command line."
        )
    columns = _partners(*map(path_of, (source_dir, target_dir)))
    shape = (*shapes[0], channels)
    return _from_files(columns, shape, lambda *pair: pair, on_error, **options)


def from_side_by_side(
    path: PathLike,
    image_size: int | None = None,
    *,
    source: str = "left",
    channels: int = 3,
    on_error: str = "raise",
    **options: Any,
) -> tf.data.Dataset:
    """Loads pictures that show source and target side by side, as those of Isola et al. 2017.

    Args:
        path: Folder of images, each twice as wide as high.
        image_size: Side to resize both halves to; `None` keeps the files' own, the same for all.
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
        left, right = (resizing.crop_and_resize(part, image_size) for part in parts)
        return (left, right) if source == "left" else (right, left)

    columns = [image_files.find(path)]
    return _from_files(columns, (height, width, channels), halves, on_error, **options)


def from_tfds(
    first: str,
    second: str | None = None,
    *,
    split: str = "train",
    jitter: int = 0,
    flip: bool = False,
    **options: Any,
) -> tf.data.Dataset:
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


def splits_of(path: PathLike, target: str | Sequence[str] | None = None) -> list[str]:
    """Returns the sorted splits in a `.npz` file; raises `ValueError` if it cannot be read.

    Args:
        path: The file.
        target: As in `from_npz`; its splits are those that count.
    """
    names = npz_files.names(path_of(path))
    for one in _listed(target):
        if one in names:
            return ["test", "train"]
        names = [name for name in names if name.startswith(f"{one}_")]
    return sorted({name.rpartition("_")[2] for name in names})


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


def _named_arrays(path, split, source, target, classes):
    sides = {"source": _listed(source), "target": _listed(target)}
    known = npz_files.names(path)
    for side, names in sides.items():
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError(
                f"{side} must name an array of {image_files.shown(path)}, or several in a list. "
                f"Known: {', '.join(known)}. Received: {side}={names or None!r}."
            )
    arrays = [
        [_of_classes(_rows(path, known, name, split), name, classes) for name in names]
        for names in sides.values()
    ]
    if unknown := sorted(set(classes) - set(sides["source"] + sides["target"])):
        raise ValueError(
            "classes must be of arrays that source or target name. Received: "
            f"{', '.join(map(str, unknown))}."
        )
    return arrays


def _listed(names):
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _rows(path, known, name, split):
    """Returns the rows of an array that belong to a split."""
    if name not in known:
        endings = [each.rpartition("_")[0] for each in known if each.endswith(f"_{split}")]
        values.check_name(
            f"array of the split {split!r} of {image_files.shown(path)}", name, endings
        )
        return npz_files.arrays(path, f"{name}_{split}")[0]
    if split not in ("train", "test"):
        raise ValueError(
            f"An array without a split in its name, such as {name!r}, has the splits train and "
            f"test. Received: split={split!r}."
        )
    (array,) = npz_files.arrays(path, name)
    held_out = np.arange(len(array)) % HELD_OUT_EVERY == 0
    return array[held_out if split == "test" else ~held_out]


def _of_classes(array, name, classes):
    """Returns an array of images, or the channels of a class mask."""
    if name not in classes:
        return array
    count = classes[name]
    values.check_count(f"classes of {name}", count, least=2, most=2**10)
    mask = array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array
    if mask.ndim != 3 or mask.dtype.kind not in "iu" or not mask.size:
        raise ValueError(
            "A class mask is an array of integers (count, height, width), or with a last axis of "
            f"1. Received: {name} of shape {array.shape} and type {array.dtype}."
        )
    if mask.min() < 0 or mask.max() >= count:
        raise ValueError(
            f"{name} must hold classes from 0 to {count - 1}. Received: {mask.min()} to "
            f"{mask.max()}. Pass the number of classes: classes={{{name!r}: {mask.max() + 1}}}."
        )
    return np.uint8(255) * (mask[..., None] == np.arange(count)).astype("uint8")


def _sized(array, image_size):
    return resizing.crop_and_resize(images.checked(array), image_size)


def _joined(arrays):
    """Joins arrays of images on the axis of the channels; floats and uint8 become floats."""
    if len(arrays) == 1:
        return arrays[0]
    shapes = [array.shape for array in arrays]
    if any(len(shape) != 4 for shape in shapes) or len({shape[:3] for shape in shapes}) > 1:
        raise ValueError(
            "Arrays whose channels are joined are as many images (count, height, width, channels) "
            f"of the same size. Received shapes: {', '.join(map(str, shapes))}."
        )
    if len({array.dtype for array in arrays}) > 1:
        arrays = [
            each / np.float32(127.5) - 1 if each.dtype == "uint8" else each for each in arrays
        ]
    return np.concatenate(arrays, axis=-1)


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
