"""A progress bar for a whole training run."""

import sys
import time

import keras


class Progress(keras.callbacks.Callback):
    """Shows the progress of a run and the time left.

    A terminal gets Keras' bar over all steps of all epochs, other streams one line per epoch. Pass
    `verbose=0` to `fit`, whose bar restarts in each epoch.

    Args:
        stream: Where to write the lines; the bar always goes to standard output.
    """

    def __init__(self, stream=None):
        super().__init__()
        self.stream = stream or sys.stdout

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        self._bar = self._first_epoch = None
        self._start = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        """Makes the bar at the first epoch of the session."""
        if self._first_epoch is None:
            self._first_epoch = epoch
            steps, epochs = self.params.get("steps"), self.params["epochs"]
            if steps and self.stream.isatty():
                self._bar = keras.utils.Progbar((epochs - epoch) * steps, unit_name="step")
        self._steps_before = (epoch - self._first_epoch) * (self.params.get("steps") or 0)

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update(self._steps_before + batch + 1, list((logs or {}).items()))

    def on_epoch_end(self, epoch, logs=None):
        """Writes a line without a bar."""
        if self._bar is None:
            done, epochs = epoch + 1 - self._first_epoch, self.params["epochs"]
            left = (time.monotonic() - self._start) / done * (epochs - epoch - 1)
            values = ", ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items())
            line = f"epoch {epoch + 1}/{epochs}, {_duration(left)} left: {values}"
            print(line, file=self.stream, flush=True)


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
