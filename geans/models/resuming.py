"""Resuming `fit` after an interruption, at the same epoch and batch."""

import contextlib
import functools
import logging
import math

import numpy as np
import tensorflow as tf

from geans.data import pipeline

_log = logging.getLogger(__name__)


def in_order(callbacks):
    """Returns the callbacks with those that save checkpoints last, after all others are done."""
    return sorted(callbacks, key=_saves)


@contextlib.contextmanager
def resumed(model, x, arguments):
    """Makes a `fit` within the context resume from a callback's checkpoint.

    Such a callback has `restore(model, initial_epoch)`, which returns an epoch and a step, and
    `release()`, called at the end. Changes `arguments`, Keras' others by name, and yields the data.
    """
    callback = next(filter(_saves, arguments["callbacks"]), None)
    train_function = None
    try:
        first = arguments.get("initial_epoch", 0)
        epoch, step = callback.restore(model, first) if callback else (first, 0)
        arguments["initial_epoch"] = epoch
        passed = epoch - first
        if isinstance(x, (np.ndarray, tf.Tensor)):
            # Epoch n has the same order whether or not this call begins with it, except that calls
            # in a loop, which all begin with epoch 0, go on with the orders.
            passed = epoch
            earlier = 0 if first else _epochs_seen(model, x, step, arguments) - epoch
            x = _as_dataset(x, (model.seed + max(0, earlier) * 2**32) % 2**63, arguments)
        # Keras warns that it cannot shuffle a dataset, even if `shuffle` was not passed.
        arguments.setdefault("shuffle", not isinstance(x, tf.data.Dataset))
        if passed or step:
            model.make_train_function()
            train_function = model.train_function
            _position(model, x, passed, step, arguments.get("steps_per_epoch"))
        yield x
    finally:
        if train_function is not None:
            model.train_function = train_function
        if callback:
            callback.release()


def _saves(callback):
    return hasattr(callback, "restore") and hasattr(callback, "release")


def _as_dataset(x, seed, arguments):
    # Keras would shuffle arrays by its own generator, whose state cannot be restored.
    y, arguments["y"] = arguments.get("y"), None
    return pipeline.batches(
        x if y is None else (x, y),
        batch_size=arguments.pop("batch_size", None) or 32,
        shuffle=bool(arguments.pop("shuffle", True)),
        seed=seed,
    )


def _epochs_seen(model, x, step, arguments):
    """Returns the number of epochs of the array that a model has completed before this one."""
    batch_size = arguments.get("batch_size") or 32
    per_epoch = min(len(x), batch_size * (arguments.get("steps_per_epoch") or len(x)))
    seen = int(model.samples_seen.numpy()) - min(step * batch_size, per_epoch)
    return seen // per_epoch


def _position(model, x, epochs, step, steps_per_epoch):
    """Makes the model's next `fit` continue in the data after `epochs` and `step` steps."""
    cardinality = int(x.cardinality()) if isinstance(x, tf.data.Dataset) else None
    if cardinality is None or 0 <= (steps_per_epoch or cardinality) < cardinality:
        _log.warning(
            "Training goes on, but its data begin anew: a %s cannot be put where it was. Pass an "
            "array or a tf.data.Dataset, endless (`repeat`) if epochs end in the middle of it.",
            type(x).__name__,
        )
        return
    at_once = model.steps_per_execution
    iterators, batches = _passed(cardinality, epochs, steps_per_epoch, at_once)
    for _ in range(iterators):
        iter(x)
    model.train_function = _skipping(model, batches + step, *divmod(step, at_once))


def _passed(cardinality, epochs, steps_per_epoch, at_once):
    """Returns the number of iterators, and of batches of the next one, that Keras has used up.

    A shuffled dataset changes its order with each iterator, used or not. Without `steps_per_epoch`,
    Keras makes one more whenever a dataset of known length has ended.
    """
    if steps_per_epoch is None:
        return epochs * (2 if cardinality >= 0 else 1), 0
    if cardinality >= 0:
        return epochs, 0
    return 0, epochs * math.ceil(steps_per_epoch / at_once) * at_once


def _skipping(model, batches, calls, steps):
    """Returns a training function that drops `batches` at its first call.

    The first `calls` calls do nothing else, and the next one takes fewer steps by `steps`, so that
    Keras counts the epoch's steps from its start.
    """
    train_function = model.train_function
    logs = functools.cache(model.get_metrics_result)
    waiting = iter(range(calls))

    def skip_or_train(iterator):
        nonlocal batches, steps
        for _ in range(batches):
            next(iterator)
        batches = 0
        if next(waiting, None) is not None:
            return logs()
        if not steps:
            return train_function(iterator)
        count, steps = model.steps_per_execution - steps, 0
        return train_function(iterator, count)

    return skip_or_train
