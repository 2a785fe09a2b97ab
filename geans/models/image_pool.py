"""A pool of earlier generated images for the discriminator."""

import keras
import tensorflow as tf

from geans import values


@keras.saving.register_keras_serializable(package="geans")
class ImagePool(keras.layers.Layer):
    """Layer that replaces about half of the generated images by earlier ones.

    Until the pool is full it stores its inputs and returns them. Then it swaps each finite image,
    with probability 1/2, for a random stored one; of a batch larger than the pool, only the first
    images. The pool is saved with the model.

    Args:
        size: Number of stored images, 50 in CycleGAN.
        image_shape: `(height, width, channels)`.
        name: Name of the layer.

    Raises:
        ValueError: If `size` is not a positive integer, or `image_shape` has a `None`.

    Reference: Shrivastava et al. 2017 (arXiv 1612.07828), section 2.3; Zhu et al. 2017, section 4.
    """

    def __init__(self, size, image_shape, name=None):
        super().__init__(name=name, dtype="float32", trainable=False)
        values.check_count("size", size)
        if None in image_shape:
            raise ValueError(
                f"A pool stores images of one size. Received: image_shape={tuple(image_shape)}. "
                "Pass pool_size=0, or make the networks for one size."
            )
        self.size = size
        self.images = self.add_weight(shape=(size, *image_shape), initializer="zeros")
        self.filled = self.add_weight(shape=(), initializer="zeros", dtype="int32")
        self.built = True

    def call(self, images, seed):
        """Returns `images`, some of them replaced; `seed` is an integer tensor of shape `(2,)`."""
        images = tf.stop_gradient(tf.cast(images, "float32"))
        count = tf.minimum(tf.shape(images)[0], self.size)
        filled = tf.convert_to_tensor(self.filled)
        filling = filled < self.size
        draws = tf.random.stateless_uniform((2, self.size), seed)
        order = tf.range(self.size)
        places = tf.where(filling, (filled + order) % self.size, tf.argsort(draws[0]))[:count]
        keep = tf.where(filling, filled + order < self.size, draws[1] < 0.5)[:count]
        before = tf.convert_to_tensor(self.images)
        new, old = images[:count], tf.gather(before, places)
        keep &= tf.reduce_all(tf.math.is_finite(new), axis=(1, 2, 3))
        keep = keep[:, None, None, None]
        kept = tf.where(keep, new, old)
        self.images.assign(tf.tensor_scatter_nd_update(before, places[:, None], kept))
        self.filled.assign(tf.minimum(filled + count, self.size))
        given = tf.where(keep & ~filling, old, new)
        return tf.concat([given, images[count:]], axis=0)
