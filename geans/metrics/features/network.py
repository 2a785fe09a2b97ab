"""Functions from images to features, with a name, a checksum and a resize rule."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureNetwork:
    """A function from images to features, with the facts that a record states.

    Calling it returns a dict of float32 arrays: "features", shape (n, dimension), and, if the
    network classifies, "logits", shape (n, classes). Images are rounded to 8 bits first, as in PNG
    files; points, shape (n, d), are not changed.

    Args:
        name: Name in records, such as "inception-2015-12-05".
        function: From a float32 tensor of images in [-1, 1], shape (n, height, width, channels), to
            a tensor (n, dimension), or a dict of "features" and "logits". It resizes if necessary.
        checksum: First 12 hexadecimal digits of the SHA-256 of its weights; "none" without weights.
        resize: Short description of how it resizes images; "none" if it does not.
        image_shape: Accepted (height, width, channels), `None` for any; `None` alone: also points.

    Raises:
        ValueError: When called, if images have another shape, are integers other than uint8 or
            beyond [-1, 1], or the function returns something else; if values are not finite, it is
            a `FloatingPointError`, too.

    Example:
        >>> mean = FeatureNetwork("mean", lambda images: tf.reduce_mean(images, axis=(1, 2)))
        >>> mean(np.full((5, 8, 8, 3), 255, "uint8"))["features"].tolist()[0]
        [1.0, 1.0, 1.0]
    """

    name: str
    function: Callable[[tf.Tensor], tf.Tensor | dict[str, tf.Tensor]]
    checksum: str = "none"
    resize: str = "none"
    image_shape: tuple[int | None, ...] | None = None

    def __call__(self, images: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Returns the features of images, and their logits if there are any."""
        images = self._checked(images)
        found = self.function(tf.convert_to_tensor(images))
        found = found if isinstance(found, dict) else {"features": found}
        arrays = {name: np.asarray(each, "float32") for name, each in found.items()}
        for name, array in arrays.items():
            if array.ndim != 2 or len(array) != len(images):
                raise ValueError(
                    f"Features {self.name!r} must answer {len(images)} images with arrays of shape "
                    f"({len(images)}, dimension). Received: {name} of shape {array.shape}. Pool or "
                    "flatten them."
                )
        return arrays

    def _checked(self, images) -> np.ndarray:
        images = np.asarray(images)
        expected = self.image_shape or (None,) * max(images.ndim - 1, 1)
        fits = images.ndim == len(expected) + 1 and all(
            want in (None, size) for want, size in zip(expected, images.shape[1:], strict=True)
        )
        if not fits:
            raise ValueError(
                f"Features {self.name!r} take images of shape (n, height, width, channels) = "
                f"{('n', *expected)}, where None is any number. Received: shape {images.shape}."
            )
        if images.ndim == 4:
            return to_pixels(images).astype("float32") / np.float32(127.5) - 1
        images = images.astype("float32")
        feature_arrays.check_samples("samples", images)
        return images


def to_pixels(images: np.ndarray) -> np.ndarray:
    """Returns images as uint8; raises a `ValueError` unless they are that or floats in [-1, 1]."""
    feature_arrays.check_images("images", images)
    if images.dtype == np.uint8:
        return images
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype("uint8")
