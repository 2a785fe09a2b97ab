"""What a translation shows, and how near it comes: on pairs that it was not trained on, if any."""

import dataclasses

import numpy as np

from geans import data, metrics
from geans.experiment.options import call
from geans.models.translation import CycleGAN, Translation

COLUMNS = 8
MOST = 1_000

_OF_TRAINING = ("jitter", "flip")


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


def is_translation(model):
    """Whether a model translates images, and so needs `Examples`.

    Example:

    >>> is_translation(None)
    False
    """
    return isinstance(model, Translation)


def examples(preset, data_dir=None):
    """Up to `MOST` pairs of a preset's data, in their own order: of the test split, if it has one.

    Args:
        preset: A `presets.Preset` of a translation.
        data_dir: Where the data lie.

    Returns:
        An `Examples`.

    Raises:
        ValueError: If the data are not found, or the preset asks for what needs samples.
    """
    if preset.evaluate_every:
        raise ValueError(
            "evaluate_every compares samples with real images, but a translation draws none. "
            f"Received: evaluate_every={preset.evaluate_every}. Leave it at 0."
        )
    options = {key: each for key, each in preset.data_options.items() if key not in _OF_TRAINING}
    options["split"] = (
        "test" if "test" in data.translation.splits(preset.data, data_dir) else "train"
    )
    fields = {"image_size": preset.image_size, "data_dir": data_dir}
    fields |= {"batch_size": MOST, "shuffle": False, "seed": preset.seed}
    dataset = call(data.translation.load, (preset.data,), {**fields, **options}, "data_options")
    first, second = next(dataset.as_numpy_iterator())
    return Examples(first, second, options["split"])


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
