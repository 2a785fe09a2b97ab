"""The history of a run as a file that grows with every epoch."""

import pathlib

import keras

from geans import report


class HistoryFile(keras.callbacks.Callback):
    """Keeps a row per epoch in a CSV file: `epoch`, counted from 1, and what `fit` logs.

    A resumed run goes on in the same file, and an epoch that is trained again replaces its row.
    (`keras.callbacks.CSVLogger` adds a column `val_...` of "NA" for every value that is not
    validated, and counts from 0.)

    Args:
        path: The file; its directory must exist.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     callback = HistoryFile(f"{folder}/history.csv")
    ...     callback.on_epoch_end(0, {"generator_loss": 0.5})
    ...     pathlib.Path(f"{folder}/history.csv").read_text().split()
    ['epoch,generator_loss', '1,0.5']
    """

    def __init__(self, path):
        super().__init__()
        self.path = pathlib.Path(path)

    @report.tolerant
    def on_epoch_end(self, epoch, logs=None):
        """Appends the epoch's row."""
        row = {"epoch": epoch + 1} | {name: float(value) for name, value in (logs or {}).items()}
        report.write_epoch(row, self.path)
