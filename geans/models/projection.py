"""Projection: the latents whose samples come nearest to given images."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.metrics import anomaly
from geans.models import checks, latent_space
from geans.networks import projected

ROWS = 128
"""Latents that are optimised at once."""


@dataclasses.dataclass(frozen=True)
class Projection:
    """Result of `project` for n images.

    Attributes:
        inputs: The generator's inputs: latents `(n, latent_dim)`, and labels if it has them.
        reconstructions: Its samples of them, float32 of the images' shape, in [-1, 1].
        errors: float64 `(n,)`, mean squared difference of each from its image.
    """

    inputs: Any
    reconstructions: np.ndarray
    errors: np.ndarray


def project(
    model: keras.Model,
    images: npt.ArrayLike,
    *,
    steps: int = 200,
    starts: int = 4,
    candidates: int = 1_000,
    learning_rate: float = 0.05,
    perceptual_weight: float = 1.0,
    seed: int = 0,
    ema: bool = True,
    verbose: int = 0,
    **conditions: Any,
) -> Projection:
    """Finds the latents whose samples come nearest to images: GAN inversion.

    From each image's nearest of random samples, Adam minimises over the latents z

        mean((G(z) - x)^2) + w / 4 sum_i mean((f_i(G(z)) - f_i(x))^2)

    with the four features f of ImageNet that the discriminator of `networks.projected` sees. Other
    samples than grey or RGB images are compared without. The best of an image's starts is kept.

    Args:
        model: A `geans` model that samples from latents.
        images: Floats in [-1, 1], `(n, height, width, channels)`, as the generator makes them.
        steps: Steps of Adam, at least 1.
        starts: Random samples of each image from which the search starts.
        candidates: Random samples among which they are the nearest.
        learning_rate: Of Adam, at the beginning; it falls to 0 along a cosine.
        perceptual_weight: Weight w of the features, 0 or more.
        seed: Integer that determines the random samples.
        ema: Whether to use the EMA generator, if there is one, or the raw generator.
        verbose: 1 for a progress bar.
        **conditions: As in `model.sample`, one for all, such as `labels=3`; by default the random
            samples have all labels in turn, and an image gets that of its best start.

    Returns:
        A `Projection`.

    Raises:
        ValueError: If an argument is out of range or the images do not fit the model.

    Reference: Zhu et al. 2016 (arXiv 1609.03552), section 3; the weight of features as in Karras
    et al. 2020 (arXiv 1912.04958), appendix D, which has those of VGG, and noise.
    """
    shape = model.generator.output_shape[1:]
    images = anomaly.finite_images(images, shape)
    values.check_count("steps", steps)
    values.check_count("candidates", candidates)
    values.check_count("starts", starts, most=candidates)
    checks.check_positive("learning_rate", learning_rate)
    values.check_weight("perceptual_weight", perceptual_weight)
    generator = model.sampling_network(ema)
    view = _view(shape, perceptual_weight)
    inputs = model.sampling_inputs(candidates, seed, **conditions)
    nearest = _nearest(model.generate(inputs, ema), images, view, starts)
    objective = _objective(generator, view)
    at_once = max(1, ROWS // starts)
    bar = keras.utils.Progbar(len(images), verbose=verbose, unit_name="image")
    found = []
    for first in range(0, len(images), at_once):
        chosen = nearest[first : first + at_once]
        begun = _rows(inputs, chosen.ravel())
        wanted = view(np.repeat(images[first : first + at_once], starts, axis=0))
        moved, losses = _descended(objective, begun, wanted, steps, learning_rate)
        best = losses.reshape(chosen.shape).argmin(axis=1) + starts * np.arange(len(chosen))
        found.append(_rows(moved, best))
        bar.add(len(chosen))
    inputs = keras.tree.map_structure(lambda *parts: np.concatenate(parts), *found)
    made = model.generate(inputs, ema)
    errors = np.square(made - images, dtype="float64").reshape(len(images), -1).mean(axis=1)
    return Projection(inputs, made, errors)


def _view(shape, perceptual_weight):
    """Returns a function from images to rows, whose squared distance is what is minimised."""
    parts = [(lambda images: [images], 1.0)]
    if perceptual_weight and len(shape) == 3 and shape[-1] in (1, 3):
        parts.append((projected.features(shape), perceptual_weight))

    def view(images):
        rows = []
        for see, weight in parts:
            seen = [tf.reshape(each, (tf.shape(images)[0], -1)) for each in see(images)]
            rows += [each * (weight / len(seen) / each.shape[1]) ** 0.5 for each in seen]
        return tf.concat(rows, axis=1)

    return view


def _nearest(samples, images, view, number):
    """Returns the indices (n, number) of each image's nearest samples, the nearest first."""
    samples, images = (anomaly.in_blocks(lambda x, training: view(x), x) for x in (samples, images))
    # |x - s|^2 but for |x|^2, which is the same for all s.
    distances = np.sum(samples**2, axis=1) - 2 * images @ samples.T
    return np.argsort(distances, axis=1, kind="stable")[:, :number]


def _objective(generator, view):
    """Returns a function from generator inputs and rows of `_view` to losses and their gradient."""

    @tf.function(autograph=False, reduce_retracing=True)
    def objective(inputs, wanted):
        latents = latent_space.latents_of(inputs)
        with tf.GradientTape() as tape:
            tape.watch(latents)
            rows = view(generator(inputs, training=False))
            losses = tf.reduce_sum(tf.square(rows - wanted), axis=1)
        return losses, tape.gradient(losses, latents)

    return objective


def _descended(objective, inputs, wanted, steps, learning_rate):
    """Returns generator inputs after so many steps of Adam on their latents, and their losses."""
    latents = keras.Variable(latent_space.latents_of(inputs))
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    for _ in range(steps):
        _, gradient = objective(latent_space.with_latents(inputs, latents.value), wanted)
        adam.apply([gradient], [latents])
    inputs = latent_space.with_latents(inputs, tf.convert_to_tensor(latents.value))
    return inputs, objective(inputs, wanted)[0].numpy()


def _rows(inputs, indices):
    return keras.tree.map_structure(lambda part: tf.gather(part, indices), inputs)
