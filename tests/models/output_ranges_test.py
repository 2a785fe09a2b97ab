import math

import keras
import pytest

from geans.models import output_ranges

layers = keras.layers

# The last layers of a network, and the range of what they return.
CASES = {
    "linear": ([], (-math.inf, math.inf)),
    "tanh, reshaped": ([layers.Activation("tanh"), layers.Reshape((2, 2))], (-1, 1)),
    "sigmoid, to pixels": ([layers.Activation("sigmoid"), layers.Rescaling(255)], (0, 255)),
    "tanh, upside down": ([layers.Activation("tanh"), layers.Rescaling(-2, 1)], (-1, 3)),
    "relu": ([layers.ReLU()], (0, math.inf)),
    "relu, capped": ([layers.ReLU(max_value=6)], (0, 6)),
    "leaky relu": ([layers.LeakyReLU()], (-math.inf, math.inf)),
    "linear after tanh": ([layers.Activation("tanh"), layers.Dense(4)], (-math.inf, math.inf)),
    "linear activation after tanh": (
        [layers.Activation("tanh"), layers.Activation("linear")],
        (-1, 1),
    ),
    "in a wrapper": ([layers.SpectralNormalization(layers.Dense(4, activation="tanh"))], (-1, 1)),
    "a function": ([layers.Activation(lambda x: 2 * x)], (-math.inf, math.inf)),
}


@pytest.mark.parametrize("case", CASES)
def test_range(case):
    last, expected = CASES[case]
    assert (
        output_ranges.of(keras.Sequential([keras.Input((4,)), layers.Dense(4), *last])) == expected
    )
