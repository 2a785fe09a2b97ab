import numpy as np
import pytest

from geans import data, metrics

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


def local_terms(one, other):
    """Luminance and contrast-structure of every window, by the definition of Wang et al. 2004."""
    offsets = np.arange(11) - 5
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    x, y = (np.lib.stride_tricks.sliding_window_view(each, (11, 11)) for each in (one, other))

    def mean(values):
        return np.sum(window * values, axis=(-2, -1))

    mean_x, mean_y = mean(x), mean(y)
    x, y = x - mean_x[..., None, None], y - mean_y[..., None, None]
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return luminance, (2 * mean(x * y) + C2) / (mean(x * x) + mean(y * y) + C2)


def halved(image):
    image = np.pad(image, [(0, side % 2) for side in image.shape], mode="symmetric")
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def expected_ms_ssim(one, other, weights):
    one, other = one.astype(float), other.astype(float)
    value = 1.0
    for scale, weight in enumerate(np.array(weights) / np.sum(weights)):
        luminance, contrast = local_terms(one, other)
        last = scale == len(weights) - 1
        value *= np.mean(luminance * contrast if last else contrast) ** weight
        one, other = halved(one), halved(other)
    return value


@pytest.mark.parametrize(
    "height, width, weights",
    [
        (11, 11, [1]),
        (20, 30, [1]),
        (21, 30, [0.0448, 0.2856]),
        (28, 28, [0.0448, 0.2856]),
        (41, 47, [0.0448, 0.2856, 0.3001]),
        (81, 82, [0.0448, 0.2856, 0.3001, 0.2363]),
        (161, 161, [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]),
    ],
)
def test_agrees_with_the_formula_at_as_many_scales_as_fit(height, width, weights):
    one = noise(height, width, 1)
    # Half of the other image is independent, so that no scale's term is near 0 or 1.
    other = (one // 2 + noise(height, width, 1, seed=1) // 2).astype("uint8")
    value = metrics.ms_ssim_diversity(np.stack([one, other]))
    expected = expected_ms_ssim(one[..., 0], other[..., 0], weights)
    assert 0.2 < expected < 0.95
    assert value == pytest.approx(expected, abs=5e-5)  # TensorFlow computes it in float32.


def test_alike_is_one_and_independent_noise_is_near_zero():
    same = np.repeat(noise(1, 28, 28, 3), 10, axis=0)
    assert metrics.ms_ssim_diversity(same) == pytest.approx(1, abs=1e-6)
    assert 0 <= metrics.ms_ssim_diversity(noise(50, 64, 64, 1)) < 0.05


def test_negatives_are_zero_not_nan():
    image = noise(1, 28, 28, 1)
    assert metrics.ms_ssim_diversity(np.concatenate([image, 255 - image])) == 0


def test_colour_is_the_mean_over_channels():
    images = np.stack([noise(28, 28, 3), noise(28, 28, 3)])
    images[1, ..., 1] = 255 - images[1, ..., 1]  # One channel in three resembles its negative.
    assert metrics.ms_ssim_diversity(images[..., 1:2]) == 0
    assert metrics.ms_ssim_diversity(images) == pytest.approx(2 / 3, abs=1e-6)


def test_floats_are_the_same_images():
    images = noise(20, 28, 28, 1)
    value = metrics.ms_ssim_diversity(images)
    assert metrics.ms_ssim_diversity(images.astype("float32") / 127.5 - 1) == value


def test_few_images_give_the_mean_over_all_pairs():
    a, b, c = images = (noise(1, 28, 28, 1) // 2 + noise(3, 28, 28, 1, seed=1) // 2).astype("uint8")
    pairs = [metrics.ms_ssim_diversity(np.stack(pair)) for pair in ((a, b), (a, c), (b, c))]
    assert len(set(pairs)) == 3
    assert metrics.ms_ssim_diversity(images, pairs=3) == pytest.approx(np.mean(pairs), abs=1e-6)


@pytest.mark.slow
def test_no_image_meets_itself_and_all_meet():
    # One pair in three is alike: (0, 0), (1, 1). An image met by itself would add to that.
    images = np.repeat(np.stack([noise(11, 11, 1), 255 - noise(11, 11, 1)]), 2, axis=0)
    drawn = [metrics.ms_ssim_diversity(images, pairs=5, seed=seed) for seed in range(60)]
    deviation = np.sqrt(1 / 3 * 2 / 3 / (5 * 60))
    assert np.mean(drawn) == pytest.approx(1 / 3, abs=4 * deviation)


def test_the_seed_draws_the_pairs():
    images = noise(100, 28, 28, 1)
    first, again, other = (metrics.ms_ssim_diversity(images, pairs=9, seed=s) for s in (1, 1, 2))
    assert first == again != other


def test_many_pairs_pass_in_blocks(monkeypatch):
    images = noise(10, 28, 28, 1)
    whole = metrics.ms_ssim_diversity(images)
    monkeypatch.setattr("geans.metrics.diversity.PIXELS_AT_ONCE", 7 * 28 * 28)
    assert metrics.ms_ssim_diversity(images) == pytest.approx(whole, abs=1e-6)


def test_a_class_that_collapsed_shows_in_its_own_figure_only():
    images = np.concatenate([noise(20, 28, 28, 1), np.repeat(noise(1, 28, 28, 1), 20, axis=0)])
    order = np.random.default_rng(0).permutation(40)
    labels = np.repeat([3, 8], 20)
    values = metrics.ms_ssim_per_class(images[order], labels[order])
    assert list(values) == [3, 8]
    assert values[3] < 0.1 and values[8] == pytest.approx(1, abs=1e-6)
    drawn = metrics.ms_ssim_diversity(images[order][labels[order] == 3], pairs=100)
    assert values[3] == drawn


def test_trousers_resemble_one_another_more_than_clothing_do():
    images, labels = next(iter(data.images.embedded(batch_size=2_000, labels=True, seed=0)))
    values = metrics.ms_ssim_per_class(images, labels)
    assert 0.1 < metrics.ms_ssim_diversity(images) < 0.2
    trousers, bags = values[1], values[8]
    assert 0.4 < trousers < 0.65 and 0.15 < bags < 0.3


@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (1, 28, 28, 1), (5, 10, 28, 1), (5, 28, 10, 1), (5, 28, 28, 0)]
)
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=rf"at least 11 pixels. Received: shape \({shape[0]}"):
        metrics.ms_ssim_diversity(np.zeros(shape))


