import numpy as np
import pytest
import tensorflow as tf

from geans import augment

SEED = tf.constant([1, 2])


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", [augment.DiffAugment, augment.ADA])
def test_a_strength_that_is_passed_replaces_the_own(kind, strength):
    images = np.random.default_rng(0).uniform(-1, 1, (200, 8, 8, 3)).astype("float32")
    expected = kind(strength=strength)(images, SEED)
    for augmentation in (kind(strength=0.5), augment.Adaptive(kind())):
        given = augmentation(images, SEED, tf.constant(strength))
        np.testing.assert_array_equal(given, expected)


def test_takes_names_and_objects():
    assert isinstance(augment.Adaptive().augmentation, augment.DiffAugment)
    assert isinstance(augment.Adaptive("ada").augmentation, augment.ADA)
    inner = augment.DiffAugment(cutout=0.25, strength=0.8)
    assert augment.Adaptive(inner, 0.5, ramp=1_000, interval=2).augmentation is inner


@pytest.mark.parametrize(
    ("settings", "received"),
    [
        ({"augmentation": None}, "one of diff_augment, ada, .* Received: None"),
        ({"augmentation": "adaptive"}, "Received: 'adaptive'"),
        ({"augmentation": "adda"}, "Did you mean 'ada'"),
        ({"target": 0}, "target=0"),
        ({"target": 1.0}, "target=1.0"),
        ({"target": float("nan")}, "target=nan"),
        ({"ramp": 0}, "ramp=0"),
        ({"ramp": 500.5}, "ramp=500.5"),
        ({"interval": 0}, "interval=0"),
    ],
)
def test_invalid_settings(settings, received):
    with pytest.raises(ValueError, match=received):
        augment.Adaptive(**settings)
