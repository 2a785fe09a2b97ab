import dataclasses
import json

import keras
import numpy as np
import polygon_data as polygons
import polygon_metric
import pytest
from keras import ops

TRIANGLES = polygons.triangles()
# Squared grey levels that float32 cannot tell apart over 784 pixels.
NOTHING = 1e-3


def unit_noise(count, seed=0):
    noise = np.random.default_rng(seed).normal(size=(count, 28, 28, 1))
    return noise / np.sqrt(np.sum(noise**2, axis=(1, 2, 3), keepdims=True))


def noisy(images, distance, seed=0):
    # The distance counts grey levels from 0 to 1, half of those in [-1, 1].
    return (images + 2 * np.sqrt(distance) * unit_noise(len(images), seed)).astype("float32")


def free_triangles(count, seed=0):
    """Corners of any valid triangles, uniform in the image: most are unlike the data."""
    vertices = np.random.default_rng(seed).uniform(0, 28, size=(8 * count, 3, 2))
    return vertices[TRIANGLES.are_valid(vertices)][:count].astype("float32")


def distances(images):
    return polygon_metric.nearest_polygons(images, TRIANGLES)[1]


class Draw(keras.layers.Layer):
    """Four latents to triangles of the data: `spread` 1 for all of them, 0 for one only."""

    def __init__(self, spread):
        super().__init__()
        self.spread = spread

    def call(self, latents):
        uniform = ops.erf(self.spread * latents / np.sqrt(2)) / 2 + 0.5
        offsets = 10 + 110 * uniform[:, :3] + 2 * np.pi * uniform[:, 3:]
        angles = (offsets + ops.convert_to_tensor([0.0, 120.0, 240.0])) * (np.pi / 180)
        circle = ops.stack([ops.cos(angles), ops.sin(angles)], axis=-1)
        return TRIANGLES.draw(14 + 10.5 * (circle - ops.mean(circle, axis=1, keepdims=True)))


def perfect_generator(spread=1.0):
    latents = keras.Input((4,))
    return keras.Model(latents, Draw(spread)(latents))


class Add(keras.layers.Layer):
    def __init__(self, constant):
        super().__init__()
        self.constant = constant

    def call(self, images):
        return images + self.constant


def disturbed_generator(distance):
    perfect = perfect_generator()
    noise = (2 * np.sqrt(distance) * unit_noise(1)).astype("float32")
    return keras.Model(perfect.input, Add(noise)(perfect.output))


@pytest.mark.nightly
def test_polygons_of_the_data_are_at_no_distance():
    vertices, found = polygon_metric.nearest_polygons(TRIANGLES.sample(60, seed=1), TRIANGLES)
    assert found.max() < NOTHING and found.dtype == np.float32
    # Which corner comes first, the image does not say.
    real = TRIANGLES.sample_vertices(60, seed=1)
    turns = [np.abs(np.roll(vertices, turn, axis=1) - real).max(axis=(1, 2)) for turn in range(3)]
    assert np.min(turns, axis=0).max() < 0.02


@pytest.mark.slow
def test_distances_are_those_of_the_polygons_found():
    images = noisy(TRIANGLES.sample(20, seed=2), 3.0)
    vertices, found = polygon_metric.nearest_polygons(images, TRIANGLES)
    differences = np.asarray(TRIANGLES.draw(vertices), "float64") - images
    np.testing.assert_allclose(found, np.sum(differences**2, axis=(1, 2, 3)) / 4, rtol=1e-4)
    assert TRIANGLES.are_valid(vertices).all()


@pytest.mark.nightly
@pytest.mark.parametrize("distance", [0.1, 0.75, 4.0])
def test_noise_adds_its_own_norm_and_never_more(distance):
    found = distances(noisy(TRIANGLES.sample(40, seed=3), distance))
    assert found.max() < distance * 1.0001
    # Six of 784 directions, those of the corners, can undo their share of the noise: on average
    # 6 / 784 of it.
    assert found.mean() == pytest.approx(distance * (1 - 6 / 784), rel=0.005)


@pytest.mark.nightly
def test_triangles_unlike_the_data_are_triangles():
    found = distances(np.asarray(TRIANGLES.draw(free_triangles(100))))
    assert np.mean(found < NOTHING) > 0.97


