import numpy as np
import pytest
import tensorflow as tf

from geans.augment import resampling


def matrix(*rows):
    return tf.constant([[*rows, [0, 0, 1]]], "float32")


def turned(degrees):
    """Reads at what a rotation by `degrees`, from x to y, gives."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return matrix([cos, -sin, 0], [sin, cos, 0])


def resampled(image, matrices):
    """Of one image `(height, width)`."""
    return np.asarray(resampling.affine(tf.constant(image)[None, None], matrices))[0, 0]


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-1, 1, (6, 6)).astype("float32")


def test_the_identity_is_exact(image):
    np.testing.assert_array_equal(resampled(image[:5], matrix([1, 0, 0], [0, 1, 0])), image[:5])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarters_of_a_turn(image, quarters):
    """Reading at positions turned from x to y, which points down, turns the image back."""
    expected = np.rot90(image, quarters)
    np.testing.assert_allclose(resampled(image, turned(90 * quarters)), expected, atol=1e-5)


def test_twice_as_large_a_ramp_is_half_as_steep():
    ramp = np.tile(np.arange(-4, 5, dtype="float32"), (3, 1))
    expected = np.tile(np.arange(-4, 5) / 2, (3, 1))
    np.testing.assert_array_equal(resampled(ramp, matrix([0.5, 0, 0], [0, 0.5, 0])), expected)


def test_rotation_of_a_plane():
    """By 30 degrees, x is read as cos(30) x - sin(30) y; far from the border, since it mirrors."""
    y, x = np.mgrid[-8:9, -8:9].astype("float32")
    result = resampled(x, turned(30))[3:-3, 3:-3]
    expected = (np.sqrt(3) / 2 * x - y / 2)[3:-3, 3:-3]
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (2, [2, 3, 2, 1]),
        (-1, [1, 0, 1, 2]),
        (0.25, [0.25, 1.25, 2.25, 2.75]),
        (6, [0, 1, 2, 3]),
        (-303, [3, 2, 1, 0]),
    ],
)
def test_beyond_the_border_the_image_is_mirrored(shift, expected):
    """At the centre of the last pixel; of four pixels, the same comes again after six."""
    row = np.arange(4, dtype="float32")[None]
    np.testing.assert_allclose(resampled(row, matrix([1, 0, shift], [0, 1, 7])), [expected])


def test_a_single_pixel_is_everywhere():
    pixel = np.array([[0.75]], "float32")
    assert resampled(pixel, matrix([0.3, 2, 5.5], [1, 1, -3])) == 0.75


@pytest.mark.parametrize("shape", [(9, 9), (5, 8), (1, 6)])
def test_gradient_is_the_adjoint_and_its_gradient_the_resampling(shape):
    """<A u, v> = <u, A^T v>, in float64; A^T v is linear in v, with the gradient A u."""
    rng = np.random.default_rng(0)
    u, v = (tf.constant(rng.normal(size=(7, 2, *shape))) for _ in range(2))
    matrices = np.tile(np.eye(3, dtype="float32"), (7, 1, 1))
    matrices[:, :2] += rng.normal(size=(7, 2, 3)) * [0.5, 0.5, 3]
    with tf.GradientTape() as outer:
        outer.watch(v)
        with tf.GradientTape() as tape:
            tape.watch(u)
            result = resampling.affine(u, matrices)
        adjoint = tape.gradient(result, u, output_gradients=v)
        product = tf.reduce_sum(u * adjoint)
    np.testing.assert_allclose(tf.reduce_sum(result * v), product, rtol=1e-12)
    np.testing.assert_allclose(outer.gradient(product, v), result, rtol=1e-12)


def test_gradient_equals_finite_differences(image):
    """Of a curved function, with respect to each pixel, in float64."""
    images = tf.constant(image[None, None], "float64")

    def value(images):
        return tf.reduce_sum(tf.sin(3 * resampling.affine(images, turned(20))))

    with tf.GradientTape() as tape:
        tape.watch(images)
        total = value(images)
    slopes = np.empty((6, 6))
    for place in np.ndindex(6, 6):
        bump = np.zeros((1, 1, 6, 6))
        bump[0, 0][place] = 1e-5
        slopes[place] = (value(images + bump) - value(images - bump)) / 2e-5
    np.testing.assert_allclose(tape.gradient(total, images)[0, 0], slopes, atol=1e-8)
