"""Images of tensorflow-datasets, before they are decoded."""

import urllib.error
import urllib.request

import numpy as np

from geans import values
from geans.data import folders
from geans.files import path_of

TIMEOUT = 5
"""Seconds to wait for the site of a dataset."""


def builder(name, data_dir=None):
    """Returns the builder of a dataset, such as "mnist"; raises `ValueError` if it is unknown."""
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name, data_dir=data_dir and path_of(data_dir))
    except tfds.core.registered.DatasetNotFoundError as error:
        known = tfds.list_builders(with_community_datasets=False)
        raise ValueError(
            f"tensorflow-datasets knows no dataset {name!r}.{values.did_you_mean(name, known)} "
            "List the names with tensorflow_datasets.list_builders()."
        ) from error


def prepare(builder):
    """Downloads a dataset unless it is prepared; raises a `ValueError` if its site is unreachable.

    tensorflow-datasets alone would try again for minutes.
    """
    if builder.is_prepared():
        return
    urls = [url for url in builder.url_infos if url.startswith("http")]
    try:
        for url in urls[:1]:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=TIMEOUT).close()
    except urllib.error.HTTPError:
        pass  # The site is there.
    except OSError as error:
        raise ValueError(
            f"{builder.name} is not prepared in {str(builder.data_path)!r}, and {urls[0]} cannot "
            f"be reached: {error}. Pass data_dir (--data_dir on the command line), a directory in "
            "which tensorflow-datasets has prepared it."
        ) from error
    builder.download_and_prepare()


def image_shape(builder, image_size, labels):
    """Returns the shape of one resulting image.

    Args:
        builder: Builder of the dataset.
        image_size: Size to which images will be resized; `None` for their own.
        labels: Whether the dataset must have labels.

    Raises:
        ValueError: If the dataset has no 8-bit images, or no labels, or needs an `image_size`.
    """
    import tensorflow_datasets as tfds

    features = builder.info.features
    names = sorted(features) if isinstance(features, tfds.features.FeaturesDict) else []
    image = features["image"] if "image" in names else None
    if not isinstance(image, tfds.features.Image) or image.np_dtype != np.uint8:
        raise ValueError(f'{builder.name} has no 8-bit "image" feature. Its features: {names}')
    if labels and "label" not in names:
        raise ValueError(f'{builder.name} has no "label" feature. Its features: {names}')
    sides = folders.sides_of(image_size)
    shape = (*sides, image.shape[-1]) if sides else image.shape
    if None in shape:
        raise ValueError(
            f"{builder.name} has images of shape {image.shape}, where None varies from image to "
            "image. Pass image_size, such as 64, to make them equal."
        )
    return tuple(shape)


def has_classes(builder):
    """Returns whether the dataset has a "label" feature that is a class."""
    import tensorflow_datasets as tfds

    return isinstance(dict(builder.info.features).get("label"), tfds.features.ClassLabel)


def class_names(builder):
    """Returns the names of the classes of a dataset; raises `ValueError` if it has none."""
    if not has_classes(builder):
        raise ValueError(f'{builder.name} has no "label" that is one of some classes.')
    return list(builder.info.features["label"].names)


def encoded_examples(builder, split, labels):
    """Returns a `tf.data.Dataset` of dicts with an encoded "image" and, optionally, a "label"."""
    import tensorflow_datasets as tfds

    wanted = {"image", "label"} if labels else {"image"}
    encoded = {"image": tfds.decode.SkipDecoding()}
    return builder.as_dataset(
        split=split,
        decoders=tfds.decode.PartialDecoding(wanted, decoders=encoded),
        # Its cache would hold the encoded images a second time.
        read_config=tfds.ReadConfig(try_autocache=False),
    )
