import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.models import image_pool


def numbered(start, count):
    """Images of one pixel that are their number."""
    return tf.reshape(tf.range(float(start), start + count), (count, 1, 1, 1))


def seed(step):
    return tf.constant([7, step], "int64")


def numbers(images):
    return np.asarray(images).ravel().tolist()


def test_it_fills_first():
    pool = image_pool.ImagePool(5, (1, 1, 1))
    for step in range(2):
        images = numbered(1 + 3 * step, 3)
        np.testing.assert_array_equal(pool(images, seed(step)), images)
    assert numbers(pool.images) == [1, 2, 3, 4, 5]  # The sixth found no place.
    assert pool.filled.numpy() == 5


def test_nothing_is_lost_and_nothing_doubled():
    """What is given, and what is kept in the end, are all images that ever came."""
    pool = image_pool.ImagePool(5, (1, 1, 1))
    given, expected = [], []
    for step in range(50):
        images = numbered(1 + 3 * step, 3)
        given += numbers(pool(images, seed(step)))
        expected += numbers(images)
    filling = 5  # These five were given at once, and kept as well.
    assert sorted(given + numbers(pool.images)) == sorted([*expected, *expected[:filling]])


@pytest.mark.slow
def test_half_of_the_images_are_exchanged_for_any_of_the_pool():
    pool = image_pool.ImagePool(4, (1, 1, 1))
    pool(numbered(0, 4), seed(0))
    exchanged, places = 0, np.zeros(4, int)
    for step in range(1, 401):
        before, new = numbers(pool.images), numbered(4 * step, 2)
        given = numbers(pool(new, seed(step)))
        after = numbers(pool.images)
        places += np.array(before) != after
        exchanged += sum(one != other for one, other in zip(given, numbers(new), strict=True))
    # Of 800 images, with five standard deviations on either side.
    assert exchanged == places.sum() == pytest.approx(400, abs=5 * 14)
    np.testing.assert_allclose(places / exchanged, 1 / 4, atol=5 * np.sqrt(3 / 16 / exchanged))


def test_of_a_batch_larger_than_the_pool_the_rest_passes():
    pool = image_pool.ImagePool(2, (1, 1, 1))
    images = numbered(0, 5)
    assert numbers(pool(images, seed(0))) == numbers(images)
    assert numbers(pool.images) == [0, 1]
    assert numbers(pool(numbered(10, 5), seed(1)))[2:] == [12, 13, 14]


def test_the_seed_decides():
    def run(first_step):
        pool = image_pool.ImagePool(3, (1, 1, 1))
        return [numbers(pool(numbered(3 * i, 3), seed(first_step + i))) for i in range(5)]

    assert run(0) == run(0) != run(5)


def test_a_broken_image_is_not_kept():
    pool = image_pool.ImagePool(2, (1, 1, 1))
    pool(numbered(1, 2), seed(0))
    broken = tf.fill((2, 1, 1, 1), float("nan"))
    for step in range(1, 9):
        assert np.isnan(numbers(pool(broken, seed(step)))).all()
    assert numbers(pool.images) == [1, 2]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_it_is_the_same(jit_compile):
    plain, compiled = (image_pool.ImagePool(3, (2, 2, 1)) for _ in range(2))
    call = tf.function(compiled, jit_compile=jit_compile)
    for step in range(6):
        images = tf.random.stateless_normal((3, 2, 2, 1), seed(step))
        given, expected = call(images, seed(step)), plain(images, seed(step))
        assert given.shape == expected.shape
        if not jit_compile:  # XLA draws other numbers.
            np.testing.assert_array_equal(given, expected)
    assert compiled.filled.numpy() == 3 and np.all(compiled.images.numpy() != 0)


def test_no_gradient_passes():
    pool = image_pool.ImagePool(3, (1, 1, 1))
    images = numbered(0, 2)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(pool(images, seed(0)))
    assert tape.gradient(total, images) is None


def test_it_is_saved_with_a_model(tmp_path):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.pool = image_pool.ImagePool(3, (1, 1, 1))
            self.built = True

    model, other = Model(), Model()
    model.pool(numbered(1, 2), seed(0))
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    assert numbers(other.pool.images) == [1, 2, 0] and other.pool.filled.numpy() == 2


@pytest.mark.parametrize("size", [-1, 1.5, True, None])
def test_bad_sizes_are_refused(size):
    with pytest.raises(ValueError, match="size must be a positive integer"):
        image_pool.ImagePool(size, (1, 1, 1))
