"""Images of convex polygons: a manifold of images to which distances can be computed.

The triangles of Lucic et al. 2018, on which `polygon_metric.precision_recall` gives a generator
precision and recall.
"""

import dataclasses
import functools
import itertools
import math

import numpy as np
from keras import ops

from geans import values
from geans.data import pipeline

MOST_SIDES = 8

# The radius of the circle is 3/8 of the image's side; the first 10 degrees of every sector stay
# empty. In the authors' notebook, scale=0.75 and half of min_segment_angle=20.
_RADIUS = 0.375
_MARGIN = 10.0
# The notebook takes the radians that it drew for degrees, so that polygons turn by up to 2 pi
# degrees; the data of the paper's figures are these.
_MOST_ROTATION = 2 * math.pi


@dataclasses.dataclass(frozen=True)
class Polygons:
    """Black convex polygons on white, their corners on a circle, their mean corner in the middle.

    Of the equal sectors of the circle, each holds one corner, at a uniform angle outside its first
    10 degrees; the polygon is turned by up to 6.28 degrees and moved. A pixel is as dark as the
    share of it that the polygon covers, exactly, where the authors' notebook counts 8x8 points.

    Coordinates are in pixels, (x, y) from the upper left corner of the image, x to the right and y
    down, so that the middle of a 28x28 image is at (14, 14).

    Args:
        sides: Number of corners, from 3 to 8.
        image_size: Pixels per side of the square images, from 8 to 256.

    Raises:
        ValueError: If `sides` or `image_size` is not an integer in its range.

    Example:
        >>> Polygons(sides=4).sample(5).shape
        (5, 28, 28, 1)

    Reference:
        Lucic, Kurach, Michalski, Gelly, Bousquet 2018, "Are GANs Created Equal? A Large-Scale
        Study" (the manifold of convex polygons), and `colabs/Convex_Polygons_Dataset.ipynb` of
        https://github.com/google/compare_gan, which draws 60,000 triangles for training, 10,000
        for tests and 10,000 held out.
    """

    sides: int = 3
    image_size: int = 28

    def __post_init__(self):
        _check_range("sides", self.sides, 3, MOST_SIDES)
        _check_range("image_size", self.image_size, 8, 256)

    @property
    def image_shape(self):
        """Shape of one image, `(image_size, image_size, 1)`."""
        return (self.image_size, self.image_size, 1)

    @functools.cached_property
    def minimum_area(self):
        """The least area that a polygon of this data can have, in square pixels.

        Example:
            >>> round(triangles().minimum_area, 2)
            15.08
        """
        # Moving one corner along the circle, the area has no minimum but at the ends of the arc.
        corners = np.array(list(itertools.product([_MARGIN, 360 / self.sides], repeat=self.sides)))
        return float(signed_areas(self._on_circle(corners)).min())

    def sample_vertices(self, count, seed=0):
        """Draws the corners of polygons.

        Args:
            count: Number of polygons.
            seed: Integer; the same seed gives the same polygons. `None` draws one.

        Returns:
            float32 array (count, sides, 2) of (x, y) in pixels, clockwise as seen.

        Raises:
            ValueError: If `count` is not a positive integer or `seed` not an integer from 0.

        Example:
            >>> triangles().sample_vertices(2).mean(axis=1).round(3).tolist()
            [[14.0, 14.0], [14.0, 14.0]]
        """
        values.check_count("count", count)
        values.check_seed(seed, optional=True)
        random = np.random.default_rng(seed)
        offsets = random.uniform(_MARGIN, 360 / self.sides, size=(count, self.sides))
        rotations = random.uniform(0, _MOST_ROTATION, size=(count, 1))
        return self._on_circle(offsets + rotations).astype("float32")

    def sample(self, count, seed=0):
        """Draws images.

        Args:
            count: Number of images.
            seed: Integer; the same seed gives the same images. `None` draws one.

        Returns:
            float32 array (count, image_size, image_size, 1) in [-1, 1].

        Raises:
            ValueError: If `count` is not a positive integer or `seed` not an integer from 0.

        Example:
            >>> images = triangles().sample(100, seed=1)
            >>> float(images.min()), float(images.max())
            (-1.0, 1.0)
        """
        vertices = self.sample_vertices(count, seed)
        parts = np.split(vertices, range(1024, count, 1024))
        return np.concatenate([ops.convert_to_numpy(self.draw(part)) for part in parts])

    def draw(self, vertices):
        """Renders polygons; `keras.ops` throughout, so that gradients reach the vertices.

        Args:
            vertices: (x, y) in pixels, shape (n, sides, 2), clockwise as seen. What lies outside
                the image is cut off. `sides` need not be that of this data.

        Returns:
            float32 tensor (n, image_size, image_size, 1): 1 where the polygon is not, -1 where it
            covers the pixel, linear in the covered share between.

        Raises:
            ValueError: If `vertices` is of another shape.

        Example:
            >>> square = [[(2, 1), (4.5, 1), (4.5, 3), (2, 3)]]
            >>> float(triangles().draw(square)[0, 2, 4, 0])  # Half covered.
            0.0
        """
        vertices = ops.convert_to_tensor(vertices, "float32")
        if len(vertices.shape) != 3 or vertices.shape[-1] != 2:
            raise ValueError(
                f"vertices must have shape (n, sides, 2). Received shape: {tuple(vertices.shape)}"
            )
        return 1 - 2 * covered_share(vertices, self.image_size)[..., None]

    def are_valid(self, vertices):
        """Whether vertices are those of a convex polygon in the image, no smaller than any here.

        Args:
            vertices: Array (n, sides, 2) of (x, y) in pixels.

        Returns:
            Boolean array (n,).

        Example:
            >>> right, dented = [(1, 1), (9, 1), (9, 9), (1, 9)], [(1, 1), (9, 1), (3, 3), (1, 9)]
            >>> Polygons(sides=4).are_valid(np.array([right, right[::-1], dented])).tolist()
            [True, False, False]
        """
        vertices = np.asarray(vertices, "float64")
        edges = np.roll(vertices, -1, axis=1) - vertices
        toward_others = vertices[:, None] - vertices[:, :, None]
        # Convex: no corner lies to the left of any edge. A straight angle, up to rounding, may be.
        turns = (
            edges[:, :, None, 0] * toward_others[..., 1]
            - edges[:, :, None, 1] * toward_others[..., 0]
        )
        convex = (turns > -1e-3).all(axis=(1, 2))
        inside = ((vertices >= 0) & (vertices <= self.image_size)).all(axis=(1, 2))
        return convex & inside & (signed_areas(vertices) >= self.minimum_area)

    def dataset(self, batch_size=64, size=60_000, seed=0):
        """Batches `size` images drawn once and shuffled in every epoch.

        Args:
            batch_size: Images per batch.
            size: Images per epoch.
            seed: Integer for both the images and their order. `None` draws one.

        Returns:
            A finite `tf.data.Dataset` of float32 batches (batch, image_size, image_size, 1).

        Raises:
            ValueError: If `size` or `batch_size` is not a positive integer, or `seed` not an
                integer from 0.

        Example:
            >>> int(triangles().dataset(batch_size=64, size=1000).cardinality())
            16
        """
        values.check_count("size", size)
        return pipeline.batches(self.sample(size, seed), batch_size=batch_size, seed=seed)

    def _on_circle(self, offsets):
        angles = np.radians(offsets + 360 / self.sides * np.arange(self.sides))
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        centered = circle - circle.mean(axis=-2, keepdims=True)
        return self.image_size * (_RADIUS * centered + 0.5)


