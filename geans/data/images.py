"""Images from the package itself, tensorflow-datasets, a folder or arrays, as batches for `fit`.

Every function passes further keywords to `pipeline.batches`: `batch_size=64`, `shuffle=True`,
`seed=None`, `drop_remainder=False`. Batches are float32 (batch, height, width, channels) in
[-1, 1]; with labels, pairs (images, int64 labels of shape (batch,)).

Every function also takes `limit=None`, `class_shares=None` and `without=None`, which leave images
out (`classes.chosen`), and `balanced=False`: whether all classes come equally often, in epochs as
long as otherwise (`classes.balanced_order`). Where labels only serve to choose, they are not
yielded.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf

from geans.data import classes, folders, image_files, pipeline, prepared, resizing
from geans.data.folders import MAX_SIZE as MAX_SIZE
from geans.data.folders import folder_shape as folder_shape

EMBEDDED = {"fashion": "fashion_mnist_test.npz"}
"""Names that `embedded` accepts, and their files in this package."""

FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""The classes of "fashion"."""

CHOOSING = ("limit", "class_shares", "without", "balanced")
"""Keywords of all functions that say which of the images to train on, and how often."""

# Encoded images of 100 kB, the size of ImageNet's, then take 1.6 GB.
_ENCODED_SHUFFLE_BUFFER = 16_384


def embedded(name="fashion", *, image_size=None, labels=False, **batching):
    """Images that come with the package and need no download.

    "fashion" is the test set of Fashion-MNIST: 10,000 grey 28x28 pictures of clothes in 10 equal
    classes. Source: https://github.com/zalandoresearch/fashion-mnist, Copyright 2017 Zalando SE,
    MIT licence.

    Args:
        name: A name in `EMBEDDED`.
        image_size: Side to resize the images to; `None` keeps their own.
        labels: Whether to yield (images, labels).
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of batches.

    Raises:
        ValueError: If the name is unknown or `image_size` is not a positive integer.

    Reference:
        Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
        Learning Algorithms", 2017.

    Example:
        >>> embedded("fashion", batch_size=100).element_spec.shape
        TensorShape([None, 28, 28, 1])
    """
    if not isinstance(name, str) or name not in EMBEDDED:
        raise ValueError(f"No images named {name!r} are embedded. Choose from {sorted(EMBEDDED)}.")
    if image_size is not None:
        folders.check_size(image_size)
    with np.load(pathlib.Path(__file__).with_name(EMBEDDED[name])) as arrays:
        images, labels_ = arrays["images"], arrays["labels"]
    images = resizing.crop_and_resize(images, image_size)
    return from_arrays(images, labels_, yield_labels=labels, **batching)


def from_tfds(name, *, split="train", data_dir=None, image_size=None, labels=False, **batching):
    """Any dataset of tensorflow-datasets that has an "image" feature.

    Data already prepared in `data_dir` is read without touching the network. Datasets of up to
    `pipeline.MEMORY_LIMIT` decoded bytes are kept in memory.

    Args:
        name: Name such as "mnist", "celeb_a" or "lsun/bedroom".
        split: Split or slice, such as "train", "train[:10%]" or "train+test".
        data_dir: Where prepared datasets lie; `None` for tensorflow-datasets' own default.
        image_size: Side to crop (centred square) and resize to; `None` keeps the dataset's shape.
        labels: Whether to yield (images, labels) from the "label" feature.
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of batches.

    Raises:
        ValueError: If the dataset is unknown, has no 8-bit "image" feature or no "label" feature
            to yield, its images differ in size and `image_size` is `None`, or the split is
            unknown.

    Example:
        >>> from_tfds("mnist", split="test", image_size=32)  # doctest: +SKIP
    """
    if image_size is not None:
        folders.check_size(image_size)
    builder = prepared.builder(name, data_dir)
    choosing = _choice(batching)
    labelled = labels or bool(choosing.keys() - {"limit"})
    shape = prepared.image_shape(builder, image_size, labelled)
    if not builder.is_prepared():
        builder.download_and_prepare()
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
                f"{name} is too large for memory, where alone {', '.join(choosing)} can be had. "
                "Pass a smaller image_size, or a part of the split, such as train[:300]."
            )
        batching = {"shuffle_buffer": _ENCODED_SHUFFLE_BUFFER, **batching}
        return pipeline.decoded_batches(examples, decode, **batching)
    decoded = pipeline.decode_all(examples, decode)
    images, classes_ = decoded if labelled else (decoded, None)
    return from_arrays(images, classes_, yield_labels=labels, **choosing, **batching)


