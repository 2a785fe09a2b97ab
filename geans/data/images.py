"""Images from the package itself, tensorflow-datasets, a folder or arrays, as batches for `fit`.

Every function passes further keywords to `pipeline.batches`: `batch_size=64`, `shuffle=True`,
`seed=None`, `drop_remainder=False`, `mirror=False`. Batches are float32 (batch, height, width,
channels) in [-1, 1]; with labels, pairs (images, int64 labels of shape (batch,)).

Every function also takes `limit`, `class_shares`, `without` and `balanced`; see `from_arrays`.
Labels that only serve this choice are not yielded.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.data import (
    classes,
    folders,
    image_files,
    lazy_images,
    npz_files,
    pipeline,
    prepared,
    resizing,
)
from geans.data.folders import MAX_SIZE as MAX_SIZE
from geans.data.folders import folder_shape as folder_shape
from geans.files import path_of
from geans.types import PathLike, Size

EMBEDDED = {"fashion": "fashion_mnist_test.npz"}
"""Names that `embedded` accepts, and their files in this package."""

FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""The classes of "fashion"."""

CHOOSING = ("limit", "class_shares", "without", "balanced")
"""Keywords of all functions that choose which images to train on, and how often."""

# Encoded images of 100 kB, the size of ImageNet's, then take 1.6 GB.
_ENCODED_SHUFFLE_BUFFER = 16_384


def embedded(
    name: str = "fashion", *, image_size: Size | None = None, labels: bool = False, **batching: Any
) -> tf.data.Dataset:
    """Loads images that come with the package and need no download.

    "fashion" is the test set of Fashion-MNIST: 10,000 grey 28x28 pictures of clothes in 10 equal
    classes. Source: https://github.com/zalandoresearch/fashion-mnist, Copyright 2017 Zalando SE,
    MIT licence.

    Args:
        name: A name in `EMBEDDED`.
        image_size: Size to resize the images to, as in `from_folder`; `None` keeps their own.
        labels: Whether to yield (images, labels).
        **batching: Keywords of `pipeline.batches`, and those in `CHOOSING`.

    Raises:
        ValueError: If the name is unknown or `image_size` is not a positive integer.

    Reference: Xiao et al. 2017 (arXiv 1708.07747).

    Example:
        >>> embedded("fashion", batch_size=100).element_spec.shape
        TensorShape([None, 28, 28, 1])
    """
    if not isinstance(name, str) or name not in EMBEDDED:
        near = values.did_you_mean(name, EMBEDDED)
        raise ValueError(
            f"No images named {name!r} are embedded.{near} Choose from {sorted(EMBEDDED)}."
        )
    folders.sides_of(image_size)
    with np.load(pathlib.Path(__file__).with_name(EMBEDDED[name])) as arrays:
        images, labels_ = arrays["images"], arrays["labels"]
    images = resizing.crop_and_resize(images, image_size)
    return from_arrays(images, labels_, yield_labels=labels, **batching)


def from_tfds(
    name: str,
    *,
    split: str = "train",
    data_dir: PathLike | None = None,
    image_size: Size | None = None,
    labels: bool = False,
    **batching: Any,
) -> tf.data.Dataset:
    """Loads a dataset of tensorflow-datasets that has an "image" feature.

    Data already prepared in `data_dir` is read without network access. Up to
    `pipeline.MEMORY_LIMIT` decoded bytes are kept in memory; larger datasets take no keyword in
    `CHOOSING`.

    Args:
        name: Name such as "mnist", "celeb_a" or "lsun/bedroom".
        split: Split or slice, such as "train", "train[:10%]" or "train+test".
        data_dir: Directory of prepared datasets; `None` for tensorflow-datasets' default.
        image_size: Size to crop and resize to, as in `from_folder`; `None` keeps the dataset's.
        labels: Whether to yield (images, labels) from the "label" feature.
        **batching: Keywords of `pipeline.batches`, and those in `CHOOSING`.

    Raises:
        ValueError: If the dataset, its split or a feature is missing, the images are not 8-bit, or
            they differ in size and `image_size` is `None`.

    Example:
        >>> from_tfds("mnist", split="test", image_size=32)  # doctest: +SKIP
    """
    folders.sides_of(image_size)
    builder = prepared.builder(name, data_dir)
    choosing = _choice(batching)
    labelled = labels or bool(choosing.keys() - {"limit"})
    shape = prepared.image_shape(builder, image_size, labelled)
    prepared.prepare(builder)
    labelled = labelled or (bool(choosing) and prepared.has_classes(builder))
    examples = prepared.encoded_examples(builder, split, labelled)
    decode_image = builder.info.features["image"].decode_example

    def decode(example):
        image = decode_image(example["image"])
        image = tf.ensure_shape(resizing.crop_and_resize(image, image_size), shape)
        return (image, tf.cast(example["label"], tf.int64)) if labelled else image

    if not pipeline.fits_in_memory(len(examples), shape):
        if choosing:
            raise ValueError(
                f"{name} is too large for memory, but {', '.join(choosing)} need it to fit. Pass a "
                "smaller image_size, or a part of the split, such as train[:300]."
            )
        batching = {"shuffle_buffer": _ENCODED_SHUFFLE_BUFFER, **batching}
        return pipeline.decoded_batches(examples, decode, **batching)
    decoded = pipeline.decode_all(examples, decode)
    images, classes_ = decoded if labelled else (decoded, None)
    return from_arrays(images, classes_, yield_labels=labels, **choosing, **batching)


