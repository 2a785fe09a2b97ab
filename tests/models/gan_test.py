import keras
import numpy as np
import pytest

import geans


def scalar_game(model_class, *, order, a=0.7, b=-0.4, rate=0.5, **options):
    """fake = a z against logit = b x, both of one weight, moved by gradient descent."""
    latents, samples = keras.Input((1,)), keras.Input((1,))
    dense = keras.layers.Dense
    generator = keras.Model(latents, dense(1, use_bias=False)(latents))
    discriminator = keras.Model(samples, dense(1, use_bias=False)(samples))
    generator.set_weights([np.array([[a]], "float32")])
    discriminator.set_weights([np.array([[b]], "float32")])
    model = model_class(generator, discriminator, order=order, seed=5, **options)
    model.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate), loss="non_saturating")
    return model


def weights(model):
    return [
        float(np.squeeze(net.get_weights()[0])) for net in (model.generator, model.discriminator)
    ]


def latents_of(model, step, turn, count):
    """The documented law of the latents: a function of seed, step, replica and turn."""
    import tensorflow as tf

    seed = [model.seed, step * 2**24 + 2 * turn]
    return tf.random.stateless_normal((count, model.latent_dim), seed).numpy().astype("float64")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def discriminator_slope(a, b, x, z):
    """d/db of mean softplus(-b x) + mean softplus(b a z)."""
    return np.mean(-sigmoid(-b * x) * x) + np.mean(sigmoid(b * a * z) * a * z)


def generator_slope(a, b, z):
    """d/da of mean softplus(-b a z)."""
    return np.mean(-sigmoid(-b * a * z) * b * z)


X = np.array([[1.0], [-0.5], [2.0], [0.25]], "float32")


@pytest.mark.parametrize("model_class", [geans.GAN, geans.GEAN])
def test_simultaneous_step_is_the_one_worked_out_by_hand(model_class):
    model = scalar_game(model_class, order="simultaneous", update_every=1)
    a, b = weights(model)
    z = latents_of(model, step=0, turn=0, count=4)
    model.fit(X, batch_size=4, shuffle=False, verbose=0)
    expected = [a - 0.5 * generator_slope(a, b, z), b - 0.5 * discriminator_slope(a, b, X, z)]
    np.testing.assert_allclose(weights(model), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("model_class", [geans.GAN, geans.GEAN])
def test_alternating_step_moves_the_generator_against_the_moved_discriminator(model_class):
    model = scalar_game(model_class, order="alternating", update_every=1, discriminator_steps=2)
    a, b = weights(model)
    for turn in range(2):
        b -= 0.5 * discriminator_slope(a, b, X, latents_of(model, 0, turn, count=4))
    a -= 0.5 * generator_slope(a, b, latents_of(model, 0, turn=2, count=4))
    model.fit(X, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(weights(model), [a, b], rtol=0, atol=1e-6)


def test_default_order_is_alternating(make_model):
    assert make_model(geans.GAN).rule.order == "alternating"


@pytest.mark.slow
def test_every_step_is_an_update(make_model, points):
    model = make_model(geans.GAN, discriminator_steps=3)
    model.fit(points, batch_size=8, epochs=2, verbose=0)
    assert model.generator_player.optimizer.iterations.numpy() == 12
    assert model.discriminator_player.optimizer.iterations.numpy() == 36


@pytest.mark.parametrize("update_every", [2, "epoch"])
def test_refuses_a_window(make_model, update_every):
    for options in ({"update_every": update_every}, {"update": "pullback"}):
        with pytest.raises(ValueError, match="moves at every step, without windows; geans.GEAN"):
            make_model(geans.GAN, **options)
