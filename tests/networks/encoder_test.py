import keras
import numpy as np
import pytest

from geans import networks


@pytest.mark.parametrize("family", sorted(networks.NETWORKS.keys() - {"video"}))
def test_every_family_has_encoders(family):
    options = {"units": (8,)} if family == "mlp" else {"width": 8}
    discriminator = networks.get(family).discriminator((8, 8, 1), **options)
    encoder = networks.encoder(discriminator, 5, seed=0)
    assert encoder(np.zeros((3, 8, 8, 1), "float32")).shape == (3, 5)
    # All but the logit's layer, and nothing else.
    ours, theirs = ({id(layer) for layer in each.layers} for each in (encoder, discriminator))
    assert len(theirs - ours) == 1 and len(ours - theirs) == 1


def test_latents_are_a_linear_function_of_the_features():
    discriminator = networks.mlp.discriminator((2,), units=(4,), seed=0)
    encoder = networks.encoder(discriminator, 3, seed=1)
    points = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    features = keras.Model(discriminator.input, discriminator.layers[-1].input)(points)
    kernel, bias = encoder.layers[-1].get_weights()
    np.testing.assert_allclose(encoder(points), features @ kernel + bias, rtol=1e-5)
    again = networks.encoder(discriminator, 3, seed=1)
    np.testing.assert_array_equal(again.layers[-1].get_weights()[0], kernel)


def test_what_cannot_become_an_encoder():
    with pytest.raises(ValueError, match="latent_dim=0"):
        networks.encoder(networks.mlp.discriminator((2,)), 0)
    with pytest.raises(ValueError, match="dense layer of one unit"):
        networks.encoder(networks.mlp.generator(2, (2,)), 3)
