import keras
import pytest

from geans import optimizers


def test_falls_with_the_steps_not_with_the_updates():
    # 16 steps in windows of 1, 16 in windows of 4, 16 in windows of 8: 16, 4 and 2 updates.
    rate = optimizers.LinearDecay(3.0, [(16, 1), (4, 4), (2, 8)])
    steps = {0: 0, 1: 1, 15: 15, 16: 16, 17: 20, 20: 32, 21: 40}
    for update, step in steps.items():
        assert float(rate(update)) == pytest.approx(3 * (1 - step / 48), rel=1e-6)
    assert float(rate(22)) == float(rate(1_000)) == 0


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_grows_with_the_windows(exponent):
    grown = optimizers.LinearDecay(1.0, [(8, 1), (2, 4)], exponent)
    level = optimizers.LinearDecay(1.0, [(8, 1), (2, 4)])
    assert [float(grown(k)) for k in (0, 5)] == [float(level(k)) for k in (0, 5)]
    assert float(grown(9)) == pytest.approx(4**exponent * float(level(9)))


def test_rises_first():
    rate = optimizers.LinearDecay(1.0, [(50, 1), (25, 2)], warmup=0.1)
    assert float(rate(0)) == pytest.approx(0.1)
    assert float(rate(4)) == pytest.approx(0.4 * 0.96)
    assert float(rate(10)) == pytest.approx(0.9)
    assert float(rate(60)) == pytest.approx(0.3)


def test_is_the_decay_of_keras_if_windows_are_equal():
    ours = optimizers.LinearDecay(0.1, [(20, 5)])
    theirs = keras.optimizers.schedules.PolynomialDecay(0.1, 20, end_learning_rate=0.0)
    for update in (0, 7, 20, 25):
        assert float(ours(update)) == pytest.approx(float(theirs(update)), abs=1e-8)


def test_config_survives_saving():
    rate = optimizers.LinearDecay(0.1, [(8, 1), (2, 4)], 0.5, 0.2)
    serialize = keras.optimizers.schedules.serialize
    same = keras.optimizers.schedules.deserialize(serialize(rate))
    assert same.get_config() == rate.get_config()


@pytest.mark.parametrize("windows", [[], [(3, 0)], [(-1, 2)]])
def test_says_what_came(windows):
    with pytest.raises(ValueError, match="windows must be pairs"):
        optimizers.LinearDecay(0.1, windows)


def test_says_that_the_warmup_is_no_share():
    with pytest.raises(ValueError, match="warmup=2"):
        optimizers.LinearDecay(0.1, [(8, 1)], warmup=2)