@pytest.mark.parametrize("dtype", ["int64", "bool", "complex64"])
def test_wrong_types(dtype):
    with pytest.raises(ValueError, match=f"uint8, or floats.*{dtype}"):
        metrics.ms_ssim_diversity(np.zeros((2, 28, 28, 1), dtype))


def test_diverged_images():
    images = np.zeros((5, 28, 28, 1))
    images[1, 2, 3], images[4, 0, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match="2 of 5 images"):
        metrics.ms_ssim_diversity(images)


@pytest.mark.parametrize("options", [{"pairs": 0}, {"pairs": 2.5}, {"seed": -1}, {"seed": 0.5}])
def test_wrong_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"Received: {name}="):
        metrics.ms_ssim_diversity(noise(5, 28, 28, 1), **options)


@pytest.mark.parametrize("labels", [[0, 0, 1], [0.0, 0.0, 1.0, 1.0], [[0, 0, 1, 1]]])
def test_wrong_labels(labels):
    with pytest.raises(ValueError, match="labels must be 4 integers"):
        metrics.ms_ssim_per_class(noise(4, 28, 28, 1), labels)


def test_a_class_of_one_image():
    with pytest.raises(ValueError, match="one image only of class 7"):
        metrics.ms_ssim_per_class(noise(4, 28, 28, 1), [2, 2, 7, 2])
