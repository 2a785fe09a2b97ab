import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans.models import resuming


class Position(keras.callbacks.Callback):
    """Has `fit` begin where it says; of the model only the count of samples follows."""

    def __init__(self, epoch, step):
        super().__init__()
        self.position, self.released, self.seen = (epoch, step), 0, []

    def restore(self, model, initial_epoch):
        epoch, step = self.position
        model.samples_seen.assign(45 * epoch + min(8 * step, 45))
        return self.position

    def release(self):
        self.released += 1

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


class Recording(geans.GAN):
    """Keeps the batches that it is trained on."""

    def unpack(self, data):
        batch = super().unpack(data)
        tf.py_function(lambda rows: self.batches.append(rows.numpy()), [batch], [])
        return batch


def endless(points):
    return shuffled(points).repeat()


def shuffled(points):
    return tf.data.Dataset.from_tensor_slices(points).shuffle(45, seed=4).batch(8)


def shuffled_before_a_map(points):
    return shuffled(points).map(lambda batch: 2 * batch).prefetch(2)


def of_unknown_length(points):
    return shuffled(points).filter(lambda batch: True)


def array(points):
    return points


def tensor(points):
    return tf.constant(points)


# Data, further arguments of fit, and steps per execution.
DATA = {
    "array": (array, {"batch_size": 8}, 1),
    "array, unshuffled": (array, {"batch_size": 8, "shuffle": False}, 1),
    "tensor": (tensor, {"batch_size": 8}, 1),
    "shuffled": (shuffled, {}, 1),
    "mapped, prefetched": (shuffled_before_a_map, {}, 1),
    "two steps at once": (shuffled, {}, 2),
    "four steps at once, ragged": (shuffled, {}, 4),
    "unknown length": (of_unknown_length, {}, 1),
    "endless": (endless, {"steps_per_epoch": 6}, 1),
    "endless, two steps at once": (endless, {"steps_per_epoch": 6}, 2),
    "as many steps as batches": (shuffled, {"steps_per_epoch": 6}, 1),
}

OFTEN = ["array", "mapped, prefetched", "two steps at once", "unknown length", "endless"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize(
    "kind",
    [kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.nightly) for kind in DATA],
)
def test_the_data_go_on_with_the_very_next_batch(kind, points, make_model):
    make, arguments, at_once = DATA[kind]
    model = make_model(Recording, compile_options={"steps_per_execution": at_once})

    def batches(*callbacks):
        model.batches = []
        model.fit(make(points), epochs=4, verbose=0, callbacks=callbacks, **arguments)
        return model.batches

    whole = batches()
    assert len(whole) == 4 * 6
    for epoch in (0, 1, 3):
        for step in (0, at_once, 6):
            rest = batches(Position(epoch, step))
            expected = whole[6 * epoch + step :]
            assert len(rest) == len(expected)
            for one, other in zip(rest, expected, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_callbacks_see_the_epoch_from_its_first_batch(points, make_model):
    position = Position(1, 4)
    model = make_model(geans.GAN)
    model.fit(points, batch_size=8, epochs=3, verbose=0, callbacks=[position])
    assert position.seen == [0, 1, 2, 3, 4, 5] * 2
    assert model.steps.numpy() == 2 + 6
    assert position.released == 1
    model.fit(points, batch_size=8, verbose=0)
    assert model.steps.numpy() == 2 + 6 + 6


@pytest.mark.slow
def test_what_was_taken_over_is_released_when_fit_fails(points, make_model):
    class Broken(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise RuntimeError

    position = Position(0, 3)
    model = make_model(geans.GAN)
    with pytest.raises(RuntimeError):
        model.fit(points, batch_size=8, verbose=0, callbacks=[position, Broken()])
    assert position.released == 1
    model.fit(points, batch_size=8, verbose=0)
    assert model.steps.numpy() == 6


def generator(points):
    return ((points[start : start + 8],) for start in range(0, 45, 8))


@pytest.mark.slow
@pytest.mark.parametrize(("make", "steps"), [(generator, None), (shuffled, 4)])
def test_data_that_begin_anew_and_a_warning_says_so(make, steps, points, make_model, caplog):
    model = make_model(geans.GAN)
    options = {"steps_per_epoch": steps, "verbose": 0, "callbacks": [Position(1, 2)]}
    model.fit(make(points), epochs=2, **options)
    assert model.steps.numpy() == (steps or 6)
    assert f"a {type(make(points)).__name__} cannot be put where it was" in caplog.text


def test_an_arrays_order_follows_from_the_models_seed(points):
    def first(seed, **arguments):
        data = resuming._as_dataset(points, seed, {"batch_size": 45, **arguments})
        return next(iter(data)).numpy()

    np.testing.assert_array_equal(first(1), first(1))
    assert (first(1) != first(2)).any()
    np.testing.assert_array_equal(first(1, shuffle=False), points)
    for order in (first(1), first(2)):
        np.testing.assert_array_equal(np.sort(order, axis=0), np.sort(points, axis=0))


def test_those_that_save_come_last():
    saving, other = Position(0, 0), types.SimpleNamespace()
    assert resuming.in_order([saving, other]) == [other, saving]
