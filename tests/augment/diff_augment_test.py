import numpy as np
import pytest
import tensorflow as tf

from geans import augment, penalties

SEED = tf.constant([1, 2])
# What each transformation does, without the others.
ALONE = {
    "color": {"translation": 0, "cutout": 0},
    "translation": {"color": False, "cutout": 0},
    "cutout": {"color": False, "translation": 0},
    "all": {},
}
# What `drawn` reads off images that nothing has changed.
IDENTITY = np.array([[0, 1, 1, 0, 0, -1, -1]]).T
INVALID = (
    ({"color": 1}, "color=1"),
    ({"color": "grey"}, "color='grey'"),
    ({"translation": -0.1}, "translation=-0.1"),
    ({"translation": True}, "translation=True"),
    ({"cutout": 1.5}, "cutout=1.5"),
    ({"cutout": None}, "cutout=None"),
    ({"strength": float("nan")}, "strength=nan"),
    ({"strength": "1"}, "strength='1'"),
)

each_alone = pytest.mark.parametrize("settings", ALONE.values(), ids=ALONE)


def images_of(count, *shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype("float32")


def augmented(images, seed=SEED, **settings):
    return np.asarray(augment.DiffAugment(**settings)(images, seed))


def moved(image, move):
    """The image rolled by NumPy, with zeros where it came round."""
    rows, columns = move
    image = np.roll(image, move, axis=(0, 1))
    image[slice(0, rows) if rows >= 0 else slice(rows, None)] = 0
    image[:, slice(0, columns) if columns >= 0 else slice(columns, None)] = 0
    return image


def moves_of(images, most, **settings):
    """The (rows, columns) by which each image was moved, found by trying all; it must be one."""
    results, moves = augmented(images, **settings), []
    tries = [(i, j) for i in range(-most, most + 1) for j in range(-most, most + 1)]
    for image, result in zip(images, results, strict=True):
        fitting = [move for move in tries if np.array_equal(moved(image, move), result)]
        assert len(fitting) == 1
        moves.append(fitting[0])
    return moves


def contrasts(images, strength=1):
    """By how much the standard deviation of each image grew."""
    results = augmented(images, strength=strength, **ALONE["color"])
    return results.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))


def drawn(count, strength=1):
    """Brightness, saturation, contrast, move (2) and place of the cutout (2), read off images."""
    settings = {"strength": strength}
    # Grey is 0 in each pixel, so the middle channel shows brightness alone; the opposite pixel
    # keeps the image's mean at 0.
    pair = np.zeros((count, 1, 2, 3), "float32")
    pair[:, 0, 0], pair[:, 0, 1] = (1, 0, -1), (-1, 0, 1)
    color = augmented(pair, **settings, **ALONE["color"])
    grey = augmented(np.sign(pair[..., :1] + pair[..., 1:2]), **settings, **ALONE["color"])
    contrast = (grey[:, 0, 0, 0] - grey[:, 0, 1, 0]) / 2
    saturation = (color[:, 0, 0, 0] - color[:, 0, 0, 2]) / 2 / contrast
    dot = np.zeros((count, 9, 9, 1), "float32")
    dot[:, 4, 4] = 1
    dots = augmented(dot, **settings, **ALONE["translation"])
    holes = 1 - augmented(np.ones_like(dot), **settings, **ALONE["cutout"])
    moves, cuts = (
        [_place(some, axis) for axis in (1, 2)] for some in (dots[..., 0], holes[..., 0])
    )
    brightness = color[:, 0, 0, 1]
    numbers = [brightness, saturation, contrast, *(np.array(moves) - 4), *cuts]
    return np.round(numbers, 5)


def _place(ones, axis):
    """Mean index along an axis, or -1 without any."""
    index = np.arange(9).reshape((-1, 1) if axis == 1 else (1, -1))
    total = ones.sum(axis=(1, 2))
    return np.where(total > 0, (ones * index).sum(axis=(1, 2)) / np.maximum(total, 1), -1)


