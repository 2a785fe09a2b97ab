"""Pictures and errors of translations, on test data if available."""

import dataclasses

import numpy as np
import tensorflow as tf

from geans import metrics
from geans.models.translation import CycleGAN

COLUMNS = 8
MOST = 1_000


@dataclasses.dataclass(frozen=True)
class Examples:
    """Pairs of images to show and measure translations with.

    Args:
        first: Array `(n, height, width, channels)` in [-1, 1]: sources, or the first domain.
        second: As `first`: targets, or the second domain.
        split: Name of their split.
    """

    first: np.ndarray
    second: np.ndarray
    split: str

    def draw(self, model):
        """Returns images for a picture of `COLUMNS` columns, an array of at most 8 rows.

        Pairs: alternating rows of sources, outputs and targets; of larger targets 8 rows, of
        sources enlarged by nearest neighbours and by bicubic interpolation, outputs and targets.
        CycleGAN: for each domain a row of images, of their translations, and of these translated
        back.
        """
        cycles = isinstance(model, CycleGAN)
        first, second = (
            spread(images, COLUMNS if cycles else 2 * COLUMNS)
            for images in (self.first, self.second)
        )
        if cycles:
            there, back = model.translate(first, "second"), model.translate(second, "first")
            rows = [first, there, model.translate(there, "first")]
            rows += [second, back, model.translate(back, "second")]
            return np.concatenate(_alike(rows))
        sources = [first]
        if first.shape[1:3] != second.shape[1:3]:
            sources = [enlarged(first, second.shape, method) for method in ("nearest", "bicubic")]
        rows = _alike([*sources, model.translate(first), second])
        blocks = [slice(start, start + COLUMNS) for start in range(0, len(first), COLUMNS)]
        return np.concatenate([row[block] for block in blocks for row in rows])

    def measure(self, model, ema=True):
        """Returns a dict of mean absolute errors in units of [-1, 1], and SSIM.

        Pairs: between outputs and targets; of larger targets also the peak signal-to-noise ratio
        in decibels, and with the prefix `bicubic_` that and SSIM of bicubic interpolation.
        CycleGAN: between images of each domain and their cycles.
        """
        if isinstance(model, CycleGAN):
            found = {}
            for name, other in (("first", "second"), ("second", "first")):
                images = getattr(self, name)
                there = model.translate(images, other, ema=ema)
                back = model.translate(there, name, ema=ema)
                found[f"cycle_error_{name}"] = metrics.mean_absolute_error(images, back)
            return found
        pair = self.second, model.translate(self.first, ema=ema)
        found = {"mean_absolute_error": metrics.mean_absolute_error(*pair), **_similarity(*pair)}
        if self.first.shape[1:3] != self.second.shape[1:3]:
            bicubic = self.second, enlarged(self.first, self.second.shape, "bicubic")
            found["peak_signal_to_noise_ratio"] = metrics.peak_signal_to_noise_ratio(*pair)
            baseline = {"peak_signal_to_noise_ratio": metrics.peak_signal_to_noise_ratio(*bicubic)}
            baseline |= _similarity(*bicubic)
            found |= {f"bicubic_{name}": value for name, value in baseline.items()}
        return found


def enlarged(images, shape, method):
    """Returns images resized to the height and width of a batch's `shape`, within [-1, 1].

    Args:
        images: As in `Examples`.
        shape: `(n, height, width, channels)`.
        method: As in `tf.image.resize`.
    """
    return np.clip(tf.image.resize(images, shape[1:3], method), -1, 1)


def spread(images, count):
    """Returns at most `count` images, evenly spaced, as neighbours may be alike."""
    count = min(count, len(images))
    return images[np.arange(count) * len(images) // count]


def _similarity(real, fake):
    if min(real.shape[1:3]) < metrics.reconstruction.WINDOW:
        return {}
    return {"structural_similarity": metrics.structural_similarity(real, fake)}


def _alike(rows):
    """Returns rows with equally many channels, of more than three the first three."""
    counts = {row.shape[-1] for row in rows}
    channels = max(counts) if len(counts) == 1 else min(max(counts), 3)
    return [
        row[..., :channels]
        if row.shape[-1] >= channels
        else np.repeat(row[..., :1], channels, axis=-1)
        for row in rows
    ]
