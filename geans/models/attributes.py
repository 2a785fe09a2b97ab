"""Directions in the latent space that change an attribute of the samples."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from geans.models import checks, data_checks, latent_space


def attribute_directions(
    model: keras.Model,
    labels: npt.ArrayLike,
    *,
    inputs: Any = None,
    seed: int = 0,
    penalty: float = 1.0,
    space: str = "latents",
    ema: bool = True,
) -> dict[Any, np.ndarray]:
    """Finds the direction of each label: towards it, away from all others.

    A logistic regression of the label on the latents, one against the rest, minimises

        sum_i log(1 + exp(-y_i (w z_i + b))) + penalty / 2 |w|^2

    Args:
        model: A `geans` model that samples from latents.
        labels: n integers, words or bools, of two or more kinds.
        inputs: Generator inputs of the labelled samples, such as `project(images).inputs` of
            labelled images; `None` if they are those of `model.sample(n, seed)`.
        seed: Integer that determines these samples.
        penalty: Weight of |w|^2, above 0.
        space: `"latents"`, or `"styles"` of a generator of `networks.style`, which are divided by
            their standard deviation first.
        ema: As in `model.sample`; it concerns styles.

    Returns:
        Dict from label to float32 `(latent_dim,)`, w of length 1, or in the space of styles as long
        as these, of one standard deviation; for `latent_space.traverse`.

    Raises:
        ValueError: If there is only one label, or an argument does not fit.

    Reference: Shen et al. 2020 (arXiv 1907.10786), section 3.2, with a support vector machine in
    place of the regression.
    """
    labels = np.asarray(labels)
    classes = np.unique(labels)
    if labels.ndim != 1 or len(classes) < 2:
        raise ValueError(
            "attribute_directions needs labels of shape (n,), of two or more kinds. Received: "
            f"shape {labels.shape}, {len(classes)} kinds."
        )
    checks.check_positive("penalty", penalty)
    if inputs is None:
        inputs = model.sampling_inputs(len(labels), seed)
    data_checks.check_inputs(inputs, model.generator)
    latents = latent_space.coordinates(model, inputs, space, ema).astype("float64")
    scale = latents.std() if space == "styles" else 1.0
    if len(latents) != len(labels):
        raise ValueError(
            f"There must be a label for each of the {len(latents)} inputs. Received: {len(labels)}."
        )
    found = {}
    for label in classes:
        weights = logistic_regression(latents / scale, labels == label, penalty)
        found[label.item()] = (scale * weights / np.linalg.norm(weights)).astype("float32")
    return found


def logistic_regression(latents, positive, penalty, tolerance=1e-8, steps=100):
    """Returns the weights of a logistic regression, without the bias, by damped Newton steps.

    Args:
        latents: float64 `(n, dimension)`.
        positive: n bools.
        penalty: Weight of half the squared length of the weights.
        tolerance: Largest step of a weight that counts as none.
        steps: Most Newton steps.
    """
    rows = np.concatenate([latents, np.ones((len(latents), 1))], axis=1)
    signs, ridge = np.where(positive, 1.0, -1.0), np.full(rows.shape[1], penalty)
    ridge[-1] = 0.0  # Not of the bias.

    def loss(weights):
        return np.logaddexp(0, -signs * (rows @ weights)).sum() + ridge @ weights**2 / 2

    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        chances = 1 / (1 + np.exp(np.clip(signs * (rows @ weights), -500, 500)))  # Of being wrong.
        gradient = ridge * weights - rows.T @ (signs * chances)
        curvature = (rows * (chances * (1 - chances))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        if np.abs(step).max() < tolerance:
            break
        size = 1.0
        while loss(weights - size * step) > loss(weights) and size > 1e-6:
            size /= 2
        weights = weights - size * step
    return weights[:-1]
