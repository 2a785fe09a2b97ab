import numpy as np
import pytest
import tensorflow as tf

from geans import augment, penalties

SEED = tf.constant([1, 2])
OFF = {"color": False, "translation": 0, "scale": 0, "rotation": 0}
EVERYTHING = {"mirror": True, "rotate90": True, "rotation": 0.5, "luma_flip": True}
INVALID = (
    ({"color": 1}, "color=1"),
    ({"translation": -0.1}, "translation=-0.1"),
    ({"scale": 1.5}, "scale=1.5"),
    ({"rotation": 0.6}, "from 0 to 0.5. Received: rotation=0.6"),
    ({"rotation": True}, "rotation=True"),
    ({"mirror": 1}, "mirror=1"),
    ({"rotate90": "yes"}, "rotate90='yes'"),
    ({"luma_flip": None}, "luma_flip=None"),
    ({"strength": float("nan")}, "strength=nan"),
)


def images_of(count, *shape):
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype("float32")


def augmented(images, seed=SEED, **settings):
    return np.asarray(augment.ADA(**{"strength": 1, **settings})(images, seed))


def only(**settings):
    return {**OFF, **settings}


def matrices(count, size=9, **settings):
    """Where pixels (x, y, 1) are read, `(count, 2, 3)`: off images of which each shows its place.

    From the centre and the pixels beside it. What is read beyond the border is mirrored.
    """
    half = size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    places = np.tile(np.stack([x, y], axis=2).astype("float32"), (count, 1, 1, 1))
    result = augmented(places, **only(**settings))
    shift = result[:, half, half]
    slopes = (result[:, half, half + 1] - shift, result[:, half + 1, half] - shift)
    return np.stack([*slopes, shift], axis=2)


def colors(count, **settings):
    """Matrices of colours and what is added: off images with black, red, green and blue."""
    pixels = np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype("float32")
    result = augmented(np.tile(pixels, (count, 1, 1, 1)), **only(**settings))[:, 0]
    return np.swapaxes(result[:, 1:] - result[:, :1], 1, 2), result[:, 0]


def drawn(count, **settings):
    """Brightness, contrast, saturation and hue of images without a luma flip."""
    matrix, added = colors(count, color=True, **settings)
    contrast = matrix.sum(axis=(1, 2)) / 3
    # The trace is contrast (1 + 2 saturation cos(hue)).
    cos = (np.trace(matrix, axis1=1, axis2=2) / contrast - 1) / 2
    sin = (matrix[:, 1, 0] - matrix[:, 0, 1]) / contrast * np.sqrt(3) / 2
    return added[:, 0] / contrast, contrast, np.hypot(cos, sin), np.arctan2(sin, cos)


@pytest.mark.parametrize("settings", [{}, EVERYTHING])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_strength_zero_is_the_identity(settings, dtype):
    for channels in (1, 3):
        images = tf.cast(images_of(20, 9, 9, channels), dtype)
        result = augment.ADA(**settings, strength=0)(images, SEED)
        assert result.dtype == dtype
        assert np.array_equal(tf.cast(result, "float64"), tf.cast(images, "float64"))


def test_everything_off_is_the_identity():
    images = images_of(20, 8, 6, 2)
    np.testing.assert_array_equal(augmented(images, **OFF), images)


def test_mirror_turns_half_of_the_images():
    images = images_of(1000, 4, 5, 3)
    result = augmented(images, **only(mirror=True))
    turned = np.all(result == images[:, :, ::-1], axis=(1, 2, 3))
    same = np.all(result == images, axis=(1, 2, 3))
    assert np.all(turned ^ same)
    np.testing.assert_allclose(turned.mean(), 0.5, atol=0.05)


@pytest.mark.parametrize("size", [4, 5])
def test_quarters_of_a_turn_are_exact_and_equally_often(size):
    images = images_of(1000, size, size, 3)
    result = augmented(images, **only(rotate90=True))
    turned = np.stack([np.rot90(images, k, axes=(1, 2)) for k in range(4)])
    found = np.all(result == turned, axis=(2, 3, 4))
    np.testing.assert_array_equal(found.sum(axis=0), 1)
    np.testing.assert_allclose(found.mean(axis=1), 0.25, atol=0.05)