def triangles(image_size=28):
    """The triangles of the reference, 28x28.

    Example:
        >>> triangles().sample_vertices(7).shape
        (7, 3, 2)
    """
    return Polygons(sides=3, image_size=image_size)


def signed_areas(vertices):
    """Areas of polygons, positive where the vertices run clockwise as seen (y points down).

    Args:
        vertices: Array (n, sides, 2).

    Returns:
        Array (n,).

    Example:
        >>> signed_areas(np.array([[(0, 0), (2, 0), (0, 1)]])).tolist()
        [1.0]
    """
    x, y = np.moveaxis(vertices, -1, 0)
    following_x, following_y = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    return np.sum(x * following_y - following_x * y, axis=-1) / 2


def covered_share(vertices, image_size):
    """The share of every pixel that lies inside a polygon: an exact area, no count of points.

    By Green's theorem it is the area to the right of the edges that run up, less the area to the
    right of those that run down.

    Args:
        vertices: Float tensor (n, sides, 2) of (x, y) in pixels, clockwise as seen.
        image_size: Pixels per side.

    Returns:
        Tensor (n, image_size, image_size) in [0, 1], first index y.
    """
    start, end = vertices, ops.roll(vertices, -1, axis=1)
    # Axes: polygon, edge, row, column.
    (x0, y0), (x1, y1) = (ops.unstack(p[:, :, None, None, :], axis=-1) for p in (start, end))
    pixels = ops.arange(image_size, dtype="float32")
    rows, columns = pixels[:, None], pixels
    # Where the edge enters and leaves the row; both on the same end where it does not meet it.
    enter, leave = (rows + ops.clip(y - rows, 0, 1) for y in (y0, y1))
    slope = (x1 - x0) / _away_from_zero(y1 - y0)
    left, right = (x0 + slope * (y - y0) - columns for y in (enter, leave))
    # An edge that runs up leaves the row at a smaller y than it enters.
    return ops.sum((enter - leave) * (1 - _mean_of_clipped_line(left, right)), axis=1)


def _mean_of_clipped_line(start, end):
    """Mean of clip(t, 0, 1) where t runs evenly from `start` to `end`."""
    length = _away_from_zero(end - start)
    at_zero, at_one = (ops.clip((limit - start) / length, 0, 1) for limit in (0.0, 1.0))
    # From where t meets a limit on, it is replaced by this limit.
    inside = (at_one - at_zero) * (start + (at_zero + at_one) / 2 * (end - start))
    above_one = ops.where(length > 0, 1 - at_one, at_one)
    return ops.where(length > 0, inside, -inside) + above_one


def _away_from_zero(x, least=1e-4):
    return ops.where(ops.abs(x) < least, ops.where(x < 0, -least, least), x)


def _check_range(name, value, least, most):
    if not values.is_count(value, most) or value < least:
        raise ValueError(
            f"{name} must be an integer from {least} to {most}. Received: {name}={value!r}"
        )
