"""Differentiable augmentation, for training on a few hundred or thousand images.

Real and fake images are transformed alike. `AUGMENTATIONS` lists the names.
"""

import keras
import tensorflow as tf
from keras import ops

from geans import registry, values

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

    def __init__(self, color=True, translation=0.125, *, cutout=0.5, strength=1.0):
        if not isinstance(color, bool):
            raise ValueError(f"color must be True or False. Received: color={color!r}.")
        self.color = color
        self.translation = _share("translation", translation)
        self.cutout = _share("cutout", cutout)
        self.strength = _share("strength", strength)

    def __call__(self, images, seed, strength=None):
        """Returns transformed images, of the shape and dtype of `images`.

        Args:
            images: Float `(batch, height, width, channels)` in [-1, 1]; the output is not clipped.
            seed: Integer tensor `(2,)`; one seed transforms batches of equal size alike.
            strength: Scalar tensor to use instead of `self.strength`.
        """
        images = _checked_images(images)
        strength = self.strength if strength is None else strength
        # A stream of its own, since penalties draw from the same seed; and all numbers at once, so
        # that turning one transformation off leaves the others as they were.
        seed = tf.random.fold_in(_checked_seed(seed), tf.constant(_STREAM, "int64"))
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

    def get_config(self):
        """Returns the constructor's arguments."""
        names = ("color", "translation", "cutout", "strength")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable(package="geans")
class Adaptive(registry.Configurable):
    """An augmentation whose strength p follows how far the discriminator overfits.

    p rises while r is above `target` and falls while it is below, where on augmented real images

        r = E[sign(D(real))]

    is 0 if the discriminator cannot decide and 1 if it is sure of all. This is ADA's controller
    for the transformations of `DiffAugment`, which lack rotations and scalings. p is a weight of
    the model, 0 after `compile`, and its epoch mean is logged by `fit` as `augmentation_strength`.

    Args:
        augmentation: Name or object of a `DiffAugment`; its `strength` is the largest p.
        target: Target of r, between 0 and 1 (both excluded); .6 in the paper.
        ramp: Images seen by the discriminator in which p can rise from 0 to 1. The paper's 500,000
            are for trainings of millions; use some percent of yours, and many times GEAN's window.
        interval: Generator updates between two changes of p; 4 in the paper.

    Raises:
        ValueError: If an argument is out of range or the loss of `compile` gives signs no meaning.

    Reference: Karras et al. 2020 (arXiv 2006.06676), section 3.

    Example:
        >>> Adaptive(DiffAugment(cutout=0.25, strength=0.8), ramp=50_000).augmentation.strength
        0.8
    """

    def __init__(self, augmentation="diff_augment", target=0.6, *, ramp=20_000, interval=4):
        self.augmentation = get(augmentation)
        if not isinstance(self.augmentation, DiffAugment):
            raise ValueError(
                "augmentation must be 'diff_augment' or a geans.augment.DiffAugment. Received: "
                f"augmentation={augmentation!r}."
            )
        if not values.is_number(target) or not 0 < target < 1:
            raise ValueError(f"target must be above 0 and below 1. Received: target={target!r}.")
        self.target = target
        values.check_count("ramp", ramp, most=10**12)
        self.ramp = ramp
        values.check_count("interval", interval)
        self.interval = interval

    def __call__(self, images, seed, strength=0.0):
        """Returns images transformed by `DiffAugment` with probability `strength`, a scalar."""
        return self.augmentation(images, seed, strength)

    def get_config(self):
        """Returns the constructor's arguments."""
        numbers = {name: getattr(self, name) for name in ("target", "ramp", "interval")}
        return {"augmentation": keras.saving.serialize_keras_object(self.augmentation), **numbers}


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


def _checked_images(images):
    images = ops.convert_to_tensor(images)
    if images.shape.rank != 4 or None in images.shape[1:] or 0 in images.shape[1:]:
        raise ValueError(
            "Augmentation needs images of shape (batch, height, width, channels), of which only "
            f"the batch may be unknown. Received: shape {images.shape}."
        )
    if not images.dtype.is_floating:
        raise ValueError(
            f"Augmentation needs float images in [-1, 1]. Received: {images.dtype.name}. Scale "
            "them as geans.data does: x / 127.5 - 1."
        )
    return images


def _checked_seed(seed):
    seed = ops.convert_to_tensor(seed)
    if seed.shape != (2,) or not seed.dtype.is_integer:
        raise ValueError(
            f"seed must be an integer tensor of shape (2,). Received: {seed.dtype.name} of shape "
            f"{seed.shape}."
        )
    return seed


def _share(name, value):
    if not values.is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1. Received: {name}={value!r}.")
    return value


AUGMENTATIONS = {"diff_augment": DiffAugment, "adaptive": Adaptive}


def get(identifier):
    """Returns the augmentation of a name, a class, an object or `None`; see `registry.get`."""
    kinds = tuple(AUGMENTATIONS.values())
    return registry.get("augmentation", identifier, AUGMENTATIONS, kinds, optional=True)
