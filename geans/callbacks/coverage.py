"""Mode coverage of a generator of points while it trains."""

import dataclasses
import os
import pathlib

import keras
import numpy as np

from geans import metrics, report

POINTS_TO_KEEP = 500


class Coverage(keras.callbacks.Callback):
    """Measures after every epoch which modes of a mixture the generator reaches.

    Appends to `directory/coverage.csv` a row of `epoch`, counted from 1, `samples_seen` and what
    `metrics.mode_coverage` finds, of samples of the same latents every time; a generator that has
    diverged covers nothing. At some epochs it keeps 500 of the points in `directory/coverage.npz`,
    by the number of the epoch. A resumed run goes on in the same files. An observer: it changes no
    weight.

    Args:
        directory: Where the files go; it must exist when training begins.
        mixture: Object with `centers` and `stddev`.
        count: Number of samples to measure.
        moments: At about how many epochs to keep points, 2 or more: the first, the last, and
            others that lie the closer together the earlier they are.
        seed: Integer that fixes the latents.

    Example:

    >>> from geans import data
    >>> callback = Coverage("runs/gan_ring", data.mixtures.ring())
    """

    def __init__(self, directory, mixture, *, count=2_500, moments=5, seed=0):
        super().__init__()
        self.directory = pathlib.Path(directory)
        self.mixture = mixture
        self.count = count
        self.moments = moments
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        """Measures, and keeps points if it is time."""
        done = epoch + 1
        points = np.asarray(self.model.sample(self.count, seed=self.seed))
        finite = np.isfinite(points).all()
        coverage = metrics.mode_coverage(points, self.mixture) if finite else metrics.NOTHING
        seen = int(self.model.samples_seen.numpy())
        row = {"epoch": done, "samples_seen": seen, **dataclasses.asdict(coverage)}
        report.write_epoch(row, self.directory / "coverage.csv")
        if done in spread(self.params["epochs"], self.moments):
            _add_points(self.directory / "coverage.npz", done, points[:POINTS_TO_KEEP])


def spread(last, count):
    """Up to `count` numbers from 1 to `last`, each about the same multiple of the one before.

    Example:

    >>> spread(20, 5)
    [1, 2, 4, 9, 20]
    """
    return sorted({round(last ** (index / (count - 1))) for index in range(count)})


def read_points(path):
    """The points in a `coverage.npz`, a dict from the number of the epoch; empty without a file."""
    if not path.exists():
        return {}
    with np.load(path) as file:
        return {int(name): file[name] for name in sorted(file.files, key=int)}


def _add_points(path, epoch, points):
    before = read_points(path).items()
    kept = {str(number): array for number, array in before if number < epoch}
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("wb") as file:
        np.savez(file, **kept, **{str(epoch): points.astype("float32")})
    os.replace(unfinished, path)
