"""What holds for every augmentation, and their names."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import augment, penalties

SEED = tf.constant([1, 2])
EACH = {
    "diff_augment": augment.DiffAugment(),
    "ada": augment.ADA(mirror=True, rotate90=True, rotation=0.5, luma_flip=True),
    "adaptive": augment.Adaptive(augment.ADA()),
    "keras_layers": augment.KerasLayers(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)]
    ),
}
BAD_IMAGES = (
    (np.zeros((8, 8, 3), "float32"), r"\(8, 8, 3\)"),
    (np.zeros((2, 2), "float32"), r"\(2, 2\)"),
    (np.zeros((2, 0, 8, 3), "float32"), r"\(2, 0, 8, 3\)"),
    (np.zeros((2, 8, 8, 3), "uint8"), "Received: uint8"),
)
BAD_SEEDS = ((3, r"shape \(\)"), ([1, 2, 3], r"shape \(3,\)"), ([0.5, 1.0], "Received: float32"))

each = pytest.mark.parametrize("augmentation", EACH.values(), ids=EACH)


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (20, 8, 8, 3)).astype("float32")


def test_table_has_every_public_augmentation_with_a_name():
    public = {value for _, value in inspect.getmembers(augment, inspect.isclass)}
    assert public == {*augment.AUGMENTATIONS.values(), augment.KerasLayers}
    assert public == {type(value) for value in EACH.values()}


@each
def test_one_seed_makes_the_same_and_another_one_does_not(augmentation, images):
    keras.utils.set_random_seed(1)
    first = augmentation(images, SEED)
    keras.utils.set_random_seed(2)
    for same in (SEED, [1, 2], np.array([1, 2], "int64")):
        np.testing.assert_array_equal(augmentation(images, same), first)
    if not isinstance(augmentation, augment.Adaptive):  # At strength 0.
        changed = np.any(augmentation(images, [1, 3]) != first, axis=(1, 2, 3))
        assert np.mean(changed) > 0.5


@each
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_keeps_dtype_and_transformation_in_other_precisions(augmentation, images, dtype):
    result = augmentation(tf.cast(images, dtype), SEED)
    assert result.dtype == dtype
    np.testing.assert_allclose(tf.cast(result, "float32"), augmentation(images, SEED), atol=0.05)


@each
def test_graph_and_eager_agree(augmentation, images):
    unknown_batch = [tf.TensorSpec((None, 8, 8, 3)), tf.TensorSpec((2,), "int32")]
    graph = tf.function(augmentation.__call__, input_signature=unknown_batch)
    result = graph(images, SEED)
    np.testing.assert_allclose(result, augmentation(images, SEED), atol=1e-5)
    assert graph.get_concrete_function().output_shapes.as_list() == [None, 8, 8, 3]


@each
def test_empty_batch(augmentation):
    assert augmentation(np.zeros((0, 8, 8, 3), "float32"), SEED).shape == (0, 8, 8, 3)


@each
@pytest.mark.parametrize("bad, received", BAD_IMAGES)
def test_invalid_images(augmentation, bad, received):
    with pytest.raises(ValueError, match=received):
        augmentation(bad, SEED)


@each
def test_refuses_images_of_unknown_size(augmentation):
    graph = tf.function(augmentation.__call__, autograph=False)
    with pytest.raises(ValueError, match=r"\(2, None, 8, 3\)"):
        graph.get_concrete_function(tf.TensorSpec((2, None, 8, 3)), SEED)


@each
@pytest.mark.parametrize("seed, received", BAD_SEEDS)
def test_invalid_seeds(augmentation, images, seed, received):
    with pytest.raises(ValueError, match=received):
        augmentation(images, seed)


@each
def test_serialization_round_trip(augmentation, images):
    config = keras.saving.serialize_keras_object(augmentation)
    again = augment.get(config)
    assert keras.saving.serialize_keras_object(again) == config
    assert set(vars(augmentation)) == set(inspect.signature(type(augmentation)).parameters)
    np.testing.assert_array_equal(again(images, SEED), augmentation(images, SEED))


def test_get_accepts_none_names_objects_classes_and_layers():
    augmentation = augment.DiffAugment(cutout=0)
    assert augment.get(None) is None
    assert augment.get(augmentation) is augmentation
    assert augment.get("diff_augment").strength == 1
    assert augment.get("ada").strength == 0.6
    assert isinstance(augment.get(augment.DiffAugment), augment.DiffAugment)
    assert augment.get("adaptive").augmentation.get_config() == augment.DiffAugment().get_config()
    layers = [keras.layers.RandomFlip(), keras.layers.RandomZoom(0.1)]
    assert augment.get(layers).layers == layers
    assert augment.get(layers[0]).layers == layers[:1]


@pytest.mark.parametrize(
    "identifier",
    ["ad", 0.1, [], [keras.layers.RandomFlip(), "ada"], penalties.R1, penalties.R1()],
)
def test_get_names_the_augmentations_when_it_fails(identifier):
    with pytest.raises(ValueError, match="one of diff_augment, ada, adaptive"):
        augment.get(identifier)


@pytest.mark.parametrize("config", [{}, {"class_name": "Nothing", "config": {}}])
def test_get_refuses_a_dict_of_nothing(config):
    with pytest.raises(ValueError, match="augmentation"):
        augment.get(config)
