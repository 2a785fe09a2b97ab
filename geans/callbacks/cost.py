"""The cost of a training run, as a file."""

import json
import time
from typing import Any

import keras

from geans import files, report
from geans.types import PathLike


class Cost(keras.callbacks.Callback):
    """Writes updates, samples, seconds and peak memory of a run to a JSON file after every epoch.

    `updates` counts the generator's updates, `samples` the samples seen. `seconds` is wall-clock
    time within epochs, compilation included; put this callback first to exclude the work of others
    at epoch ends. `peak_memory_mb` is that of the process, in 10^6 bytes. A resumed run adds to the
    file.

    Args:
        path: The file; its directory must exist.
    """

    def __init__(self, path: PathLike) -> None:
        super().__init__()
        self.path = files.path_of(path)
        self._seconds, self._memory = 0.0, 0.0
        self._begun: float | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Reads the cost of earlier sessions of the run."""
        self._seconds, self._memory = self._read() if self.path.exists() else (0.0, 0.0)
        self._begun = None

    def _read(self):
        try:
            before = json.loads(self.path.read_text())
            return float(before["seconds"]), float(before["peak_memory_mb"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f"{self.path} is damaged: it tells no seconds and memory of the run so far "
                f"({error!r}). Remove the file; the count then begins anew."
            ) from error

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Stops the clock and writes the file."""
        self.write()

    @report.tolerant
    def write(self) -> None:
        """Writes the file; also for a run that is interrupted within an epoch."""
        if self._begun is not None:
            self._seconds += time.perf_counter() - self._begun
            self._begun = None
        self._memory = max(self._memory, report.peak_memory_mb())
        if self.model is not None:
            values = self._values()  # All workers must read the samples.
            if getattr(self.model, "is_chief", True):
                report.write_json(values, self.path)

    def _values(self):
        return {
            "updates": int(self.model.generator_player.optimizer.iterations.numpy()),
            "samples": int(self.model.samples_seen.numpy()),
            "seconds": round(self._seconds, 3),
            "peak_memory_mb": round(self._memory, 1),
        }
