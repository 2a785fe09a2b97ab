"""What SPADE does beside what every translation does, in translation_test.py."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import augment, export, losses, networks
from geans.models.spade import kl_divergence
from tests.models.translation_test import batches, column, pairs, spade

PLAYERS = ("discriminator", "generator")
SEED = tf.constant([1, 2], "int64")


def hand_worked():
    """G(z, x) = z + x, E(y) = (2 y, log 4), D_1(y, x) = y - x and D = 2 D_1, of single pixels."""
    latents, maps, images = keras.Input((1,)), keras.Input((1, 1, 1)), keras.Input((1, 1, 1))
    added = keras.layers.Add()([keras.layers.Reshape((1, 1, 1))(latents), maps])
    added = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)(added)
    flat = keras.layers.Flatten()(images)
    heads = [keras.layers.Rescaling(2.0)(flat), keras.layers.Rescaling(0.0, np.log(4.0))(flat)]
    networks_ = keras.Model([latents, maps], added), keras.Model(images, heads)
    features = keras.layers.Subtract()([images, maps])
    doubled = keras.layers.Dense(
        1, kernel_initializer=keras.initializers.Constant(2), use_bias=False
    )
    outputs = {"logits": doubled(features), "features": [features]}
    both = networks.spade.with_encoder(*networks_)
    return both, keras.Model([images, maps], outputs)


def test_losses_by_hand():
    """For x = 1, 3, y = 2, -1 and noise 1/2, -1: z = 2 y + 2 noise = 5, -4, and G = 6, -1."""
    model = geans.SPADE(*hand_worked(), feature_weight=10, kl_weight=0.05)
    model.compile(loss=losses.Wasserstein())
    noise, batch = tf.constant([[0.5], [-1.0]]), (column(1, 3), column(2, -1))
    # Means 4 and -2, variance 4.
    divergence = (((16 + 4) + (4 + 4)) / 2 - 1 - np.log(4)) / 2
    expected = {
        "real_logits": 2 * (1 - 4) / 2,
        "fake_logits": 2 * (5 - 4) / 2,
        "discriminator": 1 - -3,
        "feature_error": (4 + 0) / 2,
        "kl_divergence": divergence,
        "generator": -1 + 10 * 2 + 0.05 * divergence,
    }
    found, logs = model.compute_losses(batch, noise, SEED, PLAYERS)
    assert {key: float(each) for key, each in (found | logs).items()} == pytest.approx(expected)
    alone, logs = model.compute_losses(batch, noise, SEED, ("generator",))
    known = {key: expected[key] for key in ("generator", "feature_error", "kl_divergence")}
    assert {key: float(each) for key, each in (alone | logs).items()} == pytest.approx(known)


def test_divergence_by_hand():
    """Of N(1, e^2) with log variance 2, summed over two latents; of the prior itself, 0."""
    mean, log_variance = tf.ones((3, 2)), 2 * tf.ones((3, 2))
    expected = 2 * (1 + np.exp(2) - 1 - 2) / 2
    assert float(kl_divergence(mean, log_variance)) == pytest.approx(expected)
    assert float(kl_divergence(0 * mean, 0 * log_variance)) == 0


def gradients_of_encoder(**weights):
    model = spade(**weights)
    batch = [tf.constant(images) for images in pairs("spade")]
    noise = tf.random.stateless_normal((10, 4), [0, 0])
    found, _ = model.compute_gradients(batch, noise, SEED, PLAYERS)
    trained = map(id, model.generator_player.trained_variables)
    found = dict(zip(trained, found["generator"], strict=True))
    return [found[id(v)] for v in model.generator.get_layer("encoder").trainable_variables]


@pytest.mark.slow
def test_the_encoder_learns_from_the_image_and_from_the_divergence():
    """Without the divergence every weight has a gradient of the image, and with it another one."""
    of_image = gradients_of_encoder(kl_weight=0.0)
    of_both = gradients_of_encoder(kl_weight=1.0)
    assert len(of_image) == 2 * 3  # A convolution, means and variances.
    for one, other in zip(of_image, of_both, strict=True):
        assert np.any(one != 0) and np.any(one != other)


@pytest.mark.slow
@pytest.mark.parametrize("reuse_fakes", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_the_encoder_moves(reuse_fakes):
    """All of it, without the divergence, also if both players' turns have the same samples."""
    model = spade(kl_weight=0.0, reuse_fakes=reuse_fakes)
    encoder = model.generator.get_layer("encoder")
    before = encoder.get_weights()
    model.fit(batches("spade"), verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, encoder.get_weights(), strict=True))
    averaged = model.ema_generator.get_layer("encoder").get_weights()
    assert all(np.any(a != b) for a, b in zip(before, averaged, strict=True))


