"""Ways through the latent space of a model: interpolation, directions, truncation.

Latents are the first of a generator's inputs. Of these, the first `noise_dim` columns are standard
normal; whatever a family puts beside or behind them (labels, codes) is a condition.
"""

import keras
import numpy as np
import tensorflow as tf

from geans import values
from geans.models import checks


def interpolate(model, seed, other_seed, *, count=1, steps=8, ema=True, **conditions):
    """Leads from samples of one seed to those of another, over equal angles.

    Noise goes along the arc between both latents (slerp), so that it keeps a length which the
    generator knows; a straight line would pass near the mean. Codes behind it go straight.

    Args:
        model: An `AdversarialModel`.
        seed: Integer, where row i begins: with `model.sample(count, seed)[i]`.
        other_seed: Integer, where it ends.
        count: Number of rows.
        steps: Samples per row, at least 2.
        ema: As in `model.sample`.
        **conditions: As in `model.sample`, for all of a row.

    Returns:
        Array `(count, steps, ...)`.

    Raises:
        ValueError: If an argument is invalid, or as `model.sample` says.

    Reference:
        White 2016, "Sampling Generative Networks", arXiv 1609.04468, section 2.1; the formula
        is that of Shoemake 1985, "Animating rotation with quaternion curves".
    """
    checks.check_sampling(count, seed, steps)
    checks.check_sampling(count * steps, other_seed, 1)
    _check_steps(steps)
    inputs = model.sampling_inputs(count, seed, **conditions)
    first, last = (
        np.asarray(latents_of(each))
        for each in (inputs, model.sampling_inputs(count, other_seed, **conditions))
    )
    share = np.linspace(0, 1, steps)[:, None]
    noise, codes = np.split(np.stack([first, last]), [model.noise_dim], axis=2)
    path = [arc(*noise, share), codes[0][:, None] * (1 - share) + codes[1][:, None] * share]
    return _along(model, inputs, np.concatenate(path, axis=2), ema)


def traverse(model, inputs, directions, *, steps=9, reach=3.0, ema=True):
    """Moves generator inputs along directions and shows what changes.

    Args:
        model: An `AdversarialModel`.
        inputs: What the generator takes, n rows in its structure, such as
            `model.sampling_inputs(n, seed)`.
        directions: Array `(latent_dim,)` for all rows or `(n, latent_dim)`, such as
            `directions(model)`.
        steps: Samples per row, at least 2; of an odd number the middle one is not moved.
        reach: How many times a direction is added at the end of a row, and subtracted at its
            beginning.
        ema: As in `model.sample`.

    Returns:
        Array `(n, steps, ...)`.

    Raises:
        ValueError: If inputs and directions do not fit the generator and each other, `steps`
            is below 2, or `reach` is not positive.
    """
    checks.check_inputs(inputs, model.generator)
    _check_steps(steps)
    if not values.is_number(reach) or reach <= 0:
        raise ValueError(f"reach must be a positive number. Received: reach={reach!r}.")
    latents, directions = np.asarray(latents_of(inputs)), np.asarray(directions, "float32")
    if directions.shape not in (latents.shape, latents.shape[1:]):
        raise ValueError(
            f"directions must have the shape {latents.shape[1:]} or that of the latents, "
            f"{latents.shape}. Received: {directions.shape}."
        )
    moves = np.linspace(-reach, reach, steps)[:, None] * directions[..., None, :]
    return _along(model, inputs, latents[:, None] + moves, ema)


def directions(model, count=5, *, layer=None, samples=2_000, seed=0, ema=True, **conditions):
    """Directions in which the generator's early activations vary most.

    The principal components of the activations of one layer, carried over to the latents by
    linear regression. One direction is one standard deviation of its component; of a linear
    layer under normal latents it has length 1.

    Args:
        model: An `AdversarialModel`.
        count: Number of directions, at most `latent_dim`.
        layer: Name of a layer of the generator; `None` for the first that has weights.
        samples: Number of latents drawn, more than `latent_dim`.
        seed: Integer from which they follow.
        ema: As in `model.sample`.
        **conditions: As in `model.sample`. Give one label: labels that vary make components of
            their own, along which latents do not move.

    Returns:
        float32 `(count, latent_dim)`, that of the largest variance first. Each one's largest
        entry is positive.

    Raises:
        ValueError: If a number is out of range or the generator lacks the layer.

    Reference:
        Härkönen, Hertzmann, Lehtinen, Paris 2020, "GANSpace: Discovering Interpretable GAN
        Controls", arXiv 2004.02546, sections 2.1 and 2.2 (their way for BigGAN).
    """
    checks.check_sampling(samples, seed, 1)
    if not values.is_count(count, model.latent_dim) or samples <= model.latent_dim:
        raise ValueError(
            f"Directions are from 1 to latent_dim={model.latent_dim}, from more samples than "
            f"that. Received: count={count!r}, samples={samples}."
        )
    inputs = model.sampling_inputs(samples, seed, **conditions)
    network = _up_to((ema and model.ema_generator) or model.generator, layer)
    if network is None:
        raise ValueError(f"The generator has no layer of its own named {layer!r}.")
    activations = network.predict(inputs, batch_size=256, verbose=0)
    return _regressed(np.asarray(latents_of(inputs)), _components(activations, count))


