"""Precision and recall of a generator of convex polygons, such as those of `polygon_data`.

*Distance* is everywhere that of the reference: squared differences between grey levels from 0 to 1,
summed over the pixels. For images in [-1, 1], as here, it is a quarter of the squared Euclidean
distance.

Reference:
    Lucic, Kurach, Michalski, Gelly, Bousquet 2018, "Are GANs Created Equal? A Large-Scale Study",
    arXiv 1711.10337, on the manifold of convex polygons.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from geans import metrics, values
from geans.metrics import anomaly

THRESHOLD = 0.75
"""Distance below which the reference calls an image close."""

MOST_SAMPLES = 10**6

_MOMENT_STARTS = 4
_NEAREST_STARTS = 1
_LATENT_STARTS = 2
_CANDIDATES = 4_000
_ROWS = 500  # Searches at once, so that memory does not grow with the number of images.
_LEVENBERG_STEPS = 15
_ADAM_STEPS, _ADAM_RATE = 300, 0.1
# Far from the usual seeds of training data.
_HELD_OUT_SEED = 2**62


@dataclasses.dataclass(frozen=True)
class PrecisionRecall:
    """What `precision_recall` found. `dataclasses.asdict` gives plain numbers for JSON.

    Attributes:
        precision: Share of generated images whose distance to the polygons is below the threshold.
        recall: Share of held-out polygons that the generator can make within the threshold.
        f1: Their harmonic mean, 0 where both are 0.
        threshold: Distance below which an image counts as close.
        samples: Number of generated images, and of held-out polygons.
    """

    precision: float
    recall: float
    f1: float
    threshold: float
    samples: int


def precision_recall(generator, polygons, *, samples=1_000, threshold=THRESHOLD, seed=0):
    """Precision and recall of a generator of polygons.

    Precision asks `nearest_polygons` about generated images, recall asks `nearest_latents` about
    polygons that no training has seen. Both search locally, so that a distance may come out too
    large, never too small, and either share too small, never too large.

    One perfect triangle has precision 1 and recall 0, noise has precision 0. Of images alone,
    without their generator, `nearest_polygons` gives the precision; a recall would need far more
    images than anybody draws, for two triangles are close only if their edges agree to about a
    fifth of a pixel.

    Args:
        generator: `keras.Model` from standard normal latents (batch, latent_dim) to images in
            [-1, 1], such as `model.generator`.
        polygons: What it should make: `polygon_data.triangles()`, or any hashable object with
            `sample_vertices`, `draw`, `are_valid`, `image_shape`, `sides` and `minimum_area`.
        samples: Number of generated images, and of held-out polygons. For each of these the
            generator is run and differentiated 600 times.
        threshold: Distance below which an image counts as close.
        seed: Integer from 0 to 2**31 - 1 for latents and polygons.

    Returns:
        A `PrecisionRecall`.

    Raises:
        ValueError: If an argument is not of its kind, or the generator makes images of another
            shape or that are not finite.

    Example:
        >>> import polygon_data
        >>> from geans import networks
        >>> untrained = networks.mlp.generator(2, (8, 8, 1), units=(4,), seed=0)
        >>> precision_recall(untrained, polygon_data.triangles(8), samples=5).f1
        0.0
    """
    values.check_count("samples", samples, most=MOST_SAMPLES)
    if not values.is_number(threshold) or threshold <= 0:
        raise ValueError(f"threshold must be a positive number. Received: threshold={threshold!r}")
    _check_polygons(polygons)
    fake = _generated(generator, anomaly.random_latents(generator, samples, seed))
    _, distances_of_fake = nearest_polygons(fake, polygons)
    real = np.asarray(polygons.draw(polygons.sample_vertices(samples, _HELD_OUT_SEED + seed)))
    _, distances_of_real = nearest_latents(real, generator, seed=seed)
    precision = float(np.mean(distances_of_fake < threshold))
    recall = float(np.mean(distances_of_real < threshold))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return PrecisionRecall(precision, recall, f1, float(threshold), samples)


def nearest_polygons(images, polygons):
    """Projects images onto the set of all images of convex polygons, and says how far that is.

    The set holds more than the data: any convex polygon of as many corners, wherever it is within
    the image, that is no smaller than the least of the data. (Any smaller, and a blank image would
    be one.) The method of Levenberg and Marquardt moves all corners at once, from five starts: four
    polygons with the mean and covariance of the image's dark pixels, and the nearest of 4,000
    polygons of the data. The nearest result counts.

    Args:
        images: Shape (n, image_size, image_size, 1), in [-1, 1], finite.
        polygons: As in `precision_recall`.

    Returns:
        The polygons, a float32 array (n, sides, 2) of (x, y) in pixels, and their distances to the
        images, float32 (n,).

    Raises:
        ValueError: If there is no image, or images are not finite or of another shape.

    Example:
        >>> import polygon_data
        >>> triangles = polygon_data.triangles()
        >>> vertices, distances = nearest_polygons(triangles.sample(3), triangles)
        >>> vertices.shape, distances.round(3).tolist()
        ((3, 3, 2), [0.0, 0.0, 0.0])
    """
    _check_polygons(polygons)
    images = anomaly.finite_images(images, polygons.image_shape)
    candidates = polygons.sample_vertices(_CANDIDATES)
    nearest = candidates[_nearest(images, np.asarray(polygons.draw(candidates)), _NEAREST_STARTS)]
    starts = np.concatenate([nearest, _polygons_of_same_moments(images, polygons)], axis=1)
    return _best_of(functools.partial(_levenberg_marquardt, polygons), starts, images)


def nearest_latents(images, generator, *, seed=0):
    """Inverts a generator: the latents whose images come nearest to those given.

    Adam descends from the nearest two of 4,000 generated images. Latents are kept in the ball that
    holds all but one in 2,980 standard normal ones: what a generator makes farther out, it will
    not show. (The reference does not say whether it does so.)

    Args:
        images: Shape (n, height, width, channels), in [-1, 1], finite.
        generator: As in `precision_recall`.
        seed: Integer from 0 to 2**31 - 1 for the 4,000 images.

    Returns:
        The latents, a float32 array (n, latent_dim), and the distances of their images to those
        given, float32 (n,).

    Raises:
        ValueError: If there is no image, images are not finite, or the generator makes others.

    Example:
        >>> from geans import networks
        >>> generator = networks.mlp.generator(2, (8, 8, 1), units=(4,), seed=0)
        >>> latents, distances = nearest_latents(generator(np.ones((1, 2))), generator)
        >>> latents.shape, bool(distances[0] < 0.01)
        ((1, 2), True)
    """
    candidates = anomaly.random_latents(generator, _CANDIDATES, seed)
    generated = _generated(generator, candidates)
    images = anomaly.finite_images(images, generated.shape[1:])
    starts = candidates[_nearest(images, generated, _LATENT_STARTS)]
    return _best_of(_adam(generator), starts, images)


def _best_of(search, starts, images):
    """Searches from each of several starts per image, (n, starts, ...), and takes the nearest."""
    count, tries = starts.shape[:2]
    points = starts.reshape(count * tries, *starts.shape[2:])
    points, distances = _by_rows(search, points, np.repeat(images, tries, axis=0))
    distances = distances.reshape(count, tries)
    best = np.arange(count), distances.argmin(axis=1)
    return points.reshape(starts.shape)[best], distances[best]


def _by_rows(function, points, images):
    parts = -(-len(points) // _ROWS)
    pairs = zip(np.array_split(points, parts), np.array_split(images, parts), strict=True)
    return [np.concatenate(arrays) for arrays in zip(*(function(*p) for p in pairs), strict=True)]


def _nearest(images, candidates, number):
    """Indices (n, number) of the candidates nearest to each image, the nearest first."""
    flat = (each.reshape(len(each), -1) for each in (images, candidates))
    return metrics.nearest_neighbours(*flat, count=number).indices


def _polygons_of_same_moments(images, polygons):
    """Regular polygons in several turns, stretched to the moments of the images' dark pixels.

    A triangle is an affine image of a regular one, so that for images of triangles all but the
    turn is right.

    Returns:
        float32 array (n, starts, sides, 2).
    """
    mean, covariance = _moments_of_dark_pixels(images[..., 0])
    angles = 2 * np.pi * (np.arange(polygons.sides) / polygons.sides)
    turns = 2 * np.pi / polygons.sides * np.arange(_MOMENT_STARTS) / _MOMENT_STARTS
    angles = angles + turns[:, None]
    # A regular polygon of radius 1 has the variance (2 + cos(2 pi / sides)) / 12 in any direction.
    radius = np.sqrt(12 / (2 + np.cos(2 * np.pi / polygons.sides)))
    regular = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    scales, axes = np.linalg.eigh(covariance)
    area = polygons.sides / 2 * np.sin(2 * np.pi / polygons.sides) * radius**2
    # No thinner than a pixel and, with a margin, no smaller than a polygon may be.
    widths = np.sqrt(np.maximum(scales, 1 / 12))
    growth = np.sqrt(1.1 * polygons.minimum_area / area / widths.prod(axis=-1, keepdims=True))
    stretch = axes * (widths * np.maximum(growth, 1))[:, None] @ np.swapaxes(axes, 1, 2)
    starts = np.einsum("nij,tsj->ntsi", stretch, regular) + mean[:, None, None]
    return np.clip(starts, 0, polygons.image_shape[0]).astype("float32")


def _moments_of_dark_pixels(images):
    """Mean (n, 2) and covariance (n, 2, 2) of (x, y), of what is at least half dark."""
    darkness = images.max(axis=(1, 2), keepdims=True) - images
    half = darkness.max(axis=(1, 2), keepdims=True) / 2
    # A blank image is equally dark everywhere.
    weights = np.where(darkness >= half, darkness + 1e-6, 0)
    weights /= weights.sum(axis=(1, 2), keepdims=True)
    y, x = np.indices(images.shape[1:]) + 0.5
    places = np.stack([x, y], axis=-1)
    mean = np.einsum("nyx,yxi->ni", weights, places)
    second = np.einsum("nyx,yxi,yxj->nij", weights, places, places)
    return mean, second - mean[:, :, None] * mean[:, None, :]


def _levenberg_marquardt(polygons, vertices, images):
    """Moves vertices (n, sides, 2) until the polygons resemble the images."""
    linearised = _linearised(polygons)
    unknowns = 2 * polygons.sides
    damping = np.full(len(vertices), 1e-2)
    state = [vertices, *linearised(vertices, images)]
    state[1] = np.where(polygons.are_valid(vertices), state[1], np.inf)
    for _ in range(_LEVENBERG_STEPS):
        vertices, distances, gradient, curvature = state
        diagonal = damping[:, None] * np.einsum("nii->ni", curvature) + 1e-4
        damped = curvature + diagonal[:, :, None] * np.eye(unknowns)
        step = np.linalg.solve(damped, gradient[:, :, None]).reshape(vertices.shape)
        moved = np.clip(vertices - step, 0, polygons.image_shape[0]).astype("float32")
        proposal = [moved, *linearised(moved, images)]
        better = (proposal[1] < distances) & polygons.are_valid(moved)
        damping = np.clip(np.where(better, damping / 5, damping * 5), 1e-7, 1e7)
        for old, new in zip(state, proposal, strict=True):
            old[better] = new[better]
    return state[:2]


@functools.lru_cache(maxsize=8)
def _linearised(polygons):
    """Function of vertices and images: distances, half their gradients and Gauss-Newton Hessians.

    Kept, because it takes a second to trace.
    """
    unknowns = 2 * polygons.sides
    vertices = tf.TensorSpec((None, polygons.sides, 2), tf.float32)
    images = tf.TensorSpec((None, *polygons.image_shape), tf.float32)

    @tf.function(input_signature=(vertices, images))
    def linearise(vertices, images):
        columns = []
        for unknown in range(unknowns):
            direction = tf.reshape(tf.one_hot(unknown, unknowns), (1, -1, 2))
            tangent = tf.broadcast_to(direction, tf.shape(vertices))
            with tf.autodiff.ForwardAccumulator(vertices, tangent) as accumulator:
                difference = (polygons.draw(vertices) - images) / 2
            columns.append(accumulator.jvp(difference))
        pixels = (tf.shape(vertices)[0], -1, np.prod(polygons.image_shape))
        jacobian = tf.reshape(tf.stack(columns, axis=1), pixels)
        difference = tf.reshape(difference, pixels)[:, 0]
        gradient = tf.linalg.matvec(jacobian, difference)
        curvature = tf.matmul(jacobian, jacobian, transpose_b=True)
        return tf.reduce_sum(difference**2, axis=1), gradient, curvature

    return lambda vertices, images: [
        np.array(part) for part in linearise(tf.constant(vertices), tf.constant(images))
    ]


def _adam(generator):
    """Function of latents and images: latents moved until they make the images, and distances."""

    @tf.function
    def descend(latents, images):
        radius = tf.sqrt(float(latents.shape[1])) + anomaly.NORM_SLACK
        momentum, scale = tf.zeros_like(latents), tf.zeros_like(latents)
        best, least = latents, tf.fill(tf.shape(latents)[:1], np.float32(np.inf))
        for step in tf.range(1.0, _ADAM_STEPS + 2.0):
            with tf.GradientTape() as tape:
                tape.watch(latents)
                difference = (generator(latents, training=False) - images) / 2
                distances = tf.reduce_sum(difference**2, axis=(1, 2, 3))
            gradient = tape.gradient(distances, latents, unconnected_gradients="zero")
            best = tf.where((distances < least)[:, None], latents, best)
            least = tf.minimum(distances, least)
            momentum = 0.9 * momentum + 0.1 * gradient
            scale = 0.999 * scale + 0.001 * gradient**2
            mean, variance = momentum / (1 - 0.9**step), scale / (1 - 0.999**step)
            rate = _ADAM_RATE * (1 - (step - 1) / _ADAM_STEPS)
            latents = tf.clip_by_norm(
                latents - rate * mean / (tf.sqrt(variance) + 1e-8), radius, axes=1
            )
        return best, least

    return lambda latents, images: [
        part.numpy() for part in descend(tf.constant(latents), tf.constant(images))
    ]


def _check_polygons(polygons):
    if not all(hasattr(polygons, name) for name in ("draw", "are_valid", "sample_vertices")):
        raise ValueError(
            "Distances are measured to polygons that can be drawn, such as "
            f"polygon_data.triangles(). Received: {polygons!r}."
        )


def _generated(generator, latents):
    starts = range(0, len(latents), _ROWS)
    parts = [generator(latents[start : start + _ROWS], training=False) for start in starts]
    images = np.concatenate(parts).astype("float32")
    return anomaly.finite_images(images, images.shape[1:])
