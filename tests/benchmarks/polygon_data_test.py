import numpy as np
import polygon_data as polygons
import pytest
import tensorflow as tf

SHAPES = [polygons.Polygons(sides) for sides in range(3, 9)]
each = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.sides} sides")


def counted_share(vertices, points_per_pixel, size=28):
    """The share that a grid of points finds to be covered, for one polygon."""
    grid = (np.arange(size * points_per_pixel) + 0.5) / points_per_pixel
    x, y = np.meshgrid(grid, grid)
    inside = np.ones_like(x, bool)
    for (x0, y0), (x1, y1) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) >= (y1 - y0) * (x - x0)
    return inside.reshape(size, points_per_pixel, size, points_per_pixel).mean(axis=(1, 3))


def share(vertices, size=28):
    images = polygons.triangles(size).draw(np.asarray(vertices, "float32"))
    return (1 - np.asarray(images)[..., 0]) / 2


def test_a_trapezium_worked_by_hand():
    drawn = share([[(1, 1), (3, 1), (4, 2), (0, 2)]], size=8)[0]
    expected = np.zeros((8, 8))
    expected[1, :4] = [0.5, 1, 1, 0.5]
    np.testing.assert_allclose(drawn, expected, atol=1e-6)


@pytest.mark.parametrize(
    "vertices, pixel",
    [
        ([(2.25, 3.25), (2.75, 3.25), (2.75, 3.75), (2.25, 3.75)], 0.25),  # Inside one pixel.
        ([(2, 3), (3, 4), (2, 4)], 0.5),
        ([(0, 3.5), (28, 3.5), (28, 3.75), (0, 3.75)], 0.25),  # Thinner than any grid of points.
        ([(-9, -9), (99, -9), (99, 99), (-9, 99)], 1),  # Beyond the image on all sides.
    ],
)
def test_the_share_of_a_pixel_is_its_covered_area(vertices, pixel):
    assert share([vertices])[0, 3, 2] == pytest.approx(pixel, abs=1e-6)


@each
def test_drawing_agrees_with_counted_points(shape):
    vertices = shape.sample_vertices(5, seed=1)
    counted = [counted_share(polygon, points_per_pixel=16) for polygon in vertices]
    # Of the 16**2 points of a pixel, about 16 are so near to an edge that they may be wrong.
    np.testing.assert_allclose(share(vertices), counted, atol=0.05)
    assert np.abs(share(vertices) - counted).mean() < 1e-3


@each
def test_the_drawn_shares_add_up_to_the_area(shape):
    vertices = shape.sample_vertices(200, seed=2)
    drawn, areas = share(vertices).sum(axis=(1, 2)), polygons.signed_areas(vertices)
    np.testing.assert_allclose(drawn, areas, rtol=1e-5)


@pytest.mark.parametrize("shift", [0, 1e-7, 1e-5, 1e-4, 1e-3])
def test_nearly_upright_and_nearly_level_edges_are_no_exception(shift):
    vertices = [[(4.5 + shift, 4), (9.5, 4 + shift), (9.5 - shift, 9), (4.5, 9 - shift)]]
    expected = np.zeros((28, 28))
    expected[4:9, 4:10] = [0.5, 1, 1, 1, 1, 0.5]
    np.testing.assert_allclose(share(vertices)[0], expected, atol=2 * shift + 1e-5)


def test_gradients_of_the_drawing_are_those_of_the_area():
    # Moving corner i, the area changes by half the vector between its neighbours, turned.
    vertices = tf.constant(polygons.triangles().sample_vertices(100, seed=3))
    with tf.GradientTape() as tape:
        tape.watch(vertices)
        area = tf.reduce_sum(1 - polygons.triangles().draw(vertices)) / 2
    before, after = np.roll(vertices, 1, axis=1), np.roll(vertices, -1, axis=1)
    x, y = np.moveaxis(after - before, -1, 0)
    expected = np.stack([y, -x], axis=-1) / 2
    np.testing.assert_allclose(tape.gradient(area, vertices), expected, atol=0.01)


def test_gradients_of_single_pixels_agree_with_differences():
    triangles, step = polygons.triangles(), 2e-3
    vertices = triangles.sample_vertices(20, seed=4)
    weights = np.random.default_rng(0).normal(size=(28, 28, 1)).astype("float32")
    direction = np.random.default_rng(1).normal(size=vertices.shape).astype("float32")

    def weighed(vertices):
        return tf.reduce_sum(triangles.draw(vertices) * weights, axis=(1, 2, 3))

    with tf.GradientTape() as tape:
        variable = tf.Variable(vertices)
        total = tf.reduce_sum(weighed(variable))
    slopes = np.sum(tape.gradient(total, variable) * direction, axis=(1, 2))
    ahead, behind = weighed(vertices + step * direction), weighed(vertices - step * direction)
    np.testing.assert_allclose(slopes, (ahead - behind) / (2 * step), atol=0.1)
    assert np.abs(slopes).max() > 5


def test_drawing_is_the_same_eagerly_in_a_graph_and_compiled():
    triangles = polygons.triangles()
    vertices = triangles.sample_vertices(50, seed=5)
    images = triangles.sample(50, seed=5)
    for compiled in (False, True):
        draw = tf.function(triangles.draw, jit_compile=compiled)
        np.testing.assert_allclose(draw(vertices), images, atol=2e-5)