def test_brightness_adds_one_constant_to_all_pixels_of_an_image():
    """Equal pixels leave contrast and saturation nothing to change."""
    added = augmented(np.full((4000, 2, 2, 3), 0.25, "float32"), **ALONE["color"]) - 0.25
    added = added.reshape(4000, -1)
    np.testing.assert_allclose(added, added[:, :1] + np.zeros(12), atol=1e-6)
    quartiles = np.quantile(added[:, 0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [-0.5, -0.25, 0, 0.25, 0.5], atol=0.03)


def test_contrast_scales_around_the_mean_of_the_image():
    images = images_of(2000, 4, 4, 1)
    quartiles = np.quantile(contrasts(images), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [0.5, 0.75, 1, 1.25, 1.5], atol=0.04)
    # Brightness moves the mean, contrast does not: the same numbers move images without contrast.
    flat = augmented(np.zeros_like(images), **ALONE["color"])
    means = [array.mean(axis=(1, 2, 3)) for array in (images, flat)]
    results = augmented(images, **ALONE["color"])
    np.testing.assert_allclose(results.mean(axis=(1, 2, 3)), sum(means), atol=1e-5)


def test_saturation_scales_the_distance_from_grey():
    quartiles = np.quantile(drawn(2000)[1], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quartiles, [0, 0.5, 1, 1.5, 2], atol=0.07)


def test_saturation_leaves_grey_alone():
    """In one channel and in three equal ones."""
    one = images_of(50, 4, 4, 1)
    three = augmented(np.repeat(one, 3, axis=3), **ALONE["color"])
    np.testing.assert_allclose(
        three, np.repeat(augmented(one, **ALONE["color"]), 3, axis=3), atol=1e-6
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_translation_is_a_roll_with_zeros(channels):
    """Sides 16 and 8, an eighth of each: 2 and 1 pixels. All 15 moves come, equally often."""
    moves = moves_of(images_of(600, 16, 8, channels), 2, **ALONE["translation"])
    kinds, counts = np.unique(moves, axis=0, return_counts=True)
    assert kinds.tolist() == [[i, j] for i in range(-2, 3) for j in range(-1, 2)]
    # Chi-square with 14 degrees of freedom: above 36.1 once in 1,000 seeds.
    assert np.sum((counts - 40) ** 2 / 40) < 36.1


def test_translation_at_one_seed():
    """The numbers of a seed are the same on every machine, so that trainings can be repeated."""
    images = images_of(3, 8, 8, 3)
    results = augmented(images, translation=0.25, color=False, cutout=0)
    expected = [moved(*pair) for pair in zip(images, [(2, 1), (-1, 1), (1, -1)], strict=True)]
    np.testing.assert_array_equal(results, expected)


@pytest.mark.parametrize("height, width", [(8, 8), (8, 5), (7, 9)])
def test_cutout_covers_a_rectangle_that_the_border_may_cut(height, width):
    """Along an axis of n pixels, a side of s has n + 1 - s % 2 places, from half outside on."""
    results = augmented(np.ones((3000, height, width, 2), "float32"), **ALONE["cutout"])
    assert set(np.unique(results)) == {0, 1}
    cut = results[..., 0] == 0
    np.testing.assert_array_equal(cut, results[..., 1] == 0)
    rows, columns = cut.any(axis=2), cut.any(axis=1)
    np.testing.assert_array_equal(cut, rows[:, :, None] & columns[:, None, :])
    for seen, size in ((rows, height), (columns, width)):
        side = int(size / 2 + 0.5)
        firsts = np.arange(size + 1 - side % 2) - side // 2
        places = np.arange(size) - firsts[:, None]
        expected = np.unique((places >= 0) & (places < side), axis=0)
        kinds, counts = np.unique(seen, axis=0, return_counts=True)
        np.testing.assert_array_equal(kinds, expected)
        share = 3000 / len(firsts)
        # Chi-square with at most 8 degrees of freedom: above 26.2 once in 1,000 seeds.
        assert np.sum((counts - share) ** 2 / share) < 26.2


def test_share_that_cutout_masks():
    """Sides of 4 in 8 pixels: 2, 3, 4, 4, 4, 4, 4, 3, 2 of them seen, so (30 / 9 / 8)^2 = .1736."""
    results = augmented(np.ones((4000, 8, 8, 1), "float32"), **ALONE["cutout"])
    # The standard deviation of one image's share is .047.
    np.testing.assert_allclose(np.mean(results == 0), (30 / 72) ** 2, atol=4 * 0.047 / 4000**0.5)
    assert np.mean(results == 0, axis=(1, 2, 3)).max() == 0.25


def test_whole_cutout_and_whole_translation():
    images = np.ones((2000, 6, 6, 1), "float32")
    cut = augmented(images, color=False, translation=0, cutout=1)
    assert cut.mean(axis=(1, 2, 3)).min() == 0 and cut.mean() > 0
    moves = augmented(images, color=False, translation=1, cutout=0)
    assert moves.mean(axis=(1, 2, 3)).min() == 0 and moves.mean(axis=(1, 2, 3)).max() == 1


@each_alone
def test_strength_zero_is_the_identity(settings):
    images = images_of(20, 8, 8, 3)
    np.testing.assert_array_equal(augmented(images, strength=0, **settings), images)


def test_everything_off_is_the_identity():
    images = images_of(20, 8, 8, 3)
    off = {"color": False, "translation": 0, "cutout": 0}
    np.testing.assert_array_equal(augmented(images, **off), images)


def test_strength_is_the_probability_of_each_transformation():
    """Of images of one tone: cut with probability .3, brightened with .3, both with .09."""
    results = augmented(np.full((4000, 8, 8, 1), 0.25, "float32"), translation=0, strength=0.3)
    cut = np.any(results == 0, axis=(1, 2, 3))
    brightened = ~np.any(results == 0.25, axis=(1, 2, 3))
    shares = [np.mean(cut), np.mean(brightened), np.mean(cut & brightened)]
    np.testing.assert_allclose(shares, [0.3, 0.3, 0.09], atol=0.03)


def test_strength_draws_contrast_and_translation_too():
    images = images_of(1000, 8, 8, 1)
    changed = np.abs(contrasts(images, 0.3) - 1) > 1e-4
    np.testing.assert_allclose(np.mean(changed), 0.3, atol=0.05)
    results = augmented(images, strength=0.3, **ALONE["translation"])
    # One of the nine moves is none.
    moved_share = np.mean(np.any(results != images, axis=(1, 2, 3)))
    np.testing.assert_allclose(moved_share, 0.3 * 8 / 9, atol=0.05)


@each_alone
def test_real_and_fake_get_the_same_transformation(settings):
    """T is affine in the image: T(real) - T(fake) = T(real - fake) - T(0)."""
    real, fake = images_of(20, 8, 8, 3, seed=1), images_of(20, 8, 8, 3, seed=2)
    transformed = {
        name: augmented(images, **settings)
        for name, images in {"real": real, "fake": fake, "both": real - fake, "0": 0 * fake}.items()
    }
    np.testing.assert_allclose(
        transformed["real"] - transformed["fake"],
        transformed["both"] - transformed["0"],
        atol=1e-5,
    )


@each_alone
def test_follows_its_seed(settings):
    images = images_of(20, 8, 8, 3)
    first, again, wide, other = (
        augmented(images, seed, **settings)
        for seed in (SEED, [1, 2], np.array([1, 2], "int64"), tf.constant([1, 3]))
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, wide)
    changed = np.any(first != other, axis=(1, 2, 3))
    assert np.mean(changed) > 0.5


def test_images_of_a_batch_differ():
    results = augmented(np.repeat(images_of(1, 8, 8, 3), 50, axis=0))
    assert len(np.unique(results.reshape(50, -1), axis=0)) == 50


def test_turning_one_off_leaves_the_others_as_they_were():
    images = np.ones((50, 8, 8, 1), "float32")
    cut = augmented(images, **ALONE["cutout"]) == 0
    everything = augmented(images, translation=0)
    np.testing.assert_array_equal(everything == 0, cut)
    brightness = augmented(images, **ALONE["color"])
    np.testing.assert_array_equal(everything, np.where(cut, 0, brightness))


def test_its_numbers_are_not_those_that_a_penalty_draws_from_the_seed():
    mixed = []
    zeros, ones = tf.zeros((2000, 1, 1, 1)), tf.ones((2000, 1, 1, 1))

    def critic(images, training):
        mixed.append(np.ravel(images))
        return images

    penalties.GradientPenalty()(critic, zeros, ones, SEED)
    everything = np.stack([*mixed, *drawn(2000), *(drawn(2000, 0.5) != IDENTITY)])
    assert np.abs(np.corrcoef(everything)[0, 1:]).max() < 0.1


def test_numbers_of_an_image_do_not_follow_each_other():
    """Seven numbers of each image, and five choices whether a transformation is used."""
    chosen = (drawn(2000, 0.5) != IDENTITY)[[0, 1, 2, 3, 5]]
    # A move of none, one in three along an axis of 9, counts as not used.
    np.testing.assert_allclose(chosen.mean(axis=1), [0.5, 0.5, 0.5, 1 / 3, 0.5], atol=0.05)
    for numbers in (drawn(2000), chosen):
        correlations = np.corrcoef(numbers) - np.eye(len(numbers))
        # Four and a half standard deviations.
        assert np.abs(correlations).max() < 0.1


@pytest.mark.slow
@each_alone
def test_gradient_equals_finite_differences(settings):
    """Of a curved function of the result, with respect to each pixel, in float64."""
    augmentation = augment.DiffAugment(**settings)
    images = tf.constant(images_of(4, 4, 3, 3), "float64")

    def values(images):
        return tf.reduce_sum(tf.sin(2 * augmentation(images, SEED)), axis=(1, 2, 3))

    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(values(images))
    step, slopes = 1e-5, np.empty(images.shape)
    for place in np.ndindex(*images.shape[1:]):
        bump = np.zeros(images.shape)
        bump[:, *place] = step
        slopes[:, *place] = (values(images + bump) - values(images - bump)) / (2 * step)
    assert np.abs(slopes).max() > 0.5
    np.testing.assert_allclose(tape.gradient(total, images), slopes, atol=1e-8)


def test_second_derivatives_pass_for_penalties():
    """R1 of a linear critic behind it: the gradient of sum(w * T(x)) is the same for every x."""
    weights = tf.Variable(images_of(1, 8, 8, 3)[0])
    images = images_of(5, 8, 8, 3)

    def critic(images, training):
        transformed = augment.DiffAugment()(images, SEED)
        return tf.reduce_sum(weights * transformed, axis=(1, 2, 3))

    with tf.GradientTape() as tape:
        value = penalties.R1(1.0)(critic, images, images, SEED)
    # The penalty is quadratic in the weights: its slope along them is twice its value.
    slope = tf.reduce_sum(tape.gradient(value, weights) * weights)
    assert value > 1
    np.testing.assert_allclose(slope, 2 * value, rtol=1e-4)


@each_alone
def test_graph_and_eager_agree(settings):
    augmentation = augment.DiffAugment(**settings)
    images = images_of(20, 8, 8, 3)
    unknown_batch = [tf.TensorSpec((None, 8, 8, 3)), tf.TensorSpec((2,), "int32")]
    graph = tf.function(augmentation.__call__, input_signature=unknown_batch)
    np.testing.assert_allclose(graph(images, SEED), augmentation(images, SEED), atol=1e-6)


@pytest.mark.slow
def test_xla_compiles_it_and_its_gradient():
    augmentation = augment.DiffAugment(color=False)

    @tf.function(jit_compile=True, autograph=False)
    def result_and_gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            result = augmentation(images, SEED)
        return result, tape.gradient(result, images)

    images = images_of(20, 8, 8, 1)
    result, gradient = map(np.asarray, result_and_gradient(tf.constant(images)))
    # A pixel arrives once, with slope 1, or is lost: what arrives adds up.
    assert set(np.unique(gradient)) == {0, 1}
    np.testing.assert_allclose(
        np.sum(result, axis=(1, 2, 3)), np.sum(gradient * images, axis=(1, 2, 3)), atol=1e-4
    )


def test_mean_of_many_pixels_in_half_precision():
    """A sum of 196,608 ones is too much for float16."""
    result = augmented(tf.ones((2, 256, 256, 3), "float16"), **ALONE["color"])
    assert np.all(np.isfinite(result))


@pytest.mark.parametrize("arguments, received", INVALID)
def test_invalid_arguments(arguments, received):
    with pytest.raises(ValueError, match=received):
        augment.DiffAugment(**arguments)
