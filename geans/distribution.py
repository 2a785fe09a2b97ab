"""Data and variables shared by the replicas of a `tf.distribute` strategy."""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from geans import strategies


class Distributed(keras.Model):
    """Fixes of `keras.Model.fit` for models of several players on replicas."""

    train_function: Any

    @property
    def is_multi_worker(self) -> bool:
        """Whether the replicas are in more than one process."""
        return strategies.is_multi_worker(self.distribute_strategy)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the files of all workers."""
        return strategies.is_chief(self.distribute_strategy)

    def of_all_workers(self, numbers: Sequence[float]) -> np.ndarray:
        """Gathers `numbers` of all replicas into an array `(replicas, len(numbers))`.

        Every worker must call it, with equally many numbers.
        """

        def gather():
            return tf.distribute.get_replica_context().all_gather(tf.constant([numbers]), axis=0)

        strategy = self.distribute_strategy
        with strategy.scope():
            return strategy.experimental_local_results(strategy.run(gather))[0].numpy()

    def make_train_function(self, force: bool = False) -> None:
        """As in Keras, but one device loops quicker, and workers do not synchronise their logs.

        During an epoch, a worker logs its own means; at the end, `fit` logs the means over all
        (keras#20585).
        """
        if self.train_function is not None and not force:
            return
        if not self.is_multi_worker:
            super().make_train_function(force)
            if self.distribute_strategy.num_replicas_in_sync == 1 and not self.run_eagerly:
                self.train_function = _in_a_loop(self, self.train_function)
        else:

            def step(iterator):
                self.distribute_strategy.run(self.train_step, args=(iterator.get_next(),))

            run = step if self.run_eagerly else tf.function(step, autograph=False)

            def train_function(iterator):
                run(iterator)
                return {metric.name: _local_result(metric) for metric in self.metrics}

            self.train_function = train_function

    def goes_on(self) -> bool | tf.Tensor:
        """Whether a call of several steps takes the next one, a boolean or a scalar tensor."""
        return True

    def step_latents(
        self, size: tf.Tensor | int, positions: tf.Tensor | None, draw: int
    ) -> tf.Tensor:
        """Draws this replica's latents, number `draw` within the step.

        `positions` are those of its `size` samples in the global batch, `None` if unknown.
        """
        if positions is None:
            return self.draw_latents(size, self.step_seed(draw))
        # Of the latents of the global batch every replica takes those of its own samples, so that
        # any number of replicas trains as one device does.
        last = tf.reduce_max(tf.concat([[tf.constant(-1, "int64")], positions], axis=0))
        return tf.gather(self.draw_latents(last + 1, self.step_seed(draw, replica=0)), positions)

    def step_seed(self, draw: int, replica: tf.Tensor | int | None = None) -> tf.Tensor:
        """Returns the seed of a draw in this step, an integer tensor of shape `(2,)`."""
        # From saved numbers only, so that a resumed run draws what the uninterrupted one would
        # have drawn, and different on every replica (a SeedGenerator is neither).
        if replica is None:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        step = tf.convert_to_tensor(self.steps)
        return tf.stack([self.seed, step * 2**24 + tf.cast(replica, "int64") * 2**8 + draw])

    def with_batch_positions(self, x: Any) -> Any:
        """Adds to each sample of a dataset its position in the global batch.

        The ways in which `tf.distribute` splits batches differ. On one device nothing is changed.
        """
        if self.distribute_strategy.num_replicas_in_sync == 1 or not isinstance(x, tf.data.Dataset):
            return x
        return x.map(_with_positions)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # A geans model is built. Keras would take a batch off the data under a strategy, so that
        # its shuffled order would be another one than without.
        pass


def _in_a_loop(model, one_by_one):
    """Returns a function that trains on up to `steps_per_execution` batches of an iterator.

    Args:
        model: A compiled model on one device.
        one_by_one: Keras' own function, for iterators that are not of `tf.data`.
    """

    def run(iterator, count):
        def go_on(done, batch):
            return (done < count) & batch.has_value() & model.goes_on()

        def step(done, batch):
            model.distribute_strategy.run(model.train_step, args=(batch.get_value(),))
            more = tf.cond(done + 1 < count, iterator.get_next_as_optional, lambda: batch)
            return done + 1, more

        done, _ = tf.while_loop(go_on, step, (tf.constant(0), iterator.get_next_as_optional()))
        return done, model.get_metrics_result()

    run = tf.function(run, autograph=False, reduce_retracing=True)

    def train(iterator, count=None):
        if not isinstance(iterator, tf.data.Iterator):
            return one_by_one(iterator)
        done, logs = run(iterator, tf.constant(count or model.steps_per_execution))
        if not int(done) and count is None:
            raise StopIteration
        return logs

    return train


def _with_positions(*batch):
    return Positioned(batch[0] if len(batch) == 1 else batch, tf.range(batch_size(batch)))


def _local_result(metric):
    total, count = (variable.value.values[0] for variable in (metric.total, metric.count))
    return total / count


class Positioned(NamedTuple):
    """A batch and the positions of its samples in the global batch."""

    batch: Any
    positions: tf.Tensor


class Batch(NamedTuple):
    """What one replica trains on in one step.

    Attributes:
        content: Output of the model's `unpack`.
        positions: Positions of the samples in the global batch; `None` if unknown.
        size: Number of samples, an integer scalar; 0 if the replica got none.
    """

    content: Any
    positions: tf.Tensor | None
    size: tf.Tensor


class Gradients(NamedTuple):
    """A player's gradients on one replica.

    Attributes:
        values: List of tensors, means over the samples, in the order of the player's variables.
        weight: Number of samples, a float scalar; 0 if the gradients hold a NaN.
    """

    values: list[tf.Tensor]
    weight: tf.Tensor

    def weighted(self) -> list[tf.Tensor]:
        """Returns the sums over the samples, in float32."""
        return [weighted(self.weight, value) for value in self.values]


@contextlib.contextmanager
def step(model, data):
    """Yields the `Batch` of this replica; counts and ends the step afterwards."""
    data, positions = data if isinstance(data, Positioned) else (data, None)
    content = model.unpack(data)
    # The size may be known before the batch has come, and before it has passed the checks.
    with tf.control_dependencies(keras.tree.flatten(content)):
        size = tf.identity(batch_size(content))
    if model.distribute_strategy.num_replicas_in_sync > 1:
        content, positions = keras.tree.map_structure(padded, (content, positions))
    # A dataset of unknown length ends in the middle of a step, when its next batch does not come:
    # nothing may be counted or moved before it has.
    with tf.control_dependencies([size]):
        model.samples_seen.assign_add(size)
        yield Batch(content, positions, size)
        tf.distribute.get_replica_context().merge_call(_end, args=(model, size))


def _end(strategy, model, size):
    with tf.control_dependencies(strategy.experimental_local_results(size)):
        model.end_step()


def replica():
    """Returns the number of the current replica."""
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return int(tf.get_static_value(number))


def batch_size(batch):
    """Returns the number of samples of a batch, an int64 scalar."""
    return tf.shape(keras.tree.flatten(batch)[0], out_type="int64")[0]


def local_sum(shape, dtype="float32"):
    """Creates a saved variable, initially 0, with one copy per replica.

    Reading it outside a replica sums the copies.
    """
    return keras.Variable(
        "zeros", shape, dtype, trainable=False, synchronization="on_read", aggregation="sum"
    )


def add_counter(layer):
    """Adds a saved integer, initially 0, to a layer; it is changed outside the replicas."""
    return layer.add_weight(
        initializer="zeros", dtype="int64", trainable=False, aggregation="only_first_replica"
    )


def assign(variables, values):
    """Assigns tensors or variables, equal on all replicas, on a replica or outside."""
    values = list(map(tf.convert_to_tensor, values))

    def update(strategy, *values):
        for variable, value in zip(variables, values, strict=True):
            strategy.extended.update(
                variable.value, lambda copy, new: copy.assign(new), args=(value,), group=False
            )

    if tf.distribute.in_cross_replica_context():
        update(tf.distribute.get_strategy(), *values)
    else:
        tf.distribute.get_replica_context().merge_call(update, args=tuple(values))


def assign_sum(variable, value):
    """Sets the sum of a `local_sum`; `variable.assign` would lose the remainder of integers."""
    strategy = tf.distribute.get_strategy()

    def assign():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        variable.assign(tf.where(tf.equal(replica, 0), value, tf.zeros_like(value)))

    strategy.run(assign)


def cond(predicate, if_true, if_false, data):
    """Runs `tf.cond` of two functions of `data` outside the replicas, so that they may synchronise.

    `predicate` must be the same on all replicas. The functions return nothing.
    """
    if tf.distribute.in_cross_replica_context() or not tf.distribute.has_strategy():
        tf.cond(predicate, lambda: if_true(data), lambda: if_false(data))
        return

    def merged(strategy, predicate, data):
        def of_all(function):
            return lambda: strategy.extended.call_for_each_replica(function, args=(data,))

        predicate = strategy.experimental_local_results(predicate)[0]
        tf.cond(predicate, of_all(if_true), of_all(if_false))

    tf.distribute.get_replica_context().merge_call(merged, args=(predicate, data))


def padded(tensor):
    """Returns the batch, or one sample of zeros if it is empty, on which convolutions fail."""
    if tensor is None:
        return None
    missing = tf.cast(tf.shape(tensor)[0] == 0, "int32")
    paddings = [[0, missing]] + [[0, 0]] * (len(tensor.shape) - 1)
    return tf.pad(tensor, paddings)


def weighted(weight, value):
    """Returns `weight * value` in float32, 0 if the weight is 0, even if the value is NaN."""
    return tf.math.multiply_no_nan(tf.cast(value, "float32"), tf.cast(weight, "float32"))


def synchronize_batch_norms(layers):
    """Makes batch normalisations, including nested ones, use the statistics of all replicas.

    Otherwise each replica uses its own statistics, and only the first one's are saved.
    """
    for layer in batch_norms(layers):
        layer.synchronized = True


def batch_norms(layers):
    """Returns the batch normalisations among some layers, including nested ones."""
    found = []
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            found.append(layer)
        found += batch_norms(getattr(layer, "layers", ()))
    return found
