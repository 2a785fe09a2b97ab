"""Handling of NaN and infinity in losses and gradients during training."""

import logging

import keras

ON_NAN = ("stop", "skip")


class FiniteWatch(keras.callbacks.Callback):
    """Callback, added by `fit`, that warns or stops if a loss or a gradient is not finite.

    `on_nan="stop"` raises a `FloatingPointError` after the step; on several workers, after the
    epoch.
    """

    def __init__(self, on_nan):
        super().__init__()
        self.on_nan = on_nan

    def on_train_batch_end(self, batch, logs=None):
        """Stops a training in one process."""
        if self.on_nan == "stop" and not self.model.is_multi_worker:
            self._stop_if_needed()

    def on_epoch_end(self, epoch, logs=None):
        """Stops a training on several workers, or warns."""
        if self.on_nan == "stop":
            self._stop_if_needed()
        elif found := report(self.model):
            logging.getLogger(__name__).warning("Epoch %d: %s. Left out.", epoch + 1, found)

    def _stop_if_needed(self):
        if found := report(self.model):
            raise FloatingPointError(
                f"{found}. The weights are those before it. A smaller learning rate or a penalty "
                "may help; on_nan='skip' leaves such micro-batches out and continues."
            )


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
