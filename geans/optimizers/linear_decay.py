"""A learning rate for growing windows: it decays with the samples seen, not with the updates."""

import itertools
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from geans.types import Config


@keras.saving.register_keras_serializable(package="geans")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Decay to 0, linear in the steps, for an optimizer that is updated once per window of steps.

        rate = learning_rate size^exponent (1 - step / steps) min(1, step / (warmup steps))

    with the window's size and first step.

    Args:
        learning_rate: Rate of the first update if its window has one step.
        windows: Pairs of a number of updates and the steps in each of their windows, in order.
        exponent: 1/2 or 1 are usual for larger batches (Krizhevsky 2014, arXiv 1404.5997; Smith et
            al. 2018, arXiv 1711.00489); 0 makes the rate independent of the window's size.
        warmup: Share of the steps in which the rate rises from 0, in [0, 1).

    Raises:
        ValueError: If an argument is invalid.

    Example:
        >>> rate = LinearDecay(1.0, [(8, 1), (2, 4)])
        >>> [float(rate(update)) for update in (0, 4, 8, 9, 10)]
        [1.0, 0.75, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        learning_rate: float,
        windows: Sequence[tuple[int, float]],
        exponent: float = 0.0,
        warmup: float = 0.0,
    ) -> None:
        is_list = isinstance(windows, (list, tuple))
        if not is_list or not windows or any(n < 0 or size <= 0 for n, size in windows):
            raise ValueError(f"windows must be pairs of numbers above 0. Received: {windows!r}.")
        if not 0 <= warmup < 1:
            raise ValueError(f"warmup must be a share in [0, 1). Received: warmup={warmup!r}.")
        self.learning_rate = learning_rate
        self.windows = [list(window) for window in windows]
        self.exponent = exponent
        self.warmup = warmup

    def __call__(self, update: tf.Tensor | int) -> tf.Tensor:
        """Returns the rate of an update, counted from 0."""
        update = ops.cast(update, "float32")
        first_updates = list(itertools.accumulate((n for n, _ in self.windows), initial=0))
        first_steps = list(itertools.accumulate((n * k for n, k in self.windows), initial=0))
        steps = float(first_steps[-1])
        rate = ops.zeros_like(update)
        for i, (_, size) in enumerate(self.windows):
            done = (first_steps[i] + (update - first_updates[i]) * size) / steps
            here = self.learning_rate * size**self.exponent * ops.maximum(1 - done, 0.0)
            if self.warmup:
                # At least that of one step: a first update of 0 would change nothing.
                here *= ops.minimum(ops.maximum(done, 1 / steps) / self.warmup, 1.0)
            rate = ops.where(update >= first_updates[i], here, rate)
        return rate

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        names = ("learning_rate", "windows", "exponent", "warmup")
        return {name: getattr(self, name) for name in names}
