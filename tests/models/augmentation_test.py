"""`compile(augmentation=)`: what the discriminator sees."""

import keras
import numpy as np
import pytest

import geans
from geans import augment, experiment, networks, penalties
from tests.experiment.small_presets import fashion


@pytest.fixture
def images():
    return np.tanh(np.random.default_rng(0).normal(size=(24, 8, 8, 3))).astype("float32")


def make_model(augmentation, model_class=geans.GAN, **options):
    model = model_class(
        networks.dcgan.generator(3, (8, 8, 3), width=4, seed=1),
        networks.dcgan.discriminator((8, 8, 3), width=4, seed=2),
        seed=3,
        **options,
    )
    model.compile(augmentation=augmentation, penalty=penalties.R1(0.1))
    return model


def train(images, augmentation, **options):
    model = make_model(augmentation, **options)
    history = model.fit(images, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["discriminator_loss"]).all()
    return model


@pytest.mark.slow
@pytest.mark.parametrize("kind", [augment.DiffAugment, augment.ADA])
def test_an_augmentation_of_no_strength_changes_nothing(images, kind, assert_same_state):
    assert_same_state(train(images, kind(strength=0.0)), train(images, None))


@pytest.mark.slow
def test_the_discriminator_sees_augmented_images(images):
    """An augmentation that shows it nothing but grey leaves it nothing to learn from pixels."""

    def grey(images, seed):
        return 0 * images

    model = make_model("diff_augment")
    model.augmentation = grey
    before = [np.asarray(layer.kernel) for layer in model.discriminator.layers[1:2]]
    model.fit(images, batch_size=8, verbose=0)
    after = [np.asarray(layer.kernel) for layer in model.discriminator.layers[1:2]]
    np.testing.assert_array_equal(before, after)
    plain = train(images, None)
    assert not np.array_equal(before, [plain.discriminator.layers[1].kernel])


def test_it_is_saved_and_loaded(tmp_path):
    """tests/every_preset_test.py goes on exactly with it, under every rule."""
    make_model("diff_augment").save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.augmentation.get_config() == augment.DiffAugment().get_config()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ada", "layers of Keras"])
def test_training_goes_on_exactly_after_loading(images, name, tmp_path, assert_same_state):
    """With R1, which differentiates through it."""
    layers = [keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1)]
    model = train(images, layers if name == "layers of Keras" else name)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.fit(images, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert_same_state(model, again)


def test_layers_that_xla_cannot_compile_are_refused():
    model = make_model("ada")
    with pytest.raises(ValueError, match="Pass jit_compile=False, or augmentation='ada'"):
        model.compile(augmentation=keras.layers.RandomRotation(0.1), jit_compile=True)


def test_what_is_no_image_is_refused(make_model):
    with pytest.raises(ValueError, match="Augmentation needs images"):
        make_model(geans.GAN, compile_options={"augmentation": "diff_augment"})


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="diff_augment"):
        make_model("cutmix")


def test_a_preset_names_it():
    preset = fashion(augmentation="diff_augment")
    model = experiment.make_model(preset, experiment.make_data(preset))
    assert isinstance(model.augmentation, augment.DiffAugment)
