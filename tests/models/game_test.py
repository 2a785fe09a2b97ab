import pathlib
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import augment, networks, penalties

PACKAGE = pathlib.Path(geans.__file__).parent
REAL, FAKE = tf.constant([[1.0], [3.0]]), tf.constant([[0.0], [-1.0]])
SEED = tf.constant([0, 1], "int64")
BOTH = ("discriminator", "generator")


def game(loss="least_squares", **compile_options):
    networks_ = networks.mlp.generator(2, (1,), units=(2,)), networks.mlp.discriminator((1,))
    model = geans.GAN(*networks_)
    model.compile(loss=loss, **compile_options)
    return model


def twice(images, training):
    return 2 * images


def test_losses_by_hand():
    # Logits are 2, 6 and 0, -2: ((2 - 1)^2 + (6 - 1)^2) / 2 and (0^2 + 2^2) / 2, each with 1/2.
    found, logs, outputs = game().adversarial_losses(twice, REAL, FAKE, SEED, BOTH)
    assert float(found["discriminator"]) == pytest.approx(0.5 * (26 / 2 + 4 / 2))
    assert float(found["generator"]) == pytest.approx(0.5 * (1 + 9) / 2)
    assert {name: float(value) for name, value in logs.items()} == {
        "real_logits": 4.0,
        "fake_logits": -1.0,
    }
    np.testing.assert_array_equal(outputs[0], 2 * REAL)
    np.testing.assert_array_equal(outputs[1], 2 * FAKE)


def test_penalty_sees_the_logits_of_several_outputs():
    def several(images, training):
        return {"logits": 2 * images, "classes": images}

    # The logits' gradient is 2 everywhere: gamma / 2 times its square.
    arguments = (several, REAL, FAKE, SEED, ("discriminator",))
    plain = game().adversarial_losses(*arguments)[0]
    found, _, outputs = game(penalty=penalties.R1(3.0)).adversarial_losses(*arguments)
    assert float(found["discriminator"] - plain["discriminator"]) == pytest.approx(1.5 * 4)
    assert set(outputs[0]) == {"logits", "classes"}


@pytest.mark.parametrize(("loss", "passes"), [("least_squares", 1), ("relativistic", 2)])
def test_generator_alone_sees_real_samples_only_where_its_loss_does(loss, passes):
    seen = []

    def discriminate(images, training):
        seen.append(images)
        return images

    arguments = (discriminate, REAL, FAKE, SEED, ("generator",))
    _, _, outputs = game(loss).adversarial_losses(*arguments)
    assert len(seen) == passes
    assert (outputs[0] is None) == (passes == 1)


def test_a_penalty_is_of_features_if_the_discriminator_begins_with_a_frozen_model():
    """D(x) = w . (a x, b x) with frozen a, b: R1 is gamma / 2 |w|^2, whatever a and b are."""
    inputs = keras.Input((1,))
    features = keras.Model(inputs, [keras.layers.Dense(1)(inputs) for _ in range(2)])
    features.trainable = False
    samples = keras.Input((1,))
    logits = keras.layers.Dense(1)(keras.layers.Concatenate()(features(samples)))
    discriminator = keras.Model(samples, logits)
    model = geans.GAN(networks.mlp.generator(2, (1,), units=(2,)), discriminator)
    losses = []
    for penalty in (None, penalties.R1(6.0)):
        model.compile(penalty=penalty)
        discriminate = model.augmented_discriminator(SEED)
        found, *_ = model.adversarial_losses(discriminate, REAL, FAKE, SEED, BOTH)
        losses.append(float(found["discriminator"]))
    kernel = discriminator.layers[-1].kernel.numpy()
    assert losses[1] - losses[0] == pytest.approx(3 * np.sum(np.square(kernel)), rel=1e-4)


def test_the_augmented_discriminator_passes_conditions_on():
    class Shifted(augment.DiffAugment):
        def __call__(self, images, seed, *arguments):
            return images + 10

    model = game()
    model.augmentation = Shifted()
    labels = tf.constant([4.0, 5.0])
    discriminate = model.augmented_discriminator(
        SEED, labels, discriminator=lambda inputs, training: inputs
    )
    images, condition = discriminate(REAL, training=True)
    np.testing.assert_array_equal(images, REAL + 10)
    assert condition is labels


def files_of_a_step(model, batch):
    """The files of the package that one `train_step` passes through."""
    found = set()

    def note(frame, event, argument):
        path = pathlib.Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            found.add(path.relative_to(PACKAGE).as_posix())

    sys.setprofile(note)
    try:
        model.train_step(batch)
    finally:
        sys.setprofile(None)
    return sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("model_class", [geans.GAN, geans.GEAN])
def test_a_step_passes_through_six_files_at_most(make_model, model_class, capsys):
    model = make_model(model_class)
    files = files_of_a_step(model, tf.zeros((4, *model.generator.output_shape[1:])))
    with capsys.disabled():
        print(f"\nA step of {model_class.__name__}: {', '.join(files)}")
    assert len(files) <= 6, files
    assert isinstance(model, keras.Model)
