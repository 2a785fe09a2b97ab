import os

import numpy as np
import pytest
import tensorflow as tf

from geans.data import disk_cache, pipeline
from tests.data.read_back import everything


class Decoder:
    """Counts what it decodes: from an integer to an image of that shade, and a label."""

    def __init__(self):
        self.decoded = []

    def __call__(self, number):
        def count(number):
            self.decoded.append(int(number))
            return number

        number = tf.ensure_shape(tf.numpy_function(count, [number], tf.int64), ())
        return tf.fill((2, 3, 1), tf.cast(number, tf.uint8)), 10 * number


def batches_of(decode, **options):
    options = {"batch_size": 4, "seed": 0, **options}
    return pipeline.decoded_batches(tf.data.Dataset.range(10), decode, **options)


def test_every_element_is_decoded_once():
    decode = Decoder()
    dataset = batches_of(decode)
    epochs = [everything(dataset) for _ in range(3)]
    assert sorted(decode.decoded) == list(range(10))
    for images, labels in epochs:
        assert sorted(labels.tolist()) == list(range(0, 100, 10))
        np.testing.assert_allclose(images[:, 0, 0, 0], labels / 10 / 127.5 - 1, atol=1e-6)
    assert not np.array_equal(epochs[0][1], epochs[1][1])


def full(*_):
    raise OSError("No space left on device")


@pytest.mark.parametrize("change", [(disk_cache, "SHARE", 0.0), (os, "posix_fallocate", full)])
def test_batches_are_those_without_it(change, monkeypatch):
    kept = batches_of(Decoder())
    monkeypatch.setattr(*change)
    decode = Decoder()
    decoded = batches_of(decode)
    for _ in range(2):
        for one, other in zip(everything(kept), everything(decoded), strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(decode.decoded) == 20  # Without room on the disk, anew in every epoch.


def test_an_interrupted_epoch_is_no_harm():
    decode = Decoder()
    dataset = batches_of(decode, shuffle=False)
    assert len(everything(dataset.take(1))[0]) == 4
    assert everything(dataset)[1].tolist() == list(range(0, 100, 10))
    assert sorted(decode.decoded) == list(range(10))


def test_replicas_share_it():
    decode = Decoder()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    dataset = strategy.experimental_distribute_dataset(batches_of(decode))
    for _ in range(2):
        parts = list(dataset)
        seen = [strategy.experimental_local_results(labels) for _, labels in parts]
        assert sum(int(tf.size(each)) for pair in seen for each in pair) == 10
    assert sorted(decode.decoded) == list(range(10))
