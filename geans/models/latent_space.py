"""Interpolation, directions, truncation and mixing in the latent space of a model.

The first `noise_dim` columns of the latents are standard normal, further ones are codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import values
from geans.models import checks, data_checks
from geans.networks import style


def interpolate(
    model: keras.Model,
    seed: int,
    other_seed: int,
    *,
    count: int = 1,
    steps: int = 8,
    ema: bool = True,
    **conditions: Any,
) -> np.ndarray:
    """Interpolates between the samples of two seeds, over equal angles (slerp); codes linearly.

    Args:
        model: An `AdversarialModel`.
        seed: Integer; row i begins with `model.sample(count, seed)[i]`.
        other_seed: Integer; row i ends with that seed's sample.
        count: Number of rows.
        steps: Samples per row, at least 2.
        ema, **conditions: As in `model.sample`.

    Returns:
        Array `(count, steps, ...)`.

    Raises:
        ValueError: If an argument is invalid.

    Reference: White 2016 (arXiv 1609.04468), section 2.1; Shoemake 1985.
    """
    checks.check_sampling(count, seed, steps)
    checks.check_sampling(count * steps, other_seed, 1)
    _check_steps(steps)
    inputs = model.sampling_inputs(count, seed, **conditions)
    others = model.sampling_inputs(count, other_seed, **conditions)
    ends = np.stack([latents_of(inputs), latents_of(others)])
    share = np.linspace(0, 1, steps)[:, None]
    noise, codes = np.split(ends, [model.noise_dim], axis=2)
    path = [
        arc(noise[0], noise[1], share),
        codes[0][:, None] * (1 - share) + codes[1][:, None] * share,
    ]
    return _along(model, inputs, np.concatenate(path, axis=2), ema)


SPACES = ("latents", "styles")
"""Where directions are: of all models, or of those with a generator of `networks.style`."""


def traverse(
    model: keras.Model,
    inputs: Any,
    directions: npt.ArrayLike,
    *,
    steps: int = 9,
    reach: float = 3.0,
    ema: bool = True,
    space: str = "latents",
) -> np.ndarray:
    """Generates samples along directions in the latent space, or in that of the styles.

    Args:
        model: An `AdversarialModel`.
        inputs: Generator inputs of n rows, such as `model.sampling_inputs(n, seed)`.
        directions: Array `(latent_dim,)` or `(n, latent_dim)`, such as `directions(model)`; of
            styles as long as those.
        steps: Samples per row, at least 2; if odd, the middle one is not moved.
        reach: Multiple of the direction, from -reach to reach, above 0.
        ema: As in `model.sample`.
        space: `"latents"`, or `"styles"`, where attributes are less entangled (Karras et al. 2019,
            arXiv 1812.04948, section 4).

    Returns:
        Array `(n, steps, ...)`.

    Raises:
        ValueError: If an argument is invalid.
    """
    data_checks.check_inputs(inputs, model.generator)
    _check_steps(steps)
    checks.check_positive("reach", reach)
    start, directions = coordinates(model, inputs, space, ema), np.asarray(directions, "float32")
    if directions.shape not in (start.shape, start.shape[1:]):
        raise ValueError(
            f"directions must have the shape {start.shape[1:]} or that of the {space}, "
            f"{start.shape}. Received: {directions.shape}."
        )
    moves = np.linspace(-reach, reach, steps)[:, None] * directions[..., None, :]
    if space == "latents":
        return _along(model, inputs, start[:, None] + moves, ema)
    _, synthesis = mapping_and_synthesis(model, ema)
    paths = (start[:, None] + moves).reshape(-1, 1, start.shape[1])
    styles = np.repeat(paths, synthesis.input_shape[1], axis=1)
    return _rows(synthesis.predict(styles, verbose=0), len(start))


def coordinates(
    model: keras.Model, inputs: Any, space: str = "latents", ema: bool = True
) -> np.ndarray:
    """Returns where generator inputs of n rows are in a space, `(n, latent_dim)` or longer.

    Raises:
        ValueError: If there is no such space, or the generator has no styles.
    """
    values.check_name("space", space, SPACES)
    if space == "latents":
        return np.asarray(latents_of(inputs))
    mapping, _ = mapping_and_synthesis(model, ema)
    return mapping.predict(inputs, verbose=0)[:, 0]  # All sizes have the same style.


def directions(
    model: keras.Model,
    count: int = 5,
    *,
    layer: str | None = None,
    samples: int = 2_000,
    seed: int = 0,
    ema: bool = True,
    **conditions: Any,
) -> np.ndarray:
    """Finds directions in which the generator's early activations vary most.

    They are the principal components of a layer's activations, regressed on the latents. A
    direction's length is one standard deviation of its component: 1 for a linear layer.

    Args:
        model: An `AdversarialModel`.
        count: Number of directions, at most `latent_dim`.
        layer: Name of a layer of the generator; `None` for the first that has weights.
        samples: Number of latents drawn, more than `latent_dim`.
        seed: Integer that determines them.
        ema: As in `model.sample`.
        **conditions: As in `model.sample`; give one label, as varying labels add components.

    Returns:
        float32 `(count, latent_dim)`, by falling variance; the largest entry of each is positive.

    Raises:
        ValueError: If a number is out of range or the generator lacks the layer.

    Reference: Härkönen et al. 2020 (arXiv 2004.02546), sections 2.1 and 2.2 (for BigGAN).
    """
    checks.check_sampling(samples, seed, 1)
    if not values.is_count(count, model.latent_dim) or samples <= model.latent_dim:
        raise ValueError(
            f"Directions are from 1 to latent_dim={model.latent_dim}, from more samples than "
            f"that. Received: count={count!r}, samples={samples}."
        )
    inputs = model.sampling_inputs(samples, seed, **conditions)
    network = _up_to(model.sampling_network(ema), layer)
    if network is None:
        raise ValueError(f"The generator has no layer of its own named {layer!r}.")
    activations = network.predict(inputs, batch_size=256, verbose=0)
    return _regressed(np.asarray(latents_of(inputs)), _components(activations, count))


def factorized_directions(model: keras.Model, count: int = 5, *, ema: bool = True) -> np.ndarray:
    """Finds the directions to which the generator's first layer responds most (SeFa).

    With the columns A of its kernel that multiply the latents, they are the eigenvectors of A^T A
    with the largest eigenvalues: a closed form, for which nothing is sampled.

    Args:
        model: An `AdversarialModel`, whose generator begins with a `Dense` layer.
        count: Number of directions, at most `latent_dim`.
        ema: As in `model.sample`.

    Returns:
        float32 `(count, latent_dim)` of length 1; the largest entry of each is positive.

    Raises:
        ValueError: If `count` is out of range or the generator begins with another layer.

    Reference: Shen and Zhou 2021 (arXiv 2007.06600), equation 5.
    """
    if not values.is_count(count, model.latent_dim):
        raise ValueError(
            f"Directions are from 1 to latent_dim={model.latent_dim}. Received: count={count!r}."
        )
    first = _first_layer(model.sampling_network(ema))
    if not isinstance(first, keras.layers.Dense):
        raise ValueError(
            f"The generator must begin with a Dense layer. Received: a {type(first).__name__}."
        )
    # Further rows of the kernel are those of labels.
    kernel = np.asarray(first.kernel, "float64")[: model.latent_dim]
    return _with_signs(np.linalg.svd(kernel)[0].T[:count]).astype("float32")


def project_out(
    direction: npt.ArrayLike, others: np.ndarray | Sequence[npt.ArrayLike]
) -> np.ndarray:
    """Removes from a direction what it has of others, so that moving along it keeps theirs.

    Args:
        direction: Array `(latent_dim,)`, such as `attribute_directions` returns.
        others: Arrays `(latent_dim,)`, fewer than `latent_dim`.

    Returns:
        float32 `(latent_dim,)` as long as `direction`, at right angles to all others.

    Raises:
        ValueError: If nothing is left, or shapes differ.

    Reference: Shen et al. 2020 (arXiv 1907.10786), section 2.2, conditional manipulation.

    Example:
        >>> project_out([3.0, 4.0, 0.0], [[0.0, 2.0, 0.0]]).tolist()
        [5.0, 0.0, 0.0]
    """
    direction = np.asarray(direction, "float64")
    others = np.asarray(others, "float64") if len(others) else np.zeros((1, len(direction)))
    if direction.ndim != 1 or others.ndim != 2 or others.shape[1] != len(direction):
        raise ValueError(
            "direction and others must be arrays (latent_dim,) of one length. Received: "
            f"{direction.shape} and {others.shape[1:]}."
        )
    left = direction - others.T @ np.linalg.lstsq(others.T, direction, rcond=None)[0]
    share = np.linalg.norm(left) / max(np.linalg.norm(direction), np.finfo("float64").tiny)
    if share < 1e-6:
        raise ValueError("Nothing is left of the direction: it is a sum of the others.")
    return (left / share).astype("float32")


def mix_styles(
    model: keras.Model,
    seed: int,
    other_seed: int,
    *,
    count: int = 1,
    ema: bool = True,
    **conditions: Any,
) -> np.ndarray:
    """Mixes the styles of the samples of two seeds.

    Coarse sizes of the image determine its layout, fine ones its colours and details.

    Args:
        model: An `AdversarialModel` with a generator of `networks.style`.
        seed: Integer; row i begins with `model.sample(count, seed)[i]`.
        other_seed: Integer; row i ends with that seed's sample.
        count: Number of rows.
        ema, **conditions: As in `model.sample`.

    Returns:
        Array `(count, sizes + 1, ...)`. From column to column one more size of the image, the
        finest first, has the style of the other seed.

    Raises:
        ValueError: If an argument is invalid, or the generator has no styles.

    Reference: Karras et al. 2019 (arXiv 1812.04948), section 3.1.
    """
    checks.check_sampling(count, seed, 1)
    checks.check_sampling(count, other_seed, 1)
    mapping, synthesis = mapping_and_synthesis(model, ema)
    first, last = (
        mapping.predict(model.sampling_inputs(count, each, **conditions), verbose=0)
        for each in (seed, other_seed)
    )
    sizes = first.shape[1]
    mixed = [np.concatenate([first[:, :k], last[:, k:]], axis=1) for k in range(sizes, -1, -1)]
    return _rows(synthesis.predict(np.concatenate(mixed), verbose=0), sizes + 1).swapaxes(0, 1)


def mapping_and_synthesis(model: keras.Model, ema: bool = True) -> tuple[keras.Model, keras.Model]:
    """Returns a generator's parts up to its styles `(batch, sizes, length)`, and from them on.

    Raises:
        ValueError: If it has no styles.
    """
    mapping, synthesis = _split(model.sampling_network(ema))
    if mapping is None:
        raise ValueError(
            "This needs a generator with styles, such as one of networks.style. Received: "
            f"{model.generator!r}."
        )
    return mapping, synthesis


def truncate(model: keras.Model, inputs: Any, threshold: float) -> Any:
    """Truncates the noise of generator inputs to a normal distribution within a threshold.

    Each number is mapped by its quantile, not drawn again as in the paper, so that a seed gives
    similar samples at any threshold.

    Args:
        model: An `AdversarialModel`.
        inputs: Generator inputs, such as `model.sampling_inputs(n, seed)`.
        threshold: Largest absolute value of the noise, above 0; otherwise raises a `ValueError`.

    Reference: Brock, Donahue, Simonyan 2019 (arXiv 1809.11096), section 3.1.
    """
    checks.check_positive("truncation", threshold)
    noise, codes = np.split(np.asarray(latents_of(inputs)), [model.noise_dim], axis=1)
    # The quantile of z is (1 + erf(z / sqrt(2))) / 2; float32 would not tell large ones apart.
    shares = tf.math.erf(np.append(noise, threshold).astype("float64") / np.sqrt(2))
    cut = np.sqrt(2) * tf.math.erfinv(shares[:-1] * shares[-1]).numpy()
    cut = cut.reshape(noise.shape).astype("float32")
    return with_latents(inputs, np.concatenate([cut, codes], axis=1))


def _along(model, inputs, paths, ema):
    """Samples (rows, steps, ...) of latents (rows, steps, latent_dim)."""
    rows, steps = paths.shape[:2]
    repeated = keras.tree.map_structure(lambda part: np.repeat(part, steps, axis=0), inputs)
    latents = paths.reshape(rows * steps, -1).astype("float32")
    return _rows(model.generate(with_latents(repeated, latents), ema), rows)


def _rows(samples, rows):
    """Arranges samples in so many rows."""
    return keras.tree.map_structure(lambda part: part.reshape(rows, -1, *part.shape[1:]), samples)


def arc(first: np.ndarray, last: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Interpolates between arrays `(n, dimension)` over equal angles (slerp), linearly if parallel.

    `share` is a column `(steps, 1)` from 0, `first`, to 1, `last`. Returns `(n, steps, dimension)`.

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


def latents_of(inputs: Any) -> Any:
    """Returns the latents, the first of a generator's inputs."""
    return keras.tree.flatten(inputs)[0]


