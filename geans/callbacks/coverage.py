"""Mode coverage during training, for data whose modes are known."""

import dataclasses
import zipfile
import zlib
from typing import Any

import keras
import numpy as np

from geans import files, metrics, report, values
from geans.metrics import feature_arrays
from geans.types import PathLike

# By rank: points and images.
SAMPLES_TO_KEEP = {2: 500, 4: 16}


class Coverage(keras.callbacks.Callback):
    """Measures mode coverage after every epoch.

    Appends `epoch` (from 1), `samples_seen` and the results of `metrics.mode_coverage` to
    `directory/coverage.csv`, always for the same latents; a diverged generator covers nothing. At
    some epochs 500 points or 16 images are kept in `directory/coverage.npz`, by epoch number. A
    resumed run continues both files.

    Args:
        directory: Where the files go; must exist when training begins.
        mixture: As in `metrics.mode_coverage`: `data.mixtures.ring()`, `data.stacked.digits()`.
        count: Number of samples to measure; `None` for `mixture.samples_to_watch`.
        moments: About how many epochs to keep samples of, at least 2; early epochs are denser.
        seed: Integer that fixes the latents.

    Raises:
        ValueError: If `count` or `moments` is invalid; when training begins, if files are damaged.
    """

    def __init__(
        self,
        directory: PathLike,
        mixture: Any,
        *,
        count: int | None = None,
        moments: int = 5,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if count is not None:
            values.check_count("count", count)
        values.check_count("moments", moments, least=2)
        self.directory = files.path_of(directory)
        self.mixture = mixture
        self.count = count
        self.moments = moments
        self.seed = seed

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Checks the files of an earlier session before the first step."""
        read_samples(self.directory / "coverage.npz")
        report.read_history(self.directory / "coverage.csv")

    @report.tolerant
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures, and keeps samples at some epochs."""
        seen = int(self.model.samples_seen.numpy())  # All workers must read it.
        if not getattr(self.model, "is_chief", True):
            return
        done = epoch + 1
        count = self.mixture.samples_to_watch if self.count is None else self.count
        samples = feature_arrays.clipped(np.asarray(self.model.sample(count, seed=self.seed)))
        coverage = metrics.mode_coverage_or_nothing(samples, self.mixture)
        found = {name: x for name, x in dataclasses.asdict(coverage).items() if x is not None}
        row = {"epoch": done, "samples_seen": seen, **found}
        report.write_epoch(row, self.directory / "coverage.csv")
        if done in spread(self.params["epochs"], self.moments):
            kept = samples[: SAMPLES_TO_KEEP[samples.ndim]]
            _add_samples(self.directory / "coverage.npz", done, kept)


def spread(last, count):
    """Returns up to `count` integers from 1 to `last`, spaced by about the same factor.

    If `last` is at most `count`, all are returned.
    """
    if last <= count:
        return list(range(1, last + 1))
    return sorted({round(last ** (index / (count - 1))) for index in range(count)})


def read_samples(path):
    """Returns a dict from epoch to samples; raises a `ValueError` if the file is damaged."""
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            return {int(name): file[name] for name in sorted(file.files, key=int)}
    # A single array has no `files`; zipfile and zlib have their own errors.
    except (AttributeError, EOFError, OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} holds no samples by epoch ({error}). Remove it.") from error


def _add_samples(path, epoch, samples):
    before = read_samples(path).items()
    kept = {str(number): array for number, array in before if number < epoch}
    with files.replacing(path) as unfinished:
        np.savez(unfinished, **kept, **{str(epoch): samples.astype("float32")})