def from_folder(
    path: PathLike,
    image_size: Size | None = None,
    *,
    channels: int | None = None,
    on_error: str = "raise",
    labels: bool = False,
    samples: int | None = None,
    **batching: Any,
) -> tf.data.Dataset:
    """Loads the images of a folder and its subfolders: PNG, JPEG, WebP, BMP, GIF and TIFF.

    Photographs are turned as their EXIF orientation says, cropped around the centre and resized
    (bicubic, antialiased). Formats are known by content, whatever the extension; of an animation,
    the first frame is read. Other and hidden files, and run directories of geans, are left aside
    and named in a warning.

    Up to `folders.MANY` files (10,000) whose images fit into `pipeline.MEMORY_LIMIT` bytes are
    decoded once before the function returns, so damaged ones cannot stop a training run. Of more,
    it looks at a sample: sizes, colours and damage are those of 2,000 evenly spaced files. The
    others are decoded in the first epoch and kept, in memory or else in a temporary file. One that
    turns out to be damaged does not stop the run, whatever `on_error` says: a warning names it, and
    the next file in sorted order, with its label, takes its place.

    The files need not be trusted: nothing outside the folder is read, and images of more than
    `PIL.Image.MAX_IMAGE_PIXELS` (89 million) pixels are not decoded.

    Args:
        path: The folder. Links out of it are refused; links to folders in it are not followed.
        image_size: Size of the images in pixels, up to `MAX_SIZE`: an integer for squares, or
            `(height, width)`; `None` keeps the common size.
        channels: 1 for grey (ITU-R 601 luma), 3 for RGB (both show transparency over white) or 4
            for RGBA; `None` for 1 if all images of the folder are grey, and otherwise 3.
        on_error: `"raise"` refuses a folder with unreadable files; `"skip"` omits them and warns.
        labels: Whether to yield (images, labels). The label is the index, in sorted order, of the
            subfolder of `path` that contains the image, at any depth.
        samples: Maximum number of files to read, evenly spaced among all or those chosen; `None`
            for all.
        **batching: Keywords of `pipeline.batches`, and those in `CHOOSING`. Without `labels`,
            `limit` takes files evenly spaced in sorted order.

    Raises:
        ValueError: If an argument is invalid, the folder has no images or links out of itself, a
            file cannot be read, sizes differ, or labels are needed without subfolders.

    Example:
        >>> from_folder("photos", image_size=64, labels=True)  # doctest: +SKIP
    """
    folders.sides_of(image_size)
    image_files.check_reading(3 if channels is None else channels, on_error)
    choice = _choice(batching)
    balanced = choice.pop("balanced", False)
    found = image_files.find(path)
    files, labels_ = folders.chosen(path, found, labels=labels or balanced, **choice)
    if samples is not None:
        values.check_count("samples", samples)
        # As in training, where a damaged one of so many is only a warning.
        on_error = on_error if len(files) <= folders.MANY else "skip"
        places = folders.spaced(len(files), samples)
        files = [files[index] for index in places]
        labels_ = None if labels_ is None else labels_[places]
    shape = folders.shape_of(path, found, image_size, channels, on_error)
    if len(files) <= folders.MANY and pipeline.fits_in_memory(len(files), shape):
        good, images = folders.read(files, shape, on_error, keep=True)
        labels_ = None if labels_ is None else labels_[good]
        options = {"yield_labels": labels, "balanced": balanced}
        return from_arrays(images, labels_, **options, **batching)
    good = folders.readable(files, shape, on_error)
    if len(files) > folders.SAMPLE:
        image_files.warn_once(
            f"{image_files.shown(path)} has {len(files):,} images, of which {folders.SAMPLE:,} "
            "were checked. All are decoded in the first epoch: a damaged one gives a warning, and "
            "the next one takes its place."
        )
    labels_ = None if labels_ is None else labels_[good]
    batching["balanced_by"] = labels_ if balanced else None
    files, labels_ = [files[index] for index in good], labels_ if labels else None
    return lazy_images.batches(files, shape, labels_, **batching)


