import types

import numpy as np
import pytest
import tensorflow as tf

from geans import losses, penalties
from geans.models import game

REAL, FAKE = tf.constant([[1.0], [3.0]]), tf.constant([[0.0], [-1.0]])
SEED = tf.constant([0, 1], "int64")


def model(loss="least_squares", penalty=None):
    return types.SimpleNamespace(loss=losses.get(loss), penalty=penalty, steps=tf.constant(0))


def twice(images, training):
    return 2 * images


def test_losses_by_hand():
    # Logits are 2, 6 and 0, -2: ((2 - 1)^2 + (6 - 1)^2) / 2 and (0^2 + 2^2) / 2, each with 1/2.
    players = ("discriminator", "generator")
    found, logs, outputs = game.play(model(), twice, REAL, FAKE, SEED, players)
    assert float(found["discriminator"]) == pytest.approx(0.5 * (26 / 2 + 4 / 2))
    assert float(found["generator"]) == pytest.approx(0.5 * (1 + 9) / 2)
    assert {name: float(value) for name, value in logs.items()} == {
        "real_sign": 1.0,
        "real_logits": 4.0,
        "fake_logits": -1.0,
    }
    np.testing.assert_array_equal(outputs[0], 2 * REAL)
    np.testing.assert_array_equal(outputs[1], 2 * FAKE)


def test_penalty_sees_the_logits_of_several_outputs():
    def several(images, training):
        return {"logits": 2 * images, "classes": images}

    # The logits' gradient is 2 everywhere: gamma / 2 times its square.
    with_penalty = model(penalty=penalties.R1(3.0))
    plain = game.play(model(), several, REAL, FAKE, SEED, ("discriminator",))[0]
    found, _, outputs = game.play(with_penalty, several, REAL, FAKE, SEED, ("discriminator",))
    assert float(found["discriminator"] - plain["discriminator"]) == pytest.approx(1.5 * 4)
    assert set(outputs[0]) == {"logits", "classes"}


@pytest.mark.parametrize(("loss", "passes"), [("least_squares", 1), ("relativistic", 2)])
def test_generator_alone_sees_real_samples_only_where_its_loss_does(loss, passes):
    seen = []

    def judged(images, training):
        seen.append(images)
        return images

    _, _, outputs = game.play(model(loss), judged, REAL, FAKE, SEED, ("generator",))
    assert len(seen) == passes
    assert (outputs[0] is None) == (passes == 1)


def test_judge_augments_images_and_passes_conditions_on():
    labels = tf.constant([4.0, 5.0])
    judged = game.judge(
        lambda inputs, training: inputs, lambda images, seed: images + 10, SEED, (labels,)
    )
    images, condition = judged(REAL, training=True)
    np.testing.assert_array_equal(images, REAL + 10)
    assert condition is labels
