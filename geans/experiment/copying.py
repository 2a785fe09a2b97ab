"""Whether a run copies its training images."""

import dataclasses
import math
from typing import Any

import numpy as np

from geans import metrics, plotting, presets
from geans.experiment import evaluation, loading
from geans.experiment.sources.base import BATCH_SIZE, Source
from geans.metrics.features import pixels, to_pixels
from geans.types import PathLike

ROWS, COLUMNS = 6, 5


def neighbours(
    run_dir: PathLike,
    *,
    data: str | None = None,
    held_out: str | None = None,
    features: Any = None,
    samples: int = 1_000,
    ema: bool = True,
    seed: int = 0,
    data_dir: PathLike | None = None,
) -> tuple[plotting.style.Figure, list[metrics.Measurement]]:
    """Finds the training images nearest to generated ones.

    Args:
        run_dir: Directory of a run on images, or name of a pretrained model.
        held_out: Split of tensorflow-datasets that the run was not trained on; `None`: no
            measurements.
        features: As in `metrics.features.get`; `None` for "pixels", or "imagenet" of images of more
            than 4,096 values.
        samples: Number of generated, and at most of held-out, images.
        data, ema, seed, data_dir: As in `evaluate`.

    Returns:
        A figure of the samples of smallest distance, and a list of `metrics.Measurement`s.

    Raises:
        ValueError: If the run is invalid or not on images, or an argument does not fit.
        FloatingPointError: If samples are not finite.
    """
    model = loading.trained(run_dir)
    preset = presets.moved(loading.preset_of(run_dir), data, data_dir)
    source = Source.of(preset, data_dir)
    if source.mixture is not None:
        raise ValueError(
            f"Training data that can be drawn anew need no copying. Received: {preset.data}."
        )
    ema = ema and model.ema_generator is not None
    if features is None:
        size = math.prod(model.generator.output_shape[1:])
        features = "pixels" if size <= pixels.MAX_DIMENSION else "imagenet"
    network = metrics.features.get(features)
    fake = to_pixels(model.sample(samples, seed, ema))
    origin, batches = source.reference(trained_on=True)
    training = _images(batches)
    others = None
    if held_out is not None:
        _, batches = source.reference(split=held_out)
        others = _images(batches)[:samples]
        origin = metrics.Origin(name=origin.name, split=f"{origin.split}, held out {held_out}")
    sets = [_rows(network, each) for each in (fake, training, others)]
    found = metrics.nearest_neighbours(*sets[:2], held_out_features=sets[2], count=COLUMNS)
    drawn = metrics.Origin(name=preset.name, generator="EMA" if ema else "raw", seed=seed)
    numbers = _numbers(found, network, (origin, len(training)), (drawn, samples))
    return _picture(found, fake, training), numbers


def _images(batches):
    return np.concatenate([to_pixels(np.asarray(images)) for images in batches])


def _rows(network, images):
    if images is None:
        return None
    starts = range(0, len(images), BATCH_SIZE)
    parts = (images[start : start + BATCH_SIZE] for start in starts)
    return np.concatenate([network(part)["features"] for part in parts])


def _numbers(found, network, real, fake):
    if found.held_out_distances is None:
        return []
    copying = metrics.data_copying(found.held_out_distances, found.distances[:, 0])
    protocol = {"checksum": network.checksum, "resize": network.resize}
    return evaluation.measurements(
        dataclasses.asdict(copying), network.name, real, fake, **protocol
    )


def _picture(found, fake, training):
    nearest = found.distances[:, 0]
    rows = np.argsort(nearest)[:ROWS]
    histogram = {}
    if found.held_out_distances is not None:
        histogram = {"fake_distances": nearest, "held_out_distances": found.held_out_distances}
    return plotting.neighbours(
        fake[rows],
        training[found.indices[rows]],
        found.distances[rows],
        title=f"The nearest {len(rows)} of {len(fake):,} samples",
        **histogram,
    )
