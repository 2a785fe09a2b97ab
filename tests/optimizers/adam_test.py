import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import optimizers
from geans.optimizers import adam


def trained(make, strategy, steps=20, **options):
    """Weights and state after updates along gradients that are functions of the step."""
    random = np.random.default_rng(0)
    shapes = [(adam.LARGE // 64, 64), (3,)]
    with strategy.scope():
        variables = [keras.Variable(random.normal(size=shape)) for shape in shapes]
        optimizer = make(0.01, beta_1=0.5, **options)
        optimizer.build(variables)
    for _ in range(steps):
        gradients = [random.normal(size=shape).astype("float32") for shape in shapes]
        strategy.run(optimizer.apply, args=([tf.constant(each) for each in gradients],))
    return [keras.ops.convert_to_numpy(each) for each in (*variables, *optimizer.variables)]


def agree(strategy, **options):
    made = [trained(make, strategy, **options) for make in (optimizers.Adam, keras.optimizers.Adam)]
    for ours, of_keras in zip(*made, strict=True):
        np.testing.assert_allclose(ours, of_keras, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{}, {"amsgrad": True}, {"clipnorm": 1.0, "weight_decay": 0.1}, {"use_ema": True}],
    ids=str,
)
def test_is_the_adam_of_keras(options):
    agree(tf.distribute.get_strategy(), **options)


def test_is_the_adam_of_keras_on_replicas():
    agree(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))


def test_first_step_by_hand():
    # A first move is learning_rate g / |g|, whatever the decays.
    point = keras.Variable(np.zeros(adam.LARGE, "float32"))
    optimizers.Adam(0.1).apply([np.full(adam.LARGE, -3.0, "float32")], [point])
    np.testing.assert_allclose(point.numpy(), 0.1, rtol=1e-5)