@each
def test_corners_follow_the_rule_of_the_reference(shape):
    vertices = shape.sample_vertices(5_000, seed=6).astype("float64")
    np.testing.assert_allclose(vertices.mean(axis=1), 14, atol=1e-5)
    # Corners on a circle: undo the centering with the circle through the first three of them.
    center = circumcenters(vertices[:, :3])
    radii = np.linalg.norm(vertices - center[:, None], axis=-1)
    np.testing.assert_allclose(radii, 10.5, rtol=2e-2)
    x, y = np.moveaxis(vertices - center[:, None], -1, 0)
    sector = 360 / shape.sides
    angles = (np.degrees(np.arctan2(y, x)) - sector * np.arange(shape.sides)) % 360
    # From 10 degrees to the end of the sector, and up to 2 pi degrees of rotation.
    assert 9.9 < angles.min() < 12
    assert sector + 2 < angles.max() < sector + 2 * np.pi + 0.1


def circumcenters(triangles):
    origin = triangles[:, 0]
    edges = triangles[:, 1:] - origin[:, None]
    # (p - origin) . (center - origin) = |p - origin|**2 / 2 for both other corners.
    halves = np.sum(edges**2, axis=-1) / 2
    return origin + np.linalg.solve(edges, halves[..., None])[..., 0]


@each
def test_every_polygon_of_the_data_is_valid(shape):
    vertices = shape.sample_vertices(20_000, seed=7)
    assert shape.are_valid(vertices).all()
    # The bound is attained: not only a bound, but the least area.
    assert polygons.signed_areas(vertices).min() < 2 * shape.minimum_area


def test_the_least_area_is_that_of_the_flattest_triangle():
    # Arcs of 10, 120 and 230 degrees on a circle of radius 10.5.
    arcs = np.radians([10, 120, 230])
    expected = 10.5**2 / 2 * np.sin(arcs).sum()
    assert polygons.triangles().minimum_area == pytest.approx(expected)
    assert polygons.triangles(56).minimum_area == pytest.approx(4 * expected)


def test_what_is_not_valid():
    big = [(2, 2), (20, 3), (5, 25)]
    invalid = [
        big[::-1],
        [(2, 2), (4, 2), (2, 4)],  # Too small.
        [(-1, 2), (20, 3), (5, 25)],
        [(2, 2), (20, 3), (5, 28.1)],
    ]
    valid = polygons.triangles().are_valid(np.array([big, *invalid]))
    assert valid.tolist() == [True, False, False, False, False]


def test_a_star_is_not_valid_though_it_always_turns_right():
    angles = 2 * np.pi * np.arange(5) / 5
    pentagon = 14 + 10 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    pentagram = pentagon[[0, 2, 4, 1, 3]]
    assert polygons.Polygons(5).are_valid(np.array([pentagon, pentagram])).tolist() == [True, False]


@each
def test_images_are_black_on_white(shape):
    images = shape.sample(300, seed=8)
    assert images.shape == (300, *shape.image_shape) and images.dtype == np.float32
    assert -1 <= images.min() < -0.999 and images.max() == 1
    assert (images[:, 0, 0] == 1).all() and (images.mean(axis=(1, 2, 3)) < 1).all()


def test_the_seed_decides_the_samples():
    triangles = polygons.triangles()
    np.testing.assert_array_equal(triangles.sample(9), triangles.sample(9, seed=0))
    assert not np.array_equal(triangles.sample(9, seed=0), triangles.sample(9, seed=1))
    assert not np.array_equal(triangles.sample(9, seed=None), triangles.sample(9, seed=None))


def test_samples_of_many_parts_are_those_of_the_vertices():
    triangles = polygons.triangles(8)
    images = triangles.sample(2500, seed=9)
    drawn = triangles.draw(triangles.sample_vertices(2500, seed=9))
    np.testing.assert_allclose(images, drawn, atol=1e-5)


def test_dataset_holds_the_samples_of_its_seed():
    triangles = polygons.triangles()
    dataset = triangles.dataset(batch_size=64, size=200, seed=2)
    assert dataset.element_spec == tf.TensorSpec((None, 28, 28, 1), tf.float32)
    batches = list(dataset.as_numpy_iterator())
    assert [len(batch) for batch in batches] == [64, 64, 64, 8]
    darkness, expected = (
        np.sort(images.sum(axis=(1, 2, 3)))
        for images in (np.concatenate(batches), triangles.sample(200, seed=2))
    )
    np.testing.assert_array_equal(darkness, expected)


def test_an_epoch_is_the_training_set_of_the_reference():
    assert int(polygons.triangles(8).dataset().cardinality()) == 938  # 60,000 / 64, rounded up.


def test_equal_polygons_are_one_key():
    assert {polygons.triangles(), polygons.Polygons(3), polygons.Polygons(4)} == {
        polygons.Polygons(3),
        polygons.Polygons(4),
    }


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: polygons.Polygons(sides=2), "sides.*3 to 8.*sides=2"),
        (lambda: polygons.Polygons(sides=9), "sides=9"),
        (lambda: polygons.Polygons(sides=3.0), "sides=3.0"),
        (lambda: polygons.Polygons(sides=True), "sides=True"),
        (lambda: polygons.triangles(7), "image_size=7"),
        (lambda: polygons.triangles(257), "image_size=257"),
        (lambda: polygons.triangles("28"), "image_size='28'"),
        (lambda: polygons.triangles().sample(0), "count=0"),
        (lambda: polygons.triangles().sample(3, seed=-1), "seed=-1"),
        (lambda: polygons.triangles().sample_vertices(2.5), "count=2.5"),
        (lambda: polygons.triangles().dataset(size=0), "size=0"),
        (lambda: polygons.triangles().dataset(size=8, batch_size=0), "batch_size=0"),
        (lambda: polygons.triangles().draw(np.zeros((3, 2))), r"\(3, 2\)"),
        (lambda: polygons.triangles().draw(np.zeros((1, 3, 3))), r"\(1, 3, 3\)"),
    ],
)
def test_impossible_polygons_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