def truncate(model, inputs, threshold):
    """Generator inputs whose noise is drawn from a normal distribution cut off on both sides.

    The distribution is BigGAN's, which draws again what lies beyond the threshold. Here every
    number takes its quantile instead, so that a seed shows the same samples at any threshold,
    drawn closer to the mean.

    Args:
        model: An `AdversarialModel`.
        inputs: What the generator takes, such as `model.sampling_inputs(n, seed)`.
        threshold: Positive number; no noise is beyond it on either side.

    Returns:
        The same structure.

    Raises:
        ValueError: If `threshold` is not a positive number.

    Reference:
        Brock, Donahue, Simonyan 2019, "Large Scale GAN Training for High Fidelity Natural Image
        Synthesis", section 3.1.
    """
    if not values.is_number(threshold) or threshold <= 0:
        raise ValueError(
            "truncation must be a positive number, or None for none. "
            f"Received: truncation={threshold!r}."
        )
    noise, codes = np.split(np.asarray(latents_of(inputs)), [model.noise_dim], axis=1)
    # The quantile of z is (1 + erf(z / sqrt(2))) / 2; float32 would not tell large ones apart.
    shares = tf.math.erf(np.append(noise, threshold).astype("float64") / np.sqrt(2))
    cut = np.sqrt(2) * tf.math.erfinv(shares[:-1] * shares[-1]).numpy()
    cut = cut.reshape(noise.shape).astype("float32")
    return _with_latents(inputs, np.concatenate([cut, codes], axis=1))


def _along(model, inputs, paths, ema):
    """Samples (rows, steps, ...) of latents (rows, steps, latent_dim)."""
    rows, steps = paths.shape[:2]
    repeated = keras.tree.map_structure(lambda part: np.repeat(part, steps, axis=0), inputs)
    latents = paths.reshape(rows * steps, -1).astype("float32")
    samples = model.generate(_with_latents(repeated, latents), ema)
    return keras.tree.map_structure(
        lambda part: part.reshape(rows, steps, *part.shape[1:]), samples
    )


def arc(first, last, share):
    """Points between vectors, over equal angles (slerp).

    Args:
        first: Array (n, dimension).
        last: Likewise.
        share: Column (steps, 1) of numbers from 0, for `first`, to 1, for `last`.

    Returns:
        Array (n, steps, dimension). Where both vectors point the same way, or opposite ways, no
        arc is the shortest, and the line takes its place.

    Example:

    >>> arc(np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]), np.array([[0.5]])).round(3).tolist()
    [[[1.414, 1.414]]]
    """
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(last, axis=1)
    cosine = np.sum(first * last, axis=1) / np.maximum(lengths, np.finfo("float32").tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None, None]
    bent = np.sin(angle) > 1e-4
    sine = np.where(bent, np.sin(angle), 1)
    before = np.where(bent, np.sin((1 - share) * angle) / sine, 1 - share)
    after = np.where(bent, np.sin(share * angle) / sine, share)
    return before * first[:, None] + after * last[:, None]


def latents_of(inputs):
    """The latents among the inputs of a generator: the first of them.

    Example:

    >>> latents_of([np.zeros((3, 8)), np.zeros(3)]).shape
    (3, 8)
    """
    return keras.tree.flatten(inputs)[0]


def _with_latents(inputs, latents):
    _, *conditions = keras.tree.flatten(inputs)
    return keras.tree.pack_sequence_as(inputs, [latents, *conditions])


def _check_steps(steps):
    if not values.is_count(steps) or steps < 2:
        raise ValueError(f"steps must be an integer of at least 2. Received: steps={steps!r}.")


def _up_to(network, name):
    """A network's part up to the layer of that name, or to the first that has weights."""
    # `network.input` is what the network was called with, if it is a part of another one.
    inputs, before = network.inputs if len(network.inputs) > 1 else network.inputs[0], None
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            inner = _up_to(layer, name)
            if inner is not None:
                return keras.Model(inputs, inner(before.output))
        elif layer.name == name or (name is None and layer.weights):
            return keras.Model(inputs, layer.output)
        before = layer
    return None


def _components(activations, count):
    """Coordinates (n, count) along the principal components, each of variance 1."""
    flat = activations.reshape(len(activations), -1)
    left, _, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    return left[:, :count] * np.float32(np.sqrt(len(flat) - 1))


def _regressed(latents, components):
    """What a step of 1 along each component means for the latents, (count, latent_dim)."""
    # The components are uncorrelated and of variance 1: a covariance is a slope.
    directions = components.T @ (latents - latents.mean(axis=0)) / np.float32(len(latents) - 1)
    largest = np.abs(directions).argmax(axis=1)[:, None]
    return directions * np.sign(np.take_along_axis(directions, largest, axis=1))
