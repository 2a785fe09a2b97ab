"""What a translation shows, and how near it comes: on pairs that it was not trained on, if any."""

import dataclasses

import numpy as np

from geans import metrics
from geans.models.translation import CycleGAN

COLUMNS = 8
MOST = 1_000


@dataclasses.dataclass(frozen=True)
class Examples:
    """Pairs of images, to show and to measure a model's translations.

    Args:
        first: Array `(n, height, width, channels)` in [-1, 1]: sources, or the first domain.
        second: Likewise: targets, or the second domain.
        split: Where they are from.

    Example:

    >>> Examples(np.zeros((9, 8, 8, 1)), np.zeros((9, 8, 8, 3)), "test").split
    'test'
    """

    first: np.ndarray
    second: np.ndarray
    split: str

    def draw(self, model):
        """Images for a picture of `COLUMNS` columns.

        Of Pix2Pix: a row of sources, of outputs, of targets, and so on. Of CycleGAN: a row of the
        first domain, of what became of it, and of that back again; then of the second domain.

        Returns:
            Array `(n, height, width, channels)`, n at most 6 times `COLUMNS`.
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
        rows = _alike([first, model.translate(first), second])
        blocks = [slice(start, start + COLUMNS) for start in range(0, len(first), COLUMNS)]
        return np.concatenate([row[block] for block in blocks for row in rows])

    def measure(self, model, ema=True):
        """Numbers of a model: mean absolute errors in units of [-1, 1], and SSIM.

        Of Pix2Pix between outputs and targets, of CycleGAN between images of each domain and what
        they are after a cycle.

        Args:
            model: A `Pix2Pix` or a `CycleGAN`.
            ema: Whether by the EMA generator, where there is one, or the raw one.

        Returns:
            A dict from names to floats.
        """
        if isinstance(model, CycleGAN):
            found = {}
            for name, images, other in (
                ("first", self.first, "second"),
                ("second", self.second, "first"),
            ):
                there = model.translate(images, other, ema=ema)
                back = model.translate(there, name, ema=ema)
                found[f"cycle_error_{name}"] = metrics.mean_absolute_error(images, back)
            return found
        pair = self.second, model.translate(self.first, ema=ema)
        found = {"mean_absolute_error": metrics.mean_absolute_error(*pair)}
        if min(self.second.shape[1:3]) >= metrics.reconstruction.WINDOW:
            found["structural_similarity"] = metrics.structural_similarity(*pair)
        return found


def spread(images, count):
    """At most `count` images from everywhere in an array: neighbours may be of one kind.

    Example:

    >>> spread(np.arange(10), 3).tolist()
    [0, 3, 6]
    """
    count = min(count, len(images))
    return images[np.arange(count) * len(images) // count]


def _alike(rows):
    """Images with as many channels each, grey ones repeated."""
    channels = max(row.shape[-1] for row in rows)
    return [
        row if row.shape[-1] == channels else np.repeat(row[..., :1], channels, axis=-1)
        for row in rows
    ]
