"""How many steps one call of the compiled training function takes."""

import math

import keras
import numpy as np
import tensorflow as tf

MOST = 64
"""Most steps of a call."""

SECONDS = 0.1
"""About how long a call may take; after each, callbacks see the batch and signals are heard."""

# A processor of a few cores. An accelerator is faster, so that its calls are shorter.
OPERATIONS_PER_SECOND = 1e11
SECONDS_OF_NO_OPERATION = 1e-3


def steps_at_once(model, callbacks, x, first, arguments):
    """Returns the number of steps of a call under `steps_per_execution="auto"`.

    It is 1 where anything would notice: a callback that looks at batches, eager execution, several
    replicas, generators. Otherwise calls are about `SECONDS` long, by an estimate from the
    networks' layers, not a measurement, so that the same training is always divided alike.

    Args:
        model: A compiled `AdversarialModel`.
        callbacks: Callbacks of `fit`.
        x: Data of `fit`.
        first: Their first batch, or the whole array.
        arguments: Further arguments of `fit`, by name.
    """
    replicas = model.distribute_strategy.num_replicas_in_sync
    if model.run_eagerly or replicas > 1 or any(map(_looks_at_batches, callbacks)):
        return 1
    if not isinstance(x, (tf.data.Dataset, np.ndarray, tf.Tensor)):
        return 1
    counts = list(map(operations, (model.generator, model.discriminator)))
    if None in counts:
        return 1
    size, steps = len(keras.tree.flatten(first)[0]), arguments.get("steps_per_epoch")
    if isinstance(x, tf.data.Dataset):
        steps = steps or int(x.cardinality())
    else:
        count, size = size, min(size, arguments.get("batch_size") or 32)
        steps = steps or math.ceil(count / size)
    # About 4 passes of the generator and 8 of the discriminator, forwards and backwards.
    of_step = size * (4 * counts[0] + 8 * counts[1])
    seconds = SECONDS_OF_NO_OPERATION + of_step / OPERATIONS_PER_SECOND
    most = min(MOST, max(1, int(SECONDS / seconds)))
    for callback in callbacks:
        if every := getattr(callback, "every_steps", None):
            return max(each for each in range(1, most + 1) if every % each == 0)
    # In calls of about the same length; of unknown or endless data in the longest.
    return math.ceil(steps / math.ceil(steps / most)) if steps > 0 else most


def _looks_at_batches(callback):
    own = type(callback).__module__.partition(".")[0] == "geans"
    if own or isinstance(callback, (keras.callbacks.ProgbarLogger, keras.callbacks.History)):
        return False
    if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.save_freq == "epoch":
        return False
    hooks = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    return any(
        getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )


def operations(network):
    """Returns the floating point operations of a forward pass of one sample, in matrix products.

    `None` if the network is not functional, so that its shapes are unknown.
    """
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            inner = operations(layer)
            if inner is None:
                return None
            total += inner
        elif getattr(layer, "kernel", None) is not None:
            try:
                spread = "Transpose" in type(layer).__name__
                places = (layer.input if spread else layer.output).shape[1:-1]
            except AttributeError:  # A layer that was called twice, or never.
                return None
            total += 2 * math.prod(side or 1 for side in (*places, *layer.kernel.shape))
    return total
