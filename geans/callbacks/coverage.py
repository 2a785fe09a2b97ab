"""Mode coverage of a generator while it trains, where the modes of the real data are known."""

import dataclasses
import pathlib
import zipfile
import zlib

import keras
import numpy as np

from geans import files, metrics, report, values

# By rank: points, and images.
SAMPLES_TO_KEEP = {2: 500, 4: 16}


class Coverage(keras.callbacks.Callback):
    """Measures after every epoch which modes of the real data the generator reaches.

    Appends to `directory/coverage.csv` a row of `epoch`, counted from 1, `samples_seen` and what
    `metrics.mode_coverage` finds, of samples of the same latents every time; a generator that has
    diverged covers nothing. At some epochs it keeps 500 of the points, or 16 of the images, in
    `directory/coverage.npz`, by the number of the epoch. A resumed run goes on in the same files.
    An observer: it changes no weight.

    Args:
        directory: Where the files go; it must exist when training begins.
        mixture: Object that `metrics.mode_coverage` takes: `data.mixtures.ring()`,
            `data.stacked.digits()`.
        count: Number of samples to measure; `None` for `mixture.samples_to_watch`.
        moments: At about how many epochs to keep samples, 2 or more: the first, the last, and
            others that lie the closer together the earlier they are.
        seed: Integer that fixes the latents.

    Raises:
        ValueError: If `count` is no positive integer, or `moments` is none of 2 or more; when
            training begins, if what an earlier session left is damaged.

    Example:

    >>> from geans import data
    >>> callback = Coverage("runs/gan_ring", data.mixtures.ring())
    """

    def __init__(self, directory, mixture, *, count=None, moments=5, seed=0):
        super().__init__()
        if count is not None:
            values.check_count("count", count)
        values.check_count("moments", moments)
        if moments == 1:
            raise ValueError(f"moments must be 2 or more. Received: {moments=}")
        self.directory = pathlib.Path(directory)
        self.mixture = mixture
        self.count = count
        self.moments = moments
        self.seed = seed

    def on_train_begin(self, logs=None):
        """Checks the files of an earlier session before the first step, not after an epoch."""
        read_samples(self.directory / "coverage.npz")
        report.read_history(self.directory / "coverage.csv")

    @report.tolerant
    def on_epoch_end(self, epoch, logs=None):
        """Measures, and keeps points if it is time."""
        seen = int(self.model.samples_seen.numpy())  # Of several workers, all must ask.
        if not getattr(self.model, "is_chief", True):
            return
        done = epoch + 1
        count = self.mixture.samples_to_watch if self.count is None else self.count
        samples = np.asarray(self.model.sample(count, seed=self.seed))
        coverage = metrics.mode_coverage_or_nothing(samples, self.mixture)
        found = {name: x for name, x in dataclasses.asdict(coverage).items() if x is not None}
        row = {"epoch": done, "samples_seen": seen, **found}
        report.write_epoch(row, self.directory / "coverage.csv")
        if done in spread(self.params["epochs"], self.moments):
            kept = samples[: SAMPLES_TO_KEEP[samples.ndim]]
            _add_samples(self.directory / "coverage.npz", done, kept)


def spread(last, count):
    """Up to `count` numbers from 1 to `last`, each about the same multiple of the one before.

    Example:

    >>> spread(20, 5)
    [1, 2, 4, 9, 20]
    """
    return sorted({round(last ** (index / (count - 1))) for index in range(count)})


def read_samples(path):
    """The samples in a `coverage.npz`, a dict from epoch number to array; empty without a file.

    Raises:
        ValueError: If the file is damaged, or holds pickled objects.
    """
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            return {int(name): file[name] for name in sorted(file.files, key=int)}
    # An array alone has no files; zipfile and zlib have errors of their own.
    except (AttributeError, EOFError, OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} holds no samples by epoch ({error}). Remove it.") from error


def _add_samples(path, epoch, samples):
    before = read_samples(path).items()
    kept = {str(number): array for number, array in before if number < epoch}
    with files.replacing(path) as unfinished:
        np.savez(unfinished, **kept, **{str(epoch): samples.astype("float32")})