@pytest.mark.parametrize("background", [-0.5, 0.9])
def test_grey_is_no_triangle(background):
    # Of the many pixels, each has its share of the difference.
    images = TRIANGLES.sample(5, seed=4)
    images = np.where(images == 1, background, images).astype("float32")
    lost = np.sum(images == background, axis=(1, 2, 3)) * ((1 - background) / 2) ** 2
    found = distances(images)
    assert (found > 0.5 * lost).all() and (found > polygon_metric.THRESHOLD).all()


def far_images():
    y, x = np.indices((28, 28)) + 0.5
    disc = np.where((x - 14) ** 2 + (y - 14) ** 2 < 64, -1, 1)
    halves = np.where((np.abs(x - 7) < 4) | (np.abs(x - 21) < 4), -1, 1)
    two = np.minimum(*TRIANGLES.sample(40, seed=5)[[0, 7]])
    return {
        "blank": np.ones((28, 28, 1)),
        "black": -np.ones((28, 28, 1)),
        "static": np.tanh(28 * 2 * unit_noise(1)[0]),
        "disc": disc[..., None],
        "two bars": halves[..., None],
        "two triangles": two,
        "white on black": -TRIANGLES.sample(1)[0],
    }


def test_what_is_no_triangle_is_far():
    images = far_images()
    found = distances(np.stack(list(images.values())).astype("float32"))
    assert dict(zip(images, found > 4, strict=True)) == dict.fromkeys(images, True)


@pytest.mark.nightly
@pytest.mark.parametrize("sides", [4, 6])
def test_other_polygons(sides):
    shape = polygons.Polygons(sides)
    images = shape.sample(20, seed=6)
    vertices, found = polygon_metric.nearest_polygons(images, shape)
    assert found.max() < NOTHING and shape.are_valid(vertices).all()
    # A triangle is a polygon with corners that coincide, but a hexagon is no triangle.
    assert (distances(images) > polygon_metric.THRESHOLD).all()


@pytest.mark.nightly
def test_the_number_of_images_changes_nothing():
    # 101 images have 505 starts: more than are searched at once.
    images = noisy(TRIANGLES.sample(101, seed=7), 2.0)
    alone, together = distances(images[-1:]), distances(images)
    np.testing.assert_allclose(together[-1:], alone, rtol=1e-4)


@pytest.mark.nightly
def test_a_perfect_generator_has_precision_and_recall():
    found = polygon_metric.precision_recall(perfect_generator(), TRIANGLES, samples=25)
    assert found.precision == 1
    assert found.recall > 0.9
    assert found.f1 == pytest.approx(2 * found.recall / (1 + found.recall))
    assert (found.threshold, found.samples) == (0.75, 25)


@pytest.mark.nightly
def test_a_collapsed_generator_has_precision_only():
    found = polygon_metric.precision_recall(perfect_generator(0.0), TRIANGLES, samples=25)
    assert found == polygon_metric.PrecisionRecall(1.0, 0.0, 0.0, 0.75, 25)


@pytest.mark.nightly
def test_precision_falls_where_noise_passes_the_threshold():
    shares = [
        polygon_metric.precision_recall(disturbed_generator(distance), TRIANGLES, samples=20)
        for distance in (0.6, 0.9)
    ]
    assert [share.precision for share in shares] == [1, 0]
    # Of the polygons, too: what the generator makes is off by this noise.
    assert shares[0].recall > 0.9 and shares[1].recall == shares[1].f1 == 0


@pytest.mark.slow
def test_inversion_finds_latents_that_it_may_have():
    generator = perfect_generator()
    drawn = keras.random.normal((30, 4), seed=1)
    latents, found = polygon_metric.nearest_latents(generator(drawn), generator)
    assert np.mean(found < 0.1) > 0.9
    assert np.linalg.norm(latents, axis=1).max() < np.sqrt(4) + 4 + 1e-4
    differences = np.asarray(generator(latents)) - np.asarray(generator(drawn))
    np.testing.assert_allclose(found, np.sum(differences**2, (1, 2, 3)) / 4, rtol=1e-3, atol=1e-3)


def test_latents_beyond_the_ball_are_not_found():
    # White for short latents, black for those of a norm above 9.
    latents = keras.Input((1,))
    images = keras.layers.Reshape((28, 28, 1))(
        keras.layers.Dense(
            784,
            kernel_initializer="ones",
            bias_initializer=keras.initializers.Constant(-9),
            activation=lambda x: -ops.tanh(x),
        )(latents)
    )
    generator = keras.Model(latents, images)
    found, far = polygon_metric.nearest_latents(-np.ones((1, 28, 28, 1), "float32"), generator)
    assert found[0, 0] == pytest.approx(5, abs=1e-4)
    assert far[0] > 700


