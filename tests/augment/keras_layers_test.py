import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import augment

SEED = tf.constant([1, 2])
LAYERS = keras.layers
RANGE = {"value_range": (-1, 1)}
ACCEPTED = [
    (LAYERS.RandomFlip, {}),
    (LAYERS.RandomRotation, {"factor": 0.2}),
    (LAYERS.RandomTranslation, {"height_factor": 0.2, "width_factor": 0.2}),
    (LAYERS.RandomZoom, {"height_factor": 0.2}),
    (LAYERS.RandomShear, {"x_factor": 0.2, "y_factor": 0.2}),
    (LAYERS.RandomBrightness, {"factor": 0.2, **RANGE}),
    (LAYERS.RandomContrast, {"factor": 0.2, **RANGE}),
    (LAYERS.RandomErasing, RANGE),
]


class Faded(keras.layers.Layer):
    """A layer of one's own: what it is multiplied with depends on the seed alone."""

    def get_random_transformation(self, data, training=True, seed=None):
        return [keras.random.uniform((tf.shape(data)[0], 1, 1, 1), seed=seed) for _ in range(2)]

    def transform_images(self, images, transformation, training=True):
        return images * transformation[0] * transformation[1]


class Unseeded(Faded):
    """Draws what global state says."""

    def get_random_transformation(self, data, training=True, seed=None):
        return super().get_random_transformation(data)


REFUSED = [
    (LAYERS.Dense(3), "must be random image layers of Keras"),
    (LAYERS.GaussianNoise(0.1), "must be random image layers of Keras"),
    ("RandomFlip", "must be random image layers of Keras"),
    (LAYERS.RandomFlip, "must be random image layers of Keras"),
    ([], "at least one layer"),
    (LAYERS.RandomContrast(0.2), r"value_range=\(0, 255\). Make it with value_range=\(-1, 1\)"),
    (LAYERS.RandomContrast(0.2, value_range=(0, 1)), r"value_range=\(0, 1\)"),
    (LAYERS.RandomFlip(data_format="channels_first"), "data_format='channels_first'"),
    (LAYERS.RandomZoom(0.2, dtype="mixed_bfloat16"), "bfloat16. Make it with dtype='float32'"),
    (LAYERS.RandAugment(**RANGE), "draws from its own state"),
    (Unseeded(), "draws from its own state"),
    (LAYERS.RandomPosterization(3, **RANGE), "passes no gradient"),
    (LAYERS.RandomHue(0.2, **RANGE), "passes no gradient"),
    (LAYERS.RandomInvert(0.5, **RANGE), "leave this range, up to"),
]


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (30, 16, 16, 3)).astype("float32")


@pytest.mark.parametrize(("kind", "settings"), ACCEPTED)
def test_draws_from_the_seed_alone(kind, settings, images):
    layer = kind(**settings, seed=7)
    augmentation = augment.KerasLayers(layer)
    first = augmentation(images, SEED)
    layer(images, training=True)  # Its own state is elsewhere now.
    np.testing.assert_array_equal(augmentation(images, SEED), first)
    np.testing.assert_array_equal(augment.get(kind(**settings))(images, SEED), first)
    assert np.mean(np.any(augmentation(images, [1, 3]) != first, axis=(1, 2, 3))) > 0.25
    # The images of a batch are not changed alike.
    changes = np.asarray(first - images).reshape(30, -1)
    assert len(np.unique(changes, axis=0)) > 10


def test_one_after_another_with_numbers_of_their_own():
    """Each layer draws two numbers in [0, 1) an image, and none of them twice."""
    ones = np.ones((500, 2, 2, 1), "float32")
    once, twice = (augment.KerasLayers([Faded()] * n)(ones, SEED)[:, 0, 0, 0] for n in (1, 2))
    np.testing.assert_allclose([np.mean(once), np.mean(twice)], [1 / 4, 1 / 16], atol=0.02)
    second = np.divide(twice, once)
    np.testing.assert_allclose(second.mean(), 1 / 4, atol=0.03)
    assert abs(np.corrcoef(once, second)[0, 1]) < 0.15


def test_mirrors_half_of_the_images(images):
    result = np.asarray(augment.get(LAYERS.RandomFlip("horizontal"))(images, SEED))
    turned = np.all(result == images[:, :, ::-1], axis=(1, 2, 3))
    assert np.all(turned ^ np.all(result == images, axis=(1, 2, 3)))
    assert 8 < turned.sum() < 22


def test_containers_count_as_lists(images):
    flip, zoom = LAYERS.RandomFlip(), LAYERS.RandomZoom(0.2)
    expected = augment.get([flip, zoom])(images, SEED)
    for container in (
        keras.Sequential([LAYERS.Input((16, 16, 3)), flip, zoom]),
        LAYERS.Pipeline([flip, keras.Sequential([zoom])]),
        (flip, zoom),
    ):
        augmentation = augment.get(container)
        assert augmentation.layers == [flip, zoom]
        np.testing.assert_array_equal(augmentation(images, SEED), expected)


def test_knows_what_xla_cannot_compile():
    assert augment.get(LAYERS.RandomFlip()).supports_jit
    assert not augment.get([LAYERS.RandomFlip(), LAYERS.RandomRotation(0.1)]).supports_jit


@pytest.mark.parametrize("layers, reason", REFUSED)
def test_refuses_what_cannot_be_of_use(layers, reason):
    with pytest.raises(ValueError, match=reason):
        augment.KerasLayers(layers)


def test_refuses_to_change_the_shape(images):
    with pytest.raises(ValueError, match=r"\(16, 16, 3\), made \(12, 12, 3\)"):
        augment.KerasLayers(LAYERS.RandomCrop(12, 12))(images, SEED)
