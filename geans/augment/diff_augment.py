"""Colour, translation and cutout: DiffAugment."""

import keras
import tensorflow as tf
from keras import ops

from geans import registry
from geans.augment import checks
from geans.types import Config

_STREAM = 2006_10738


@keras.saving.register_keras_serializable(package="geans")
class DiffAugment(registry.Configurable):
    """Random colour, translation and cutout, drawn anew for every image.

    Each transformation applies with probability `strength`, in this order:

    - brightness: adds a number in [-0.5, 0.5) to all pixels;
    - saturation: multiplies the distance from the pixel's mean over the channels by a number in
      [0, 2), which leaves grey images as they are;
    - contrast: multiplies the distance from the image's mean by a number in [0.5, 1.5);
    - translation: moves by whole pixels along each axis and fills with 0, mid-grey;
    - cutout: sets a rectangle to 0; its centre is anywhere, so the border may cut it.

    Args:
        color: Whether to change brightness, saturation and contrast.
        translation: Largest move, as a share of height and width in [0, 1]; 0 turns it off.
        cutout: Sides of the rectangle, as a share of height and width in [0, 1]; 0 turns it off.
        strength: Probability of each transformation, in [0, 1]; 1 in the paper. Below 1, the
            generator imitates transformations less (Karras et al. 2020, arXiv 2006.06676).

    Raises:
        ValueError: If an argument, or the images or the seed of a call, are invalid.

    Reference: Zhao et al. 2020 (arXiv 2006.10738); github.com/mit-han-lab/data-efficient-gans.

    Example:
        >>> augmentation = DiffAugment(translation=0, cutout=0)
        >>> augmentation(ops.zeros((8, 4, 4, 3)), seed=ops.array([0, 1])).shape
        TensorShape([8, 4, 4, 3])
    """

    def __init__(
        self,
        color: bool = True,
        translation: float = 0.125,
        *,
        cutout: float = 0.5,
        strength: float = 1.0,
    ) -> None:
        checks.check_bool("color", color)
        self.color = color
        checks.check_share("translation", translation)
        self.translation = translation
        checks.check_share("cutout", cutout)
        self.cutout = cutout
        checks.check_share("strength", strength)
        self.strength = strength

    def __call__(
        self, images: tf.Tensor, seed: tf.Tensor, strength: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns transformed images, of the shape and dtype of `images`.

        Args:
            images: Float `(batch, height, width, channels)` in [-1, 1]; the output is not clipped.
            seed: Integer tensor `(2,)`; one seed transforms batches of equal size alike.
            strength: Scalar tensor to use instead of `self.strength`.
        """
        images = checks.checked_images(images)
        strength = self.strength if strength is None else strength
        seed = checks.stream_seed(seed, _STREAM)
        # All at once, so that turning one transformation off leaves the others as they were.
        draws = tf.random.stateless_uniform((5, 3, ops.shape(images)[0]), seed)
        used = tf.cast(draws[:, 0] < strength, draws.dtype)
        if self.color:
            images = images + _per_image(used[0] * (draws[0, 1] - 0.5), images)
            images = _spread(images, used[1] * (2 * draws[1, 1] - 1), axis=3)
            images = _spread(images, used[2] * (draws[2, 1] - 0.5), axis=(1, 2, 3))
        if self.translation:
            images = _translated(images, self.translation * used[3], draws[3, 1:])
        if self.cutout:
            images = _cut_out(images, self.cutout * used[4], draws[4, 1:])
        return images

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("color", "translation", "cutout", "strength")
        return {name: getattr(self, name) for name in names}


def _spread(images, amounts, axis):
    mean = ops.mean(images, axis=axis, keepdims=True)
    # An amount of 0 gives back exactly the same numbers: x + 0 (x - mean), not 1 (x - mean) + mean.
    return images + _per_image(amounts, images) * (images - mean)


def _translated(images, shares, draws):
    inside = []
    for axis in (1, 2):
        size = images.shape[axis]
        most = _pixels(size, shares)
        moves = _integers(draws[axis - 1], 2 * most + 1) - most
        sources = tf.range(size) - moves[:, None]
        inside.append((sources >= 0) & (sources < size))
        sources = tf.clip_by_value(sources, 0, size - 1)
        images = tf.gather(images, sources, axis=axis, batch_dims=1)
    return images * _mask(inside, images)


def _cut_out(images, shares, draws):
    inside = []
    for axis in (1, 2):
        size = images.shape[axis]
        sides = _pixels(size, shares)
        # An even rectangle has its centre between two pixels, or on the border.
        first = _integers(draws[axis - 1], size + 1 - sides % 2) - sides // 2
        places = tf.range(size) - first[:, None]
        inside.append((places >= 0) & (places < sides[:, None]))
    return images * (1 - _mask(inside, images))


def _per_image(values, images):
    return tf.cast(values, images.dtype)[:, None, None, None]


def _mask(inside, images):
    rows, columns = inside
    return tf.cast(rows[:, :, None, None] & columns[:, None, :, None], images.dtype)


def _pixels(size, shares):
    return tf.cast(tf.floor(size * shares + 0.5), "int32")


def _integers(draws, counts):
    """Maps numbers in [0, 1) to integers from 0 to `counts` - 1."""
    return tf.cast(tf.floor(draws * tf.cast(counts, draws.dtype)), "int32")