@pytest.mark.nightly
def test_the_seed_decides():
    def measured(seed):
        return polygon_metric.precision_recall(
            disturbed_generator(0.7555), TRIANGLES, samples=20, seed=seed
        )

    assert measured(1) == measured(1) != measured(2)


def test_result_is_json():
    record = dataclasses.asdict(polygon_metric.PrecisionRecall(1.0, 0.5, 2 / 3, 0.75, 10))
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["precision", "recall", "f1", "threshold", "samples"]


@pytest.mark.parametrize(
    "images, message",
    [
        (np.zeros((0, 28, 28, 1), "float32"), r"at least one.*\(n, 28, 28, 1\).*\(0, 28, 28, 1\)"),
        (np.zeros((3, 28, 28), "float32"), r"\(3, 28, 28\)"),
        (np.zeros((3, 32, 32, 1), "float32"), r"\(3, 32, 32, 1\)"),
        (np.zeros((3, 28, 28, 1), "uint8"), r"floats in \[-1, 1\].*uint8"),
        (np.full((3, 28, 28, 1), np.nan), "3 of 3 images contain NaN"),
        (np.array("triangle"), "dtype <U8"),
    ],
)
def test_images_that_cannot_be_measured(images, message):
    with pytest.raises(ValueError, match=message):
        polygon_metric.nearest_polygons(images, TRIANGLES)
    with pytest.raises(ValueError, match=message):
        polygon_metric.nearest_latents(images, perfect_generator())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 0}, "samples=0"),
        ({"samples": 2.0}, "samples=2.0"),
        ({"threshold": 0}, "threshold=0"),
        ({"threshold": float("nan")}, "threshold=nan"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": None}, "seed=None"),
    ],
)
def test_arguments_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        polygon_metric.precision_recall(perfect_generator(), TRIANGLES, **options)


def test_other_data_has_no_polygons():
    with pytest.raises(ValueError, match="polygon_data.triangles.*Received: 'triangles'"):
        polygon_metric.precision_recall(perfect_generator(), "triangles")
    with pytest.raises(ValueError, match="Received: None"):
        polygon_metric.nearest_polygons(TRIANGLES.sample(1), None)


def test_generators_that_cannot_be_measured():
    latents = keras.Input((4,))
    wrong_size = keras.Model(latents, keras.layers.Dense(7)(latents))
    diverged = disturbed_generator(np.nan)
    images_in = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    for generator, message in [
        (wrong_size, r"\(1000, 7\)"),
        (diverged, "1000 of 1000 images contain NaN"),
        (images_in, r"latents \(batch, latent_dim\).*\(None, 28, 28, 1\)"),
        (lambda latents: latents, "latents.*None"),
    ]:
        with pytest.raises(ValueError, match=message):
            polygon_metric.precision_recall(generator, TRIANGLES)


@pytest.mark.nightly
def test_five_hundred_polygons_are_all_recognised():
    assert distances(TRIANGLES.sample(500, seed=8)).max() < NOTHING


@pytest.mark.nightly
def test_more_starts_find_next_to_nothing_nearer(monkeypatch):
    images = [noisy(np.asarray(TRIANGLES.draw(free_triangles(100, seed=9))), 2.0)]
    # Images that several triangles resemble.
    images.append(np.minimum(*np.split(TRIANGLES.sample(100, seed=10), 2)))
    images = np.concatenate(images)
    found = distances(images)
    monkeypatch.setattr(polygon_metric, "_MOMENT_STARTS", 8)
    monkeypatch.setattr(polygon_metric, "_NEAREST_STARTS", 4)
    monkeypatch.setattr(polygon_metric, "_LEVENBERG_STEPS", 40)
    thorough = distances(images)
    assert (thorough < found + NOTHING).all()
    assert np.mean(found > 1.02 * thorough + NOTHING) < 0.05
    assert np.mean((found < 2.5) != (thorough < 2.5)) < 0.02


@pytest.mark.nightly
def test_a_perfect_generator_over_many_samples():
    found = polygon_metric.precision_recall(perfect_generator(), TRIANGLES, samples=400, seed=3)
    assert found.precision == 1
    assert found.recall > 0.97
