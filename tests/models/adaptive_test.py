"""The strength of an adaptive augmentation, alone and within models under every rule."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import augment, losses, networks
from geans.models import adaptive

RULES = [
    (geans.GAN, {}),
    (geans.GAN, {"discriminator_steps": 2}),
    (geans.GEAN, {"update_every": 2}),
    (geans.GEAN, {"update_every": 2, "order": "alternating"}),
    (geans.GEAN, {}),
]


@pytest.fixture
def images():
    return np.tanh(np.random.default_rng(0).normal(size=(20, 8, 8, 1))).astype("float32")


def make_model(augmentation, model_class=geans.GAN, compiled=None, **options):
    model = model_class(
        networks.dcgan.generator(3, (8, 8, 1), width=4, seed=1),
        networks.dcgan.discriminator((8, 8, 1), width=4, seed=2),
        seed=3,
        **options,
    )
    optimizers = [keras.optimizers.SGD(0.01) for _ in range(2)]
    model.compile(*optimizers, augmentation=augmentation, **(compiled or {"run_eagerly": True}))
    return model


def controller_of(**settings):
    return adaptive.StrengthController(augment.Adaptive(**settings), losses.Hinge())


def receive(controller, sign, size):
    logs = {"real_sign": tf.constant(sign, "float32")}
    controller.receive(logs, tf.constant(size, "int64"))
    controller.end_update()


def test_a_sequence_worked_by_hand():
    """Of four images a step, p moves by 2 * 4 / 40 = .2 after every second one."""
    controller = controller_of(target=0.5, ramp=40, interval=2)
    pairs = [(1, 0.5), (0.5, 0.25), (-1, 0.5), (1, 1), (1, 1), (0.25, 0.75), (0, 0.5)]
    found = []
    for sign in np.ravel(pairs):
        receive(controller, sign, 4)
        found.append(float(controller.strength))
    # Up; down; not below 0; up; up; at the target; down.
    expected = [0, 0.2, 0.2, 0, 0, 0, 0, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4, 0.2]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_it_rises_from_0_to_the_most_in_as_many_images_as_the_ramp_has():
    controller = controller_of(augmentation=augment.DiffAugment(strength=0.75), ramp=100)
    for step in range(40):
        receive(controller, 1.0, 5)
        # Moved after the steps 3, 7, 11, and so on.
        expected = min(0.75, (step + 1) // 4 * 4 * 5 / 100)
        assert float(controller.strength) == pytest.approx(expected, abs=1e-6)


def test_steps_of_different_sizes_count_by_their_images():
    controller = controller_of(ramp=100, interval=2)
    # (10 + 0) / 12 is above .6, though (1 + 0) / 2 is below.
    for sign, size in ((1.0, 10), (0.0, 2)):
        receive(controller, sign, size)
    assert float(controller.strength) == pytest.approx(0.12)


@pytest.mark.parametrize("sign", [np.nan, np.inf])
def test_what_is_not_finite_is_left_out(sign):
    controller = controller_of(ramp=100, interval=1)
    receive(controller, sign, 4)
    assert float(controller.strength) == 0
    receive(controller, 1.0, 4)
    assert float(controller.strength) == pytest.approx(0.04)


def test_signs_are_those_of_real_logits_of_any_shape():
    patches = np.array([[[1.0, -2.0], [3.0, 0.0]]])[..., None]
    assert float(adaptive.mean_sign(patches)) == 0.25
    assert adaptive.mean_sign(tf.constant([1.0, 2.0], "float16")).dtype == tf.float32


@pytest.mark.parametrize("loss", [losses.Wasserstein(), losses.Relativistic()])
def test_losses_without_signs_are_refused(loss):
    with pytest.raises(ValueError, match=f"those of {type(loss).__name__} have no meaning"):
        adaptive.StrengthController(augment.Adaptive(), loss)


def strengths(model, images, **options):
    return model.fit(images, batch_size=5, verbose=0, **options).history["augmentation_strength"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_class", "options"),
    [*RULES[::3], *(pytest.param(*RULES[i], marks=pytest.mark.nightly) for i in (1, 2, 4))],
)
def test_sure_of_all_real_images_it_rises_under_every_rule(images, model_class, options):
    """All real logits are made positive: 20 images an epoch, however many turns a step has."""
    augmentation = augment.Adaptive(ramp=400, interval=1)
    model = make_model(augmentation, model_class, **options)
    bias = model.discriminator.layers[-1].bias
    bias.assign([1e3])
    found = strengths(model, images, epochs=4)
    # In alternating windows the discriminator has every second one.
    share = 0.5 if options.get("order") == "alternating" else 1
    expected = 4 * 20 * share / 400
    assert float(model.controller.strength) == pytest.approx(expected, abs=1e-6)
    # The mean over an epoch is that before its last moves.
    assert 0 <= found[0] < found[-1] < expected
    assert found == sorted(found)


@pytest.mark.slow
def test_never_sure_it_stays_without_augmentation(images, assert_same_state):
    adapting, plain = make_model("adaptive"), make_model(None)
    for model in (adapting, plain):
        model.discriminator.layers[-1].bias.assign([-1e3])
        model.fit(images, batch_size=5, epochs=2, verbose=0)
    assert float(adapting.controller.strength) == 0
    assert_same_state(adapting, plain)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_the_discriminator_sees_images_augmented_as_strongly_as_it_says(images, jit_compile):
    """At a strength that is held, training is that of `DiffAugment` with this strength."""
    compiled = {"jit_compile": jit_compile}
    held = make_model(augment.Adaptive(ramp=10**9), compiled=compiled)
    plain = make_model(augment.DiffAugment(strength=0.5), compiled=compiled)
    held.controller.strength.assign(0.5)
    for model in (held, plain):
        model.fit(images, batch_size=5, verbose=0)
    for one, other in zip(held.discriminator.weights, plain.discriminator.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_class", "options"),
    [
        RULES[2],
        *(pytest.param(*RULES[rule], marks=pytest.mark.nightly) for rule in (0, 1, 3, 4)),
    ],
)
def test_it_goes_on_exactly_after_loading(
    images, model_class, options, tmp_path, assert_same_state
):
    augmentation = augment.Adaptive(ramp=400, interval=2)
    # As a graph under one rule, eagerly under the others.
    compiled = {"run_eagerly": options != {"update_every": 2}}
    model = make_model(augmentation, model_class, compiled, **options)
    model.discriminator.layers[-1].bias.assign([1e3])
    # Three steps, so that some are left for the next move of the strength.
    strengths(model, images[:15], epochs=3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.augmentation.get_config() == augmentation.get_config()
    before = [np.asarray(weight) for weight in model.controller.weights]
    for loaded, weight in zip(again.controller.weights, before, strict=True):
        np.testing.assert_array_equal(loaded, weight)
    continued = [strengths(each, images, epochs=3, shuffle=False) for each in (model, again)]
    assert min(continued[0]) > 0
    assert continued[0] == continued[1]
    assert_same_state(model, again)
    for one, other in zip(model.controller.weights, again.controller.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_augmentations_have_no_strength_to_log(images):
    model = make_model("diff_augment")
    assert model.controller is None
    assert "augmentation_strength" not in model.fit(images, batch_size=5, verbose=0).history
