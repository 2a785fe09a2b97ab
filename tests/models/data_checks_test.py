import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import networks


def points_networks(**options):
    return networks.mlp.generator(3, (2,), **options), networks.mlp.discriminator((2,))


def dataset(array, batch_size=4):
    return tf.data.Dataset.from_tensor_slices(array).batch(batch_size)


def with_nan(shape, index):
    array = np.zeros(shape, "float32")
    array[index] = np.nan
    return array


GOOD = np.zeros((10, 2), "float32")
BAD_DATA = {
    "nothing": (lambda: None, {}, "needs samples"),
    "two arrays": (lambda: [GOOD, GOOD], {}, "Received: a list"),
    "empty array": (lambda: GOOD[:0], {}, "is empty"),
    "empty dataset": (lambda: dataset(GOOD).take(0), {}, "is empty"),
    "empty after filter": (lambda: dataset(GOOD).filter(lambda x: False), {}, "is empty"),
    "endless": (lambda: dataset(GOOD).repeat(), {}, "steps_per_epoch"),
    "nan in array": (lambda: with_nan((10, 2), 7), {}, "NaN or infinity.*sample 7"),
    "nan in dataset": (lambda: dataset(with_nan((10, 2), 2)), {}, "NaN or infinity.*sample 2"),
    "infinity": (lambda: GOOD + np.inf, {}, "NaN or infinity"),
    "uint8": (lambda: GOOD.astype("uint8"), {}, "Received: uint8.*from_arrays"),
    "uint8 dataset": (lambda: dataset(GOOD.astype("uint8")), {}, "Received: uint8"),
    "int64 generator": (lambda: ((b,) for b in [GOOD.astype("int64")]), {}, "Received: int"),
    "columns": (lambda: np.zeros((10, 3), "float32"), {}, r"shape \(None, 2\).*\(10, 3\)"),
    "rank": (lambda: np.zeros((10, 2, 1), "float32"), {}, r"\(10, 2, 1\)"),
    "unbatched": (lambda: tf.data.Dataset.from_tensor_slices(GOOD), {}, r"\(2,\)"),
    "dict": (lambda: dataset({"image": GOOD, "label": GOOD}), {}, r"keys \['image', 'label'\]"),
    "validation": (lambda: GOOD, {"validation_data": GOOD}, "no meaning for validation_data"),
    "split": (lambda: GOOD, {"validation_split": 0.1}, "no meaning for validation_split"),
    "weights": (lambda: GOOD, {"sample_weight": GOOD[:, 0]}, "no meaning for sample_weight"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_refused_before_any_training(case):
    make, options, message = BAD_DATA[case]
    model = geans.GEAN(*points_networks())
    model.compile()
    with pytest.raises(ValueError, match=message):
        model.fit(make(), verbose=0, **options)
    assert model.steps.numpy() == 0


@pytest.mark.parametrize("scale", [255.0, 2.0])
def test_images_that_a_tanh_cannot_make_are_refused(scale):
    model = geans.GAN(networks.mlp.generator(2), networks.mlp.discriminator())
    model.compile()
    with pytest.raises(ValueError, match=r"\[-1, 1\]. Scale images by x / 127.5 - 1"):
        model.fit(np.full((4, 28, 28, 1), scale, "float32"), verbose=0)


@pytest.mark.slow
def test_points_may_lie_anywhere():
    model = geans.GAN(*points_networks())
    model.compile()
    model.fit(np.full((4, 2), 300.0, "float32"), verbose=0)
