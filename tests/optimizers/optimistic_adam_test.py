import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import optimizers


def test_two_steps_by_hand():
    # Without moments' memory a move is 0.1 g / |g| = 0.1 sign(g).
    optimizer = optimizers.OptimisticAdam(0.1, beta_1=0.0, beta_2=0.0, epsilon=0.0)
    point = keras.Variable([1.0, 1.0])
    optimizer.apply([np.array([2.0, -3.0], "float32")], [point])
    np.testing.assert_allclose(point.numpy(), [0.8, 1.2], rtol=1e-6)
    optimizer.apply([np.array([-5.0, -1.0], "float32")], [point])
    # 0.8 + 0.2 + 0.1 and 1.2 + 0.2 - 0.1: twice the new move, once the old one back.
    np.testing.assert_allclose(point.numpy(), [1.1, 1.3], rtol=1e-6)


def test_moments_are_those_of_adam():
    # Along a constant gradient Adam's moves m_t are equal, so from the second step on both agree.
    ours, adam = optimizers.OptimisticAdam(0.01), keras.optimizers.Adam(0.01, beta_1=0.5)
    points = [keras.Variable([1.0]), keras.Variable([1.0])]
    for _ in range(5):
        for optimizer, point in zip((ours, adam), points, strict=True):
            optimizer.apply([np.array([0.3], "float32")], [point])
    np.testing.assert_allclose(points[0].numpy() - points[1].numpy(), [-0.01], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make, converges", [(optimizers.OptimisticAdam, True), (keras.optimizers.Adam, False)]
)
def test_optimism_finds_the_solution_of_a_bilinear_game(make, converges):
    # min over x, max over y of x y: descent on (x y, -x y) has the only solution (0, 0).
    # The rate decays because a move of Adam does not shrink with the gradient.
    def rate():
        return keras.optimizers.schedules.PolynomialDecay(0.02, 3000, end_learning_rate=0.0)

    x, y = keras.Variable([1.0]), keras.Variable([1.0])
    both = [make(rate(), beta_1=0.0, beta_2=0.99) for _ in range(2)]
    for each, player in zip(both, (x, y), strict=True):
        each.build([player])

    @tf.function
    def play():
        for _ in tf.range(3000):
            gradients = tf.identity(y), -x
            for each, gradient, player in zip(both, gradients, (x, y), strict=True):
                each.apply([gradient], [player])

    play()
    distance = float(np.hypot(x.numpy(), y.numpy())[0])
    assert (distance < 0.1) == converges, distance


def test_config_and_state_survive_saving():
    optimizer = optimizers.OptimisticAdam(0.1, beta_1=0.3, beta_2=0.8, epsilon=1e-5)
    same = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert same.get_config() == optimizer.get_config()
    points = [keras.Variable([1.0]), keras.Variable([1.0])]
    optimizer.apply([np.array([1.0], "float32")], points[:1])
    same.build(points[1:])
    for variable, value in zip(same.variables, optimizer.variables, strict=True):
        variable.assign(value)
    points[1].assign(points[0])
    for each, point in zip((optimizer, same), points, strict=True):
        each.apply([np.array([-0.4], "float32")], [point])
    np.testing.assert_array_equal(points[0].numpy(), points[1].numpy())


@pytest.mark.parametrize("name", ["beta_1", "beta_2"])
def test_says_which_decay_is_wrong(name):
    with pytest.raises(ValueError, match=f"{name}=1.5"):
        optimizers.OptimisticAdam(**{name: 1.5})


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_every_optimizer_has_its_name(name):
    assert isinstance(optimizers.get(name), optimizers.OPTIMIZERS[name])
    assert optimizers.OPTIMIZERS[name].__name__.lower() == name.replace("_", "")
    assert optimizers.OPTIMIZERS[name].__name__ in optimizers.__all__


def test_get_knows_those_of_keras_and_says_what_does_not_fit():
    assert optimizers.get("sgd", momentum=0.5).momentum == 0.5
    each = keras.optimizers.SGD()
    assert optimizers.get(each) is each
    with pytest.raises(ValueError, match="momentum"):
        optimizers.get("conjugate_gradient", momentum=0.5)
    with pytest.raises(ValueError, match="adamm"):
        optimizers.get("adamm")
