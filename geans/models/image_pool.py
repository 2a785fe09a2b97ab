"""Generated images of earlier steps, so that a discriminator does not forget them."""

import keras
import tensorflow as tf

from geans import values


@keras.saving.register_keras_serializable(package="geans")
class ImagePool(keras.layers.Layer):
    """Gives, for every second generated image, one that was generated some time ago.

    Until the pool is full it keeps what comes and gives it back. From then on it keeps each image
    with probability one half, in an equally probable place, and gives the one that was there
    instead. No place is used twice for one batch, so of a batch larger than the pool only the
    first images take part. An image with NaN or infinity is not kept.

    The images are weights of the layer: they are saved and restored with a model.

    Args:
        size: Images that are kept, 50 in CycleGAN.
        image_shape: `(height, width, channels)`.
        name: Name of the layer.

    Raises:
        ValueError: If `size` is not a positive integer.

    Reference:
        Shrivastava, Pfister, Tuzel, Susskind, Wang, Webb 2017, "Learning from Simulated and
        Unsupervised Images through Adversarial Training" (arXiv 1612.07828), section 2.3; by single
        images as in Zhu et al. 2017, section 4.

    Example:

    >>> pool = ImagePool(2, (1, 1, 1))
    >>> images = tf.reshape(tf.range(4.0), (4, 1, 1, 1))
    >>> tf.squeeze(pool(images, tf.constant([0, 0], "int64"))).numpy()
    array([0., 1., 2., 3.], dtype=float32)
    >>> tf.squeeze(pool.images).numpy()
    array([0., 1.], dtype=float32)
    """

    def __init__(self, size, image_shape, name=None):
        super().__init__(name=name, dtype="float32", trainable=False)
        values.check_count("size", size)
        self.size = size
        self.images = self.add_weight(shape=(size, *image_shape), initializer="zeros")
        self.filled = self.add_weight(shape=(), initializer="zeros", dtype="int32")
        self.built = True

    def call(self, images, seed):
        """Images of now and of before.

        Args:
            images: Float tensor `(batch, height, width, channels)`.
            seed: Integer tensor of shape `(2,)`; the same one decides the same.

        Returns:
            Tensor of the same shape.
        """
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