def test_translation_is_by_whole_pixels_and_by_fractions():
    """Sides of 41: up to 4 pixels, and a normal number of standard deviation 4.1."""
    matrix = matrices(1000, 41, translation=0.1, strength=0.5)
    np.testing.assert_allclose(matrix[:, :, :2] - np.eye(2), 0, atol=1e-5)
    shifts = matrix[:, :, 2]
    whole = np.all(np.abs(shifts - np.round(shifts)) < 1e-5, axis=1)
    np.testing.assert_allclose(whole.mean(), 0.5, atol=0.05)
    assert set(np.round(shifts[whole]).ravel()) == set(range(-4, 5))
    # Half of these: of the others, one in 8.2^2 has two zeros for its move.
    np.testing.assert_allclose(np.mean(np.all(shifts == 0, axis=1)), 0.2537, atol=0.05)
    # Both at once. Quartiles, since the largest shifts are mirrored.
    low, high = np.quantile(matrices(1000, 41, translation=0.1)[:, :, 2], [0.25, 0.75])
    expected = np.sqrt(4.1**2 + 4.1**2 / 3)
    np.testing.assert_allclose((high - low) / (2 * 0.6745), expected, rtol=0.1)


def test_scale_is_lognormal_in_both_ways():
    """Width and height are read at 2^(-.2 (N + N')) and 2^(-.2 (N - N')), so that N, N' show."""
    matrix = matrices(3000, scale=0.2)
    np.testing.assert_allclose(matrix[:, [0, 1], [1, 0]], 0, atol=1e-5)
    width, height = np.log2(matrix[:, [0, 1], [0, 1]]).T
    numbers = np.stack([width + height, width - height]) / 2
    np.testing.assert_allclose(numbers.std(axis=1), 0.2, rtol=0.06)
    np.testing.assert_allclose(numbers.mean(axis=1), 0, atol=0.02)
    assert abs(np.corrcoef(numbers)[0, 1]) < 0.08


def test_rotations_are_together_as_probable_as_one():
    matrix = matrices(3000, rotation=0.1, strength=0.36)
    angles = np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]) / (2 * np.pi)
    cos, sin = np.cos(2 * np.pi * angles), np.sin(2 * np.pi * angles)
    expected = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2)
    np.testing.assert_allclose(matrix[:, :, :2], expected, atol=1e-5)
    np.testing.assert_allclose(np.mean(angles != 0), 0.36, atol=0.03)
    # Each by .2, both by .2^2: of the two sums, an eighth of .04 is beyond one rotation's .1.
    assert 0.1 < np.abs(angles).max() <= 0.2
    np.testing.assert_allclose(np.mean(np.abs(angles) > 0.1), 0.04 / 4, atol=0.008)


def test_a_full_rotation_has_every_angle():
    matrix = matrices(2000, rotation=0.5)
    angles = np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]) / np.pi
    np.testing.assert_allclose(
        np.quantile(angles, [0, 0.25, 0.5, 0.75, 1]), [-1, -0.5, 0, 0.5, 1], atol=0.06
    )


def test_pixels_are_square_in_images_that_are_not():
    """A quarter turn by the rotation: what is two pixels above comes two pixels to the side."""
    y, x = np.mgrid[-10:11, -20:21].astype("float32")
    places = np.tile(np.stack([x, y], axis=2), (500, 1, 1, 1))
    result = augmented(places, **only(rotation=0.5))
    one, other = (result[:, 10 + i, 20 + j] - result[:, 10, 20] for i, j in ((2, 0), (0, 2)))
    np.testing.assert_allclose(np.hypot(*one.T), 2, atol=1e-4)
    np.testing.assert_allclose(np.sum(one * other, axis=1), 0, atol=1e-4)