def with_latents(inputs: Any, latents: Any) -> Any:
    """Returns a generator's inputs with other latents."""
    _, *conditions = keras.tree.flatten(inputs)
    return keras.tree.pack_sequence_as(inputs, [latents, *conditions])


def _check_steps(steps):
    if not values.is_count(steps) or steps < 2:
        raise ValueError(f"steps must be an integer of at least 2. Received: steps={steps!r}.")


def _first_layer(network):
    """Returns the first layer that has weights, also of a network within this one."""
    first = next((layer for layer in network.layers if layer.weights), None)
    return _first_layer(first) if isinstance(first, keras.Model) else first


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


def _split(network):
    """A network's parts up to its styles, and from them on; `None` twice if it has none."""
    before = None
    for layer in network.layers:
        if layer.name == style.STYLES:
            return keras.Model(network.inputs, layer.output), keras.Model(
                layer.output, network.output
            )
        if isinstance(layer, keras.Model):
            mapping, synthesis = _split(layer)
            if mapping is not None:
                return keras.Model(network.inputs, mapping(before.output)), synthesis
        before = layer
    return None, None


def _components(activations, count):
    """Coordinates (n, count) along the principal components, each of variance 1."""
    flat = activations.reshape(len(activations), -1)
    left, _, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    return left[:, :count] * np.float32(np.sqrt(len(flat) - 1))


def _regressed(latents, components):
    """What a step of 1 along each component means for the latents, (count, latent_dim)."""
    # The components are uncorrelated and of variance 1: a covariance is a slope.
    directions = components.T @ (latents - latents.mean(axis=0)) / np.float32(len(latents) - 1)
    return _with_signs(directions)


def _with_signs(directions):
    """Turns each direction so that its largest entry is positive."""
    largest = np.abs(directions).argmax(axis=1)[:, None]
    return directions * np.sign(np.take_along_axis(directions, largest, axis=1))