def test_latents_are_those_of_the_generator():
    model = spade()
    assert model.latent_dim == 4 and not model.draws_samples
    assert model.sample_range == (-1, 1)
    assert model.pair_shapes == [(None, 8, 8, 1), (None, 8, 8, 3)]


@pytest.mark.slow
def test_one_map_has_many_images():
    model = spade()
    maps, _ = pairs("spade", 1)
    images = model.translate(np.repeat(maps, 3, axis=0))
    assert images.shape == (3, 8, 8, 3)
    assert np.abs(images[0] - images[1]).max() > 1e-3
    np.testing.assert_array_equal(images, model.translate(np.repeat(maps, 3, axis=0), seed=0))
    others = model.translate(np.repeat(maps, 3, axis=0), seed=1)
    assert np.all(np.abs(images - others).max(axis=(1, 2, 3)) > 1e-3)


@pytest.mark.slow
def test_style_is_the_mean_of_the_encoder():
    model = spade()
    model.fit(batches("spade"), verbose=0)
    maps, images = pairs("spade", 3)
    for ema, network in ((True, model.ema_generator), (False, model.generator)):
        mean, _ = network.get_layer("encoder")(images)
        for style, latents in ((images, mean), (images[:1], tf.repeat(mean[:1], 3, axis=0))):
            found = model.translate(maps, ema, style=style)
            expected = network.get_layer("generator")([latents, tf.constant(maps)])
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_has_no_style():
    model = spade()
    maps, images = pairs("spade", 3)
    with pytest.raises(ValueError, match="3 maps need one image for the style.*Received: 2"):
        model.translate(maps, style=images[:2])
    with pytest.raises(ValueError, match=r"\(3, 8, 8, 1\)"):
        model.translate(maps, style=maps)
    with pytest.raises(ValueError, match="seed=0.5"):
        model.translate(maps, seed=0.5)


@pytest.mark.slow
def test_latents_and_maps_are_exported(tmp_path):
    """Without the encoder, and without a `sample` that would need maps."""
    model = spade()
    export.saved_model(model, tmp_path / "saved")
    served = tf.saved_model.load(str(tmp_path / "saved"))
    assert list(served.signatures) == ["serving_default"] and not hasattr(served, "sample")
    maps, _ = pairs("spade", 3)
    latents = np.array(model.draw_latents(3, tf.constant([5, 0])))
    found = served.signatures["serving_default"](latents=latents, maps=maps)["output_0"]
    np.testing.assert_allclose(found, model.translate(maps, seed=5), atol=1e-6)
    np.testing.assert_allclose(found, model.generate([latents, maps]), atol=1e-6)
    np.testing.assert_allclose(found, model([latents, maps]), atol=1e-6)


def test_images_can_be_augmented():
    """What is checked beforehand are the images, not the encoder's outputs."""
    model = spade(compile_options={"augmentation": augment.DiffAugment(color=False)})
    assert model.augmentation.color is False


def test_networks_that_do_not_fit_each_other():
    model = spade()
    with pytest.raises(ValueError, match=r"is two networks: networks.spade.with_encoder"):
        geans.SPADE(model.generator.get_layer("generator"), model.discriminator)
    options = {"width": 2, "layers": 1}
    for channels, features, message in (
        (2, True, r"images and maps: \[\(None, 8, 8, 3\), \(None, 8, 8, 1\)\]"),
        (0, True, "images and maps"),
        (1, False, "'logits' and 'features'"),
    ):
        more = {"source_channels": channels, "features": features, **options}
        with pytest.raises(ValueError, match=message):
            geans.SPADE(model.generator, networks.patchgan.discriminator((8, 8, 3), **more))