def from_folder(path, size=None, *, channels=3, on_error="raise", labels=False, **batching):
    """PNG and JPEG files of a folder and its subfolders, in sorted order before shuffling.

    Hidden files and subfolders, whose names begin with a dot, are left aside.

    Subfolders can be classes: the label of an image is the index of the subfolder of `path` that it
    lies in, however deep, in the order of `class_names`.

    Every file is decoded once before this function returns, so a damaged one cannot stop a
    training run half-way. Photographs are turned as their EXIF orientation says, cropped to the
    centred square and resized (bicubic, antialiased). Up to `pipeline.MEMORY_LIMIT` decoded bytes
    are kept in memory. Files with other extensions are left aside, and their number is logged. Of
    an animation the first frame is read.

    The files need not be trusted: nothing outside the folder is read, and an image that claims more
    pixels than `PIL.Image.MAX_IMAGE_PIXELS` (89 million) is not decoded.

    Args:
        path: The folder. Links that lead out of it are refused; links to folders within it are not
            followed, since what they show is read anyway.
        size: Side of the resulting square images, in pixels, up to `MAX_SIZE`. `None` keeps the
            files' own size, which must then be the same for all.
        channels: 1 for grey (colour becomes its ITU-R 601 luma), 3 for RGB (grey is repeated), 4
            for RGBA (opaque where the file has no alpha). With 1 and 3, transparent pixels are
            shown over white.
        on_error: What becomes of files that are truncated, empty, not what their extension says or
            otherwise unreadable: `"raise"` refuses the folder and names them, `"skip"` leaves them
            out and names them in a warning of `logging`.
        labels: Whether to yield (images, labels).
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`. Files
            that `limit`, `class_shares` or `without` leave out are not read; without labels, a
            `limit` takes files evenly from all in their order.

    Returns:
        A `tf.data.Dataset` of float32 batches (batch, height, width, channels) in [-1, 1].

    Raises:
        ValueError: If the folder is missing or has no images, a file cannot be read (with `"skip"`:
            none can), a subfolder cannot be read, a link leads out of the folder, files that are
            to keep their size differ in it, `size`, `channels`, `on_error` or a choice is not
            allowed, or labels are needed and there are no two subfolders, or images beside them.

    Example:
        >>> import tempfile, PIL.Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     PIL.Image.new("RGB", (40, 30)).save(f"{folder}/black.png")
        ...     from_folder(folder, size=16).element_spec.shape
        TensorShape([None, 16, 16, 3])
    """
    if size is not None:
        folders.check_size(size)
    image_files.check_reading(channels, on_error)
    choice = _choice(batching)
    balanced = choice.pop("balanced", False)
    files, labels_ = folders.files_of(path, labels=labels or balanced, **choice)
    shape = (*folders.common_size(path, files, size, on_error), channels)
    in_memory = pipeline.fits_in_memory(len(files), shape)
    if balanced and not in_memory:
        raise ValueError(
            f"{image_files.shown(path)} is too large for memory, where alone balanced=True can be "
            "had. Pass a smaller size, or a limit."
        )
    good, images = folders.read(files, shape, on_error, keep=in_memory)
    labels_ = None if labels_ is None else labels_[good]
    if in_memory:
        options = {"yield_labels": labels, "balanced": balanced}
        return from_arrays(images, labels_, **options, **batching)
    paths = [os.fsencode(files[index]) for index in good]
    decode = image_files.decoder(shape)
    if not labels:
        elements = tf.data.Dataset.from_tensor_slices(paths)
        return pipeline.decoded_batches(elements, decode, **batching)
    elements = tf.data.Dataset.from_tensor_slices((paths, labels_))
    return pipeline.decoded_batches(elements, lambda file, label: (decode(file), label), **batching)


def from_arrays(
    images,
    labels=None,
    *,
    yield_labels=True,
    limit=None,
    class_shares=None,
    without=None,
    balanced=False,
    **batching,
):
    """Images in memory.

    Args:
        images: (count, height, width) or (count, height, width, channels); uint8 in [0, 255] or
            floats in [-1, 1]. Floats in [0, 1] pass, but leave half the range unused: give
            `2 * images - 1` instead.
        labels: Integers (count,), or `None`.
        yield_labels: Whether to yield labels that are given; without, they only choose.
        limit: Number of images to keep at most, of each class its part; `None` for all.
        class_shares: Share of each class to keep, a list in the order of the labels; `None` for
            all.
        without: List of labels whose images are left out; `None` for none.
        balanced: Whether all classes come equally often.
        **batching: `batch_size`, `shuffle`, `seed`, `drop_remainder` of `pipeline.batches`.

    Returns:
        A `tf.data.Dataset` of images, or of (images, labels) where labels are given.

    Raises:
        ValueError: If rank, dtype or range of the images is another, a value is not finite, or
            the labels are not one integer per image; or if labels are missing that `class_shares`,
            `without` or `balanced` need, or one of these is not allowed (`classes.chosen`).

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
    if images.dtype != np.uint8:
        images = _checked_floats(images)
    if labels is not None:
        labels = classes.checked_labels("Labels", labels, len(images))
    if (limit, class_shares, without) != (None, None, None):
        choice = {"limit": limit, "class_shares": class_shares, "without": without}
        kept = classes.chosen(len(images), labels, **choice)
        images, labels = images[kept], None if labels is None else labels[kept]
    if balanced and labels is None:
        raise ValueError("balanced=True needs labels, of which these images have none.")
    batching["balanced_by"] = labels if balanced else None
    yielded = images if labels is None or not yield_labels else (images, labels)
    return pipeline.batches(yielded, **batching)


def _choice(batching):
    """Takes out of a dict of keywords those of `CHOOSING` that choose something."""
    taken = {key: batching.pop(key, None) for key in CHOOSING}
    return {key: value for key, value in taken.items() if value is not None and value is not False}


def _checked_floats(images):
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"Images must be uint8 in [0, 255] or floats in [-1, 1]. Received: {images.dtype}. "
            'If the values are pixels, pass images.astype("uint8").'
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
