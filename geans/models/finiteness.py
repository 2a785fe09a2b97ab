"""Handling of NaN and infinity in losses and gradients during training."""

import contextlib
import functools
import logging
import math

import keras

ON_NAN = ("stop", "skip")
WAITING = (keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau)


class FiniteWatch(keras.callbacks.Callback):
    """Callback, added by `fit`, that warns or stops if a loss or a gradient is not finite.

    `on_nan="stop"` raises a `FloatingPointError` after the step; on several workers, after the
    epoch.
    """

    def on_train_batch_end(self, batch, logs=None):
        """Stops a training in one process."""
        if self.model.on_nan == "stop" and not self.model.is_multi_worker:
            stop_or_warn(self.model)

    def on_epoch_end(self, epoch, logs=None):
        """Stops a training on several workers, or warns."""
        stop_or_warn(self.model, f"Epoch {epoch + 1}: ")


def stop_or_warn(model, when=""):
    """Raises or warns, as `on_nan` says, if something was not finite since the last report."""
    found = report(model)
    if found and model.on_nan == "stop":
        raise FloatingPointError(
            f"{found}. The weights are those before it. A smaller learning rate or a penalty "
            "may help; on_nan='skip' leaves such micro-batches out and continues."
        )
    if found:
        logging.getLogger(__name__).warning("%s%s. Left out.", when, found)


@contextlib.contextmanager
def idle_epochs_ignored(callbacks):
    """Hides from callbacks that wait for improvement the epochs without what they monitor.

    An alternating rule has epochs in which a player is idle: the mean of its loss is NaN.
    """
    waiting = [callback for callback in callbacks if isinstance(callback, WAITING)]

    def on_epoch_end(callback, proceed, epoch, logs=None):
        if not math.isnan((logs or {}).get(callback.monitor, 0.0)):
            proceed(epoch, logs)

    for callback in waiting:
        callback.on_epoch_end = functools.partial(on_epoch_end, callback, callback.on_epoch_end)
    try:
        yield
    finally:
        for callback in waiting:
            del callback.on_epoch_end


def report(model):
    """Describes the micro-batches left out since the last report; `None` if all were used.

    Under `on_nan="skip"`, only the first report of a model says where it began.
    """
    with model.distribute_strategy.scope():
        found = {name: player.report() for name, player in model.players.items()}
    left_out = sum(count for count, _, _ in found.values())
    if not left_out:
        return None
    count = f"NaN or infinity in {left_out} micro-batches"
    if model.on_nan == "skip" and getattr(model, "has_reported", False):
        return count
    model.has_reported = True
    places = [(step, name, what) for name, (_, step, what) in found.items() if what]
    where = "on another worker"
    if places:
        step, name, what = min(places, key=lambda place: place[0])
        where = f"first in step {step}, in the {name}'s {what}"
    return f"{count}, {where}"
