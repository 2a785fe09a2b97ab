"""Geometry and colour: the transformations of ADA."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from geans import registry
from geans.augment import checks, resampling
from geans.types import Config

_STREAM = 2006_06676
_DRAWN = (
    *("mirror", "rotate90", "move", "scale", "turn", "stretch", "second_turn", "shift"),
    *("brightness", "contrast", "luma_flip", "hue", "saturation"),
)


@keras.saving.register_keras_serializable(package="geans")
class ADA(registry.Configurable):
    """Random geometry and colour, drawn anew for every image, for a hundred to some thousand.

    Each transformation applies with probability `strength`, in this order; N is a normal number:

    - mirror image, in half of the cases;
    - rotation by 0, 1, 2 or 3 quarters of a turn;
    - translation by whole pixels along each axis;
    - scaling by 2^(scale N);
    - rotation by any angle, before or after the next one, or both;
    - stretching of the width by 2^(scale N), and of the height by its inverse;
    - translation by a fraction `translation` N of each side;
    - brightness: adds 0.2 N to all pixels;
    - contrast: multiplies all pixels by 2^(0.5 N);
    - luma flip: negates the pixel's mean over the channels, in half of the cases;
    - hue: rotates the colour around the grey axis, by any angle;
    - saturation: multiplies the distance from grey by 2^N.

    All geometry is one bilinear resampling that continues an image by its mirror image, where the
    paper filters at twice the resolution. Grey images, of one channel, have no hue or saturation.

    Three transformations of the paper are off: mirror images, since text and all that has a left
    and a right would be learnt both ways round; quarters of a turn, since most images have a top;
    and the luma flip, since a negative is far from any photo, and from black backgrounds. The
    paper's rotations are by up to half a turn. For data without a top, such as textures or
    pictures from above, pass `mirror=True, rotate90=True, rotation=0.5`.

    Args:
        color: Whether to change brightness, contrast, hue and saturation.
        translation: Largest move by whole pixels, as a share of width and height in [0, 1], and
            standard deviation of the other one; 0 turns both off.
        scale: Standard deviation of scalings, in powers of two from 0 to 1; 0 turns them off.
        rotation: Largest angle, as a share of a turn in [0, 0.5]; 0 turns rotations off.
        mirror: Whether to mirror left and right.
        rotate90: Whether to rotate by quarters of a turn, for square images.
        luma_flip: Whether to turn light and dark around.
        strength: Probability of each transformation, in [0, 1]. Below .8, says the paper, it is
            unlikely that generators imitate transformations.

    Raises:
        ValueError: If an argument, or the images or the seed of a call, are invalid.

    Reference: Karras et al. 2020 (arXiv 2006.06676), appendix B.

    Example:
        >>> augmentation = ADA(mirror=True, strength=0.4)
        >>> augmentation(ops.zeros((8, 4, 4, 3)), seed=ops.array([0, 1])).shape
        TensorShape([8, 4, 4, 3])
    """

    def __init__(
        self,
        color: bool = True,
        translation: float = 0.125,
        *,
        scale: float = 0.2,
        rotation: float = 0.05,
        mirror: bool = False,
        rotate90: bool = False,
        luma_flip: bool = False,
        strength: float = 0.6,
    ) -> None:
        checks.check_bool("color", color)
        self.color = color
        checks.check_share("translation", translation)
        self.translation = translation
        checks.check_share("scale", scale)
        self.scale = scale
        checks.check_share("rotation", rotation, most=0.5)
        self.rotation = rotation
        checks.check_bool("mirror", mirror)
        self.mirror = mirror
        checks.check_bool("rotate90", rotate90)
        self.rotate90 = rotate90
        checks.check_bool("luma_flip", luma_flip)
        self.luma_flip = luma_flip
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
        self._check_shape(*images.shape[1:])
        strength = self.strength if strength is None else strength
        draws = _Draws(ops.shape(images)[0], checks.stream_seed(seed, _STREAM), strength)
        # One plane per channel: its pixels are next to each other, which is twice as quick.
        planes = tf.transpose(images, (0, 3, 1, 2))
        if images.dtype.size < 4:
            planes = tf.cast(planes, "float32")
        if steps := self._geometry(draws, *images.shape[1:3]):
            planes = resampling.affine(planes, functools.reduce(_product, steps))
        if self.color or self.luma_flip:
            matrices, offsets = self._colors(draws, images.shape[3])
            planes = _mixed(planes, tf.cast(matrices, planes.dtype))
            planes += tf.cast(offsets, planes.dtype)[:, None, None, None]
        return tf.cast(tf.transpose(planes, (0, 2, 3, 1)), images.dtype)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("color", "translation", "scale", "rotation", "mirror", "rotate90", "luma_flip")
        return {name: getattr(self, name) for name in (*names, "strength")}

    def _check_shape(self, height, width, channels):
        if self.rotate90 and height != width:
            raise ValueError(
                "rotate90 turns the sides of an image around, which must be square. Received: "
                f"{height} x {width} pixels. Pass rotate90=False."
            )
        if (self.color or self.luma_flip) and channels not in (1, 3):
            raise ValueError(
                "Colours are those of 1 channel (grey) or 3 (red, green, blue). Received: "
                f"{channels} channels. Pass color=False and luma_flip=False."
            )

    def _geometry(self, draws, height, width):
        """Returns matrices `(batch, 3, 3)` whose product maps pixels of the output to the input.

        Each undoes a transformation, but what is drawn is as probable as what undoes it.
        """
        steps = []
        if self.mirror:
            steps.append(_scaling(_signs(draws.uniform("mirror")), 1))
        if self.rotate90:
            quarters = tf.floor(2 * draws.uniform("rotate90"))
            # Rounded, so that pixels go to pixels: the cosine of a quarter is not quite 0.
            steps.append(tf.round(_turning(quarters / 4)))
        if self.translation:
            moves = (self.translation * draws.uniform("move", axis) for axis in (0, 1))
            steps.append(_moving(*map(tf.round, _times(moves, (width, height)))))
        if self.scale:
            factors = 2 ** (self.scale * draws.normal("scale"))
            steps.append(_scaling(factors, factors))
        if self.rotation:
            steps.append(_turning(self.rotation * draws.uniform("turn")))
        if self.scale:
            factors = 2 ** (self.scale * draws.normal("stretch"))
            steps.append(_scaling(factors, 1 / factors))
        if self.rotation:
            steps.append(_turning(self.rotation * draws.uniform("second_turn")))
        if self.translation:
            moves = (self.translation * draws.normal("shift", axis) for axis in (0, 1))
            steps.append(_moving(*_times(moves, (width, height))))
        return steps

    def _colors(self, draws, channels):
        """Returns matrices `(batch, channels, channels)` and numbers `(batch,)` to add.

        The paper's product of matrices, multiplied out: with a the grey axis, P = a a^T, Q = I - P
        and K the cross product with a, it is contrast (+-P + saturation (cos(hue) Q + sin(hue) K)).
        """
        on = int(self.color)
        contrast = 2 ** (on * 0.5 * draws.normal("contrast"))
        saturation = 2 ** (on * draws.normal("saturation"))
        hue = on * math.pi * draws.uniform("hue")
        luma = _signs(int(self.luma_flip) * draws.uniform("luma_flip"))
        along = np.full((channels, channels), 1 / channels, "float32")
        across = np.eye(channels, dtype="float32") - along
        around = np.zeros_like(along)
        if channels == 3:
            around = np.float32([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(np.float32(3))
        # As a change of the identity, which thus stays exact where nothing is used.
        change = _each(luma - 1) * along + _each(saturation * tf.cos(hue) - 1) * across
        change += _each(saturation * tf.sin(hue)) * around
        brightness = on * 0.2 * draws.normal("brightness")
        matrices = _each(contrast) * (np.eye(channels, dtype="float32") + change)
        return matrices, contrast * luma * brightness


class _Draws:
    """Random numbers of each image for a transformation: 0, for no change, where it is not used.

    All are drawn at once, so that turning one transformation off leaves the others as they were.
    """

    def __init__(self, count, seed, strength):
        uniform_seed, normal_seed = tf.unstack(tf.random.split(seed, 2))
        drawn = tf.random.stateless_uniform((len(_DRAWN), 3, count), uniform_seed)
        self._uniform = 2 * drawn[:, 1:] - 1
        self._normal = tf.random.stateless_normal((len(_DRAWN), 2, count), normal_seed)
        strength = tf.cast(strength, drawn.dtype)
        # One or both of two rotations: together with probability `strength`.
        of_one = 1 - tf.sqrt(1 - strength)
        limits = [of_one if name.endswith("turn") else strength for name in _DRAWN]
        self._used = tf.cast(drawn[:, 0] < tf.stack(limits)[:, None], drawn.dtype)

    def uniform(self, name, axis=0):
        """Returns numbers in [-1, 1), `(batch,)`."""
        return self._of(self._uniform, name, axis)

    def normal(self, name, axis=0):
        """Returns numbers of mean 0 and standard deviation 1, `(batch,)`."""
        return self._of(self._normal, name, axis)

    def _of(self, numbers, name, axis):
        index = _DRAWN.index(name)
        return self._used[index] * numbers[index, axis]


def _mixed(planes, matrices):
    """Multiplies channels by matrices `(batch, channels, channels)`, and gradients likewise."""

    @tf.custom_gradient
    def mix(planes):
        # Not a matrix product, in which GPUs round numbers to ten bits.
        columns = matrices[..., None, None]
        mixed = sum(planes[:, i : i + 1] * columns[:, :, i] for i in range(planes.shape[1]))
        return mixed, lambda slopes: _mixed(slopes, tf.transpose(matrices, (0, 2, 1)))

    return mix(planes)


def _signs(numbers):
    """1 or -1, as often; 1 for 0."""
    return 1 - 2 * tf.cast(numbers > 0, numbers.dtype)


def _times(numbers, factors):
    return [number * factor for number, factor in zip(numbers, factors, strict=True)]


def _each(numbers):
    return numbers[:, None, None]


def _scaling(x, y):
    return _affine(x, 0, 0, 0, y, 0)


def _turning(turns):
    angles = 2 * math.pi * turns
    return _affine(tf.cos(angles), -tf.sin(angles), 0, tf.sin(angles), tf.cos(angles), 0)


def _moving(x, y):
    return _affine(1, 0, x, 0, 1, y)


def _affine(*entries):
    """Returns matrices of two rows of tensors `(batch,)` or numbers, and the row 0, 0, 1."""
    zero = 0 * sum(entries)
    return tf.reshape(tf.stack([each + zero for each in (*entries, 0, 0, 1)], axis=1), (-1, 3, 3))


def _product(one, other):
    # Not a matrix product, in which GPUs round numbers to ten bits.
    return tf.reduce_sum(one[:, :, :, None] * other[:, None, :, :], axis=2)