def from_npz(
    path: PathLike,
    name: str = "images",
    *,
    image_size: Size | None = None,
    classes: str | None = None,
    labels: bool = False,
    **batching: Any,
) -> tf.data.Dataset:
    """Loads images from an array of a `.npz` file.

    Args:
        path: The file, which need not be trusted: pickled objects are refused.
        name: Name of an array of images, as `from_arrays` takes them.
        image_size: Size to crop and resize to, as in `from_folder`; `None` keeps their own.
        classes: Name of an array of integer labels; `None` if there are none.
        labels: Whether to yield (images, labels).
        **batching: Keywords of `pipeline.batches`, and those in `CHOOSING`.

    Raises:
        ValueError: If the file cannot be read, has no such arrays, or they are invalid.

    Example:
        >>> from_npz("faces.npz", classes="head", labels=True)  # doctest: +SKIP
    """
    path = path_of(path)
    images, *labels_ = npz_files.arrays(path, *([name] if classes is None else [name, classes]))
    if labels and not labels_:
        raise ValueError(
            f"Labels need the name of their array in {image_files.shown(path)}. Pass classes: "
            '"data_options": {"classes": "label"} in a preset.'
        )
    images = resizing.crop_and_resize(checked(images), image_size)
    return from_arrays(images, *labels_, yield_labels=labels, **batching)


def from_arrays(
    images: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    *,
    yield_labels: bool = True,
    limit: int | None = None,
    class_shares: Sequence[float] | None = None,
    without: Sequence[int] | None = None,
    balanced: bool = False,
    **batching: Any,
) -> tf.data.Dataset:
    """Batches images in memory.

    Args:
        images: (count, height, width) or (count, height, width, channels); uint8 in [0, 255] or
            floats in [-1, 1]. Scale floats in [0, 1] by `2 * images - 1` first.
        labels: Integers (count,), or `None`.
        yield_labels: Whether to yield the labels given; otherwise they only serve to choose.
        limit: Maximum number of images, shared among the classes in proportion; `None` for all.
        class_shares: List with the share of each class to keep, by label; `None` for all.
        without: List of labels whose images are left out; `None` for none.
        balanced: Whether all classes come equally often, in epochs of the same length.
        **batching: Keywords of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of images, or of (images, labels).

    Raises:
        ValueError: If images or labels are invalid, or labels are needed but missing.

    Example:
        >>> black = np.zeros((6, 28, 28), "uint8")
        >>> from_arrays(black, batch_size=4).element_spec.shape
        TensorShape([None, 28, 28, 1])
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            "Images must have shape (count, height, width) or (count, height, width, channels). "
            f"Received shape: {images.shape}"
        )
    if images.ndim == 3:
        images = images[..., np.newaxis]
    images = checked(images)
    if labels is not None:
        labels = classes.checked_labels("Labels", labels, len(images))
    if (limit, class_shares, without) != (None, None, None):
        choice = {"limit": limit, "class_shares": class_shares, "without": without}
        kept = classes.chosen(len(images), labels, **choice)
        images, labels = images[kept], None if labels is None else labels[kept]
    if balanced and labels is None:
        raise ValueError("balanced=True needs labels, of which these images have none.")
    batching["balanced_by"] = labels if balanced else None
    yielded: Any = images if labels is None or not yield_labels else (images, labels)
    return pipeline.batches(yielded, **batching)


def checked(images: np.ndarray) -> np.ndarray:
    """Returns an array of images as uint8 in [0, 255] or float32 in [-1, 1].

    Raises:
        ValueError: If the images are of another type, out of range, or not finite.
    """
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"Images must be uint8 in [0, 255] or floats in [-1, 1]. Received: {images.dtype}. "
            f"Pass {_as_floats(images)}."
        )
    bad = np.argwhere(~np.isfinite(images))
    if len(bad):
        index = tuple(bad[0].tolist())
        raise ValueError(f"Images must be finite. Received: {images[index]} at index {index}")
    if images.size and (images.min() < -1 or images.max() > 1):
        raise ValueError(
            f"Float images must lie in [-1, 1]. Received: values from {images.min():g} to "
            f"{images.max():g}. For pixels in [0, 255] pass uint8 or images / 127.5 - 1."
        )
    return images.astype("float32")


def _choice(batching):
    """Pops the keywords in `CHOOSING` that choose something."""
    taken = {key: batching.pop(key, None) for key in CHOOSING}
    return {key: value for key, value in taken.items() if value is not None and value is not False}


def _as_floats(images):
    """Returns the expression that makes images of other types fit."""
    if images.dtype == bool:
        return "2.0 * images - 1"
    if images.dtype.kind in "iu" and images.size and 0 <= images.min() <= images.max() <= 255:
        return 'images.astype("uint8")'
    return "2.0 * images / largest - 1 with the largest possible value, such as 4095 for 12 bits"
