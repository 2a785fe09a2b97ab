"""The history of a run as a CSV file."""

from typing import Any

import keras

from geans import files, report
from geans.types import PathLike


class HistoryFile(keras.callbacks.Callback):
    """Appends `epoch` (from 1) and `fit`'s logs to a CSV file after every epoch.

    A resumed run continues the file; an epoch that is trained again replaces its row.

    Args:
        path: The file; its directory must exist.
    """

    def __init__(self, path: PathLike) -> None:
        super().__init__()
        self.path = files.path_of(path)

    @report.tolerant
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Appends the epoch's row."""
        row = {"epoch": epoch + 1} | {name: float(value) for name, value in (logs or {}).items()}
        report.write_epoch(row, self.path)