def test_no_borders_are_black():
    images = images_of(100, 12, 12, 1) / 4 + 0.75
    result = augmented(images, color=False, translation=1, scale=1, rotation=0.5)
    assert result.min() >= 0.5 and result.max() <= 1 + 1e-6
    flat = augmented(np.full((100, 6, 6, 1), 0.5, "float32"), color=False, rotation=0.5)
    np.testing.assert_allclose(flat, 0.5, rtol=1e-6)


def test_numbers_of_colors():
    brightness, contrast, saturation, hue = drawn(3000)
    np.testing.assert_allclose([brightness.mean(), brightness.std()], [0, 0.2], atol=0.015)
    np.testing.assert_allclose(np.log2(contrast).mean(), 0, atol=0.04)
    np.testing.assert_allclose(np.log2(contrast).std(), 0.5, rtol=0.05)
    np.testing.assert_allclose(np.log2(saturation).mean(), 0, atol=0.08)
    np.testing.assert_allclose(np.log2(saturation).std(), 1, rtol=0.05)
    quartiles = np.quantile(hue / np.pi, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [-1, -0.5, 0, 0.5, 1], atol=0.06)


@pytest.mark.parametrize("luma_flip", [False, True])
def test_colors_are_the_matrices_of_the_paper(luma_flip):
    """In its order: brightness, contrast, luma flip, hue, saturation; homogeneous, 4 x 4."""
    numbers = zip(*drawn(50), *colors(50, color=True, luma_flip=luma_flip), strict=True)
    axis = np.ones(3) / np.sqrt(3)
    luma = np.outer(axis, axis)
    flipped = 0
    for brightness, contrast, saturation, hue, matrix, added in numbers:
        flip = matrix.sum() < 0
        flipped += flip
        turn = np.cos(hue) * np.eye(3) + np.sin(hue) * np.cross(axis, np.eye(3)).T
        turn += (1 - np.cos(hue)) * luma
        desaturated = luma + saturation * (np.eye(3) - luma)
        expected = desaturated @ turn @ (np.eye(3) - 2 * flip * luma) * contrast
        np.testing.assert_allclose(matrix, expected, atol=1e-4)
        np.testing.assert_allclose(added, expected @ np.full(3, brightness), atol=1e-4)
    assert (10 < flipped < 40) if luma_flip else flipped == 0


def test_hue_and_saturation_keep_the_luma():
    """The mean over the channels is changed by brightness and contrast alone."""
    images = images_of(50, 4, 4, 3)
    brightness, contrast, _, _ = drawn(50)
    result = augmented(images, **only(color=True)).mean(axis=3)
    expected = contrast[:, None, None] * (images.mean(axis=3) + brightness[:, None, None])
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_grey_images_are_transformed_as_three_equal_channels():
    grey = images_of(50, 6, 6, 1)
    for settings in ({}, EVERYTHING):
        three = augmented(np.repeat(grey, 3, axis=3), **settings)
        one = np.repeat(augmented(grey, **settings), 3, axis=3)
        np.testing.assert_allclose(three, one, atol=1e-5)


def test_strength_is_the_probability_of_each_independently():
    numbers = np.stack(drawn(3000, strength=0.3))
    used = np.abs(numbers - [[0], [1], [1], [0]]) > 1e-4
    matrix = matrices(3000, scale=0.2, strength=0.3)
    width, height = np.log2(matrix[:, [0, 1], [0, 1]]).T
    used = [*used, np.abs(width + height) > 1e-4, np.abs(width - height) > 1e-4]
    np.testing.assert_allclose(np.mean(used, axis=1), 0.3, atol=0.035)
    assert np.abs(np.corrcoef(used) - np.eye(6)).max() < 0.08


def test_turning_one_off_leaves_the_others_as_they_were():
    images = np.ones((50, 8, 8, 1), "float32")
    np.testing.assert_allclose(
        augmented(images), augmented(images, translation=0, scale=0, rotation=0), rtol=1e-5
    )


