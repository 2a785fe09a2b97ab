"""A progress bar for a whole training run."""

import sys
import time
from typing import Any, TextIO

import keras

WARM_UP = 5.0
"""Seconds after the first step, which is compiled, when the time left is first told."""


class Progress(keras.callbacks.Callback):
    """Shows the progress of a run and the time left, as measured since its first step.

    A terminal gets Keras' bar over all steps of all epochs, other streams one line per epoch, and
    an estimate in a long first epoch. Pass `verbose=0` to `fit`, whose bar restarts in each epoch.

    Args:
        stream: Where to write the lines; the bar always goes to standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self.stream = stream or sys.stdout

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._bar: Any = None
        self._first_epoch: Any = None
        self._warm: Any = None
        self._told = False
        self._start = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Makes the bar at the first epoch of the session."""
        if self._first_epoch is None:
            self._first_epoch = epoch
            steps, epochs = self.params.get("steps"), self.params["epochs"]
            if steps and self.stream.isatty():
                self._bar = keras.utils.Progbar((epochs - epoch) * steps, unit_name="step")
        self._epochs_before = epoch - self._first_epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, or tells the time left as soon as it is known."""
        steps = self.params.get("steps")
        if self._bar is not None:
            # A call of several steps may end before its last one.
            done = self._epochs_before * steps + min(batch + 1, steps)
            self._bar.update(done, list((logs or {}).items()))
        elif steps and not self._told:
            done = self._epochs_before + min(batch + 1, steps) / steps
            self._warm = self._warm or (time.monotonic(), done)
            self._told = time.monotonic() - self._warm[0] > WARM_UP
            if self._told:
                print(f"about {self._left(done)} left", file=self.stream, flush=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes a line without a bar."""
        if self._bar is None:
            self._told = True
            left = self._left(epoch + 1 - self._first_epoch)
            values = ", ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items())
            line = f"epoch {epoch + 1}/{self.params['epochs']}, {left} left: {values}"
            print(line, file=self.stream, flush=True)

    def _left(self, done):
        start, before = self._warm or (self._start, 0)
        if done == before:  # One step per epoch.
            start, before = self._start, 0
        pace = (time.monotonic() - start) / (done - before)
        minutes, seconds = divmod(
            round(pace * (self.params["epochs"] - self._first_epoch - done)), 60
        )
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
