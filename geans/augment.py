"""Differentiable augmentation: what lets a GAN train on a few hundred or thousand images.

The discriminator never sees a plain image, real or fake, but a randomly transformed one, so it
cannot learn the few real ones by heart; the generator's gradient passes through the
transformation. Augmenting the real images alone would teach the generator to make augmented ones.
`AUGMENTATIONS` lists the names.
"""

import keras
import tensorflow as tf
from keras import ops

from geans import registry, values

_STREAM = 2006_10738


@keras.saving.register_keras_serializable(package="geans")
class DiffAugment:
    """Random colour, translation and cutout, drawn anew for every image.

    `augmentation(images, seed)` receives

    - `images`: float batch of shape (batch, height, width, channels) in [-1, 1], real or fake;
    - `seed`: integer tensor of shape (2,), new at each step, as `tf.random.stateless_*` takes it.
      Two batches of one size get the same transformations from the same seed, image by image
      (compiled by XLA, TensorFlow draws other numbers, again the same for both).

    and returns images of the same shape and dtype. Colours are not clipped and may leave [-1, 1].
    In this order, each with the probability `strength`:

    - brightness: adds a number in [-0.5, 0.5) to all pixels;
    - saturation: multiplies the distance from the pixel's mean over the channels by a number in
      [0, 2), which changes nothing in grey images of one channel;
    - contrast: multiplies the distance from the image's mean by a number in [0.5, 1.5);
    - translation: moves by whole pixels along each axis; what comes in is 0, mid-grey;
    - cutout: sets a rectangle to 0. Its centre is anywhere, so the border may cut it.

    Args:
        color: whether to change brightness, saturation and contrast.
        translation: largest move, as a share of height and width in [0, 1]; 0 turns it off.
        cutout: sides of the rectangle, as a share of height and width in [0, 1]; 0 turns it off.
        strength: probability in [0, 1] of each transformation, for each image; 1 is the paper's.
            Below it some images arrive untransformed, so that the discriminator can object to
            transformations that the generator imitates (Karras et al. 2020, arXiv 2006.06676).

    Raises:
        ValueError: an argument is out of range; when called, `images` are no float batch of rank 4
            with known height, width and channels, or `seed` is not two integers.

    Reference: Zhao et al. 2020 (arXiv 2006.10738); the ranges are those of the
    authors' code (github.com/mit-han-lab/data-efficient-gans).

    Example:

    >>> augmentation = DiffAugment(translation=0, cutout=0)
    >>> real, fake, seed = ops.zeros((8, 4, 4, 3)), ops.ones((8, 4, 4, 3)), ops.array([0, 1])
    >>> difference = augmentation(fake, seed) - augmentation(real, seed)
    >>> bool(ops.all(ops.isclose(difference, 1.0)))
    True
    """

    def __init__(self, color=True, translation=0.125, *, cutout=0.5, strength=1.0):
        if not isinstance(color, bool):
            raise ValueError(f"color must be True or False. Received: color={color!r}.")
        self.color = color
        self.translation = _share("translation", translation)
        self.cutout = _share("cutout", cutout)
        self.strength = _share("strength", strength)

    def __call__(self, images, seed, strength=None):
        """Transformed images, of the shape and the dtype of `images`.

        Args:
            images: As above.
            seed: As above.
            strength: A scalar tensor in place of `self.strength`.
        """
        images = _checked_images(images)
        strength = self.strength if strength is None else strength
        # A stream of its own, since penalties draw from the same seed; and all numbers at once, so
        # that turning one transformation off leaves the others as they were.
        seed = tf.random.fold_in(_checked_seed(seed), tf.constant(_STREAM, "int64"))
        draws = tf.random.stateless_uniform((5, 3, ops.shape(images)[0]), seed)
        used = tf.cast(draws[:, 0] < strength, draws.dtype)
        if self.color:
            images = _brighter(images, used[0] * (draws[0, 1] - 0.5))
            images = _more_saturated(images, used[1] * (2 * draws[1, 1] - 1))
            images = _more_contrasted(images, used[2] * (draws[2, 1] - 0.5))
        if self.translation:
            images = _translated(images, self.translation * used[3], draws[3, 1:])
        if self.cutout:
            images = _cut_out(images, self.cutout * used[4], draws[4, 1:])
        return images

    def get_config(self):
        """Return the constructor's arguments by name."""
        return {
            "color": self.color,
            "translation": self.translation,
            "cutout": self.cutout,
            "strength": self.strength,
        }

    @classmethod
    def from_config(cls, config):
        """Build the augmentation that `get_config` described."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="geans")
class Adaptive:
    """An augmentation whose strength p follows how far the discriminator overfits.

    How much augmentation a dataset needs depends on its size, and changes while it is trained on:
    too little lets the discriminator learn the images by heart, too much hides them. The share by
    which the discriminator's logits of *augmented real* images are positive rather than negative,

        r = E[sign(D(real))],

    tells: it is 0 where the discriminator cannot decide, and 1 where it is sure of every image that
    it trains on. Where r is above `target`, p rises, below it falls, by a fixed amount per image.

    This is ADA's controller on DiffAugment's transformations; ADA's own, larger set has geometric
    ones (rotations, scalings) as well. The object is a plain setting: p is a weight of the model
    that trains with it, 0 after `compile`, saved with it, and in its history as
    `augmentation_strength`, the mean of an epoch. It moves when the generator has moved, so it is
    the same throughout a window of GEAN.

    Args:
        augmentation: Name or object of a `DiffAugment`, whose `strength` p never exceeds.
        target: The r that p steers towards, above 0 and below 1; .6 is the paper's.
        ramp: Images (as the discriminator sees them, one seen twice counts twice) in which p can
            rise from 0 to 1. The paper's 500,000 are for trainings of millions: take some percent
            of what the training will see. With long windows, many times a window.
        interval: Updates of the generator between two changes of p; 4 is the paper's.

    Raises:
        ValueError: An argument is out of range; in `compile`, the loss leaves the sign of a logit
            without meaning.

    Reference: Karras et al. 2020, "Training generative adversarial networks with limited data"
    (arXiv 2006.06676), section 3.

    Example:

    >>> augmentation = Adaptive(DiffAugment(cutout=0.25, strength=0.8), ramp=50_000)
    >>> images, seed = ops.ones((8, 4, 4, 3)), ops.array([0, 1])
    >>> bool(ops.all(augmentation(images, seed, strength=0.0) == images))
    True
    """

    def __init__(self, augmentation="diff_augment", target=0.6, *, ramp=20_000, interval=4):
        self.augmentation = get(augmentation)
        if not isinstance(self.augmentation, DiffAugment):
            raise ValueError(
                "augmentation must be 'diff_augment' or a geans.augment.DiffAugment. Received: "
                f"augmentation={augmentation!r}."
            )
        if not values.is_number(target) or not 0 < target < 1:
            raise ValueError(
                f"target must be a number above 0 and below 1. Received: target={target!r}."
            )
        self.target = target
        values.check_count("ramp", ramp, most=10**12)
        self.ramp = ramp
        values.check_count("interval", interval)
        self.interval = interval

    def __call__(self, images, seed, strength=0.0):
        """Transformed images: `DiffAugment` with the probability `strength`, a scalar."""
        return self.augmentation(images, seed, strength)

    def get_config(self):
        """Return the constructor's arguments by name."""
        return {
            "augmentation": keras.saving.serialize_keras_object(self.augmentation),
            "target": self.target,
            "ramp": self.ramp,
            "interval": self.interval,
        }

    @classmethod
    def from_config(cls, config):
        """Build the augmentation that `get_config` described."""
        return cls(**config)


# An amount of 0 gives back exactly the same numbers: x + 0 (x - mean), not 1 (x - mean) + mean.


def _brighter(images, amounts):
    return images + _per_image(amounts, images)


def _more_saturated(images, amounts):
    grey = ops.mean(images, axis=3, keepdims=True)
    return images + _per_image(amounts, images) * (images - grey)


def _more_contrasted(images, amounts):
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
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
    """From numbers in [0, 1), integers from 0 to `counts` - 1."""
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
    """Return the augmentation that a name, a class, a dict or an augmentation itself stands for.

    Args:
        identifier: a key of `AUGMENTATIONS` (with its default settings), one of these objects or
            its class, what `keras.saving.serialize_keras_object` made of one, or None.

    Returns:
        A `DiffAugment` or an `Adaptive`, or None for None.

    Raises:
        ValueError: `identifier` is none of these.

    Example:

    >>> get("diff_augment").cutout
    0.5
    """
    kinds = tuple(AUGMENTATIONS.values())
    return registry.get("augmentation", identifier, AUGMENTATIONS, kinds, optional=True)