def test_at_one_seed():
    """The numbers of a seed are the same on every machine, so that trainings can be repeated."""
    found = [*np.transpose(drawn(3))[0], *matrices(1, scale=0.2)[0, [0, 1], [0, 1]]]
    expected = [-0.122523, 1.117667, 1.190712, -1.183618, 0.662125, 0.793577]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_its_numbers_are_not_those_that_a_penalty_draws_from_the_seed():
    mixed = []

    def critic(images, training):
        mixed.append(np.ravel(images))
        return images

    zeros, ones = tf.zeros((2000, 1, 1, 1)), tf.ones((2000, 1, 1, 1))
    penalties.GradientPenalty()(critic, zeros, ones, SEED)
    assert np.abs(np.corrcoef(np.stack([*mixed, *drawn(2000)]))[0, 1:]).max() < 0.1


def test_gradient_is_the_adjoint():
    """T(u) = J u + T(0), and <J u, v> = <u, J^T v>, in float64."""
    u, v = (tf.constant(images_of(8, 9, 9, 3) * scale, "float64") for scale in (1, [3, -2, 1]))
    augmentation = augment.ADA(**EVERYTHING, strength=1)
    with tf.GradientTape() as tape:
        tape.watch(u)
        result = augmentation(u, SEED)
    linear = result - augmentation(0 * u, SEED)
    adjoint = tape.gradient(result, u, output_gradients=v)
    np.testing.assert_allclose(tf.reduce_sum(linear * v), tf.reduce_sum(u * adjoint), rtol=1e-10)


def test_second_derivatives_pass_for_penalties():
    """R1 of a linear critic behind it: the gradient of sum(w * T(x)) is the same for every x."""
    weights = tf.Variable(images_of(1, 8, 8, 3)[0])
    images = images_of(5, 8, 8, 3)

    def critic(images, training):
        transformed = augment.ADA(strength=1)(images, SEED)
        return tf.reduce_sum(weights * transformed, axis=(1, 2, 3))

    with tf.GradientTape() as tape:
        value = penalties.R1(1.0)(critic, images, images, SEED)
    # The penalty is quadratic in the weights: its slope along them is twice its value.
    slope = tf.reduce_sum(tape.gradient(value, weights) * weights)
    assert value > 1
    np.testing.assert_allclose(slope, 2 * value, rtol=1e-4)


@pytest.mark.slow
def test_xla_compiles_it_and_its_gradient():
    """Within XLA the same seed gives other numbers."""
    augmentation = augment.ADA(**EVERYTHING, strength=1)
    u, v = (tf.constant(images_of(20, 8, 8, 3) * scale, "float32") for scale in (1, [3, -2, 1]))

    @tf.function(jit_compile=True, autograph=False)
    def linear_and_adjoint(u, v):
        with tf.GradientTape() as tape:
            tape.watch(u)
            result = augmentation(u, SEED)
        linear = result - augmentation(0 * u, SEED)
        return linear, tape.gradient(result, u, output_gradients=v)

    linear, adjoint = linear_and_adjoint(u, v)
    assert np.abs(linear - u).mean() > 0.1
    np.testing.assert_allclose(tf.reduce_sum(linear * v), tf.reduce_sum(u * adjoint), rtol=1e-3)


@pytest.mark.parametrize("arguments, received", INVALID)
def test_invalid_arguments(arguments, received):
    with pytest.raises(ValueError, match=received):
        augment.ADA(**arguments)


def test_quarters_of_a_turn_need_square_images():
    with pytest.raises(ValueError, match="Received: 8 x 6 pixels. Pass rotate90=False"):
        augment.ADA(rotate90=True)(images_of(2, 8, 6, 3), SEED)


@pytest.mark.parametrize("channels", [2, 4])
def test_colors_need_one_channel_or_three(channels):
    with pytest.raises(ValueError, match=f"Received: {channels} channels. Pass color=False"):
        augment.ADA()(images_of(2, 8, 8, channels), SEED)
