import anomaly_encoder
import keras
import numpy as np
import pytest

from geans import data, networks

OPTIONS = {"verbose": 0, "epochs": 30}


@pytest.fixture
def pair():
    generator = networks.mlp.generator(2, (8, 8, 1), units=(16,), seed=0)
    generator.set_weights([4 * weights for weights in generator.get_weights()])
    return generator, networks.mlp.discriminator((8, 8, 1), units=(16,), seed=1)


@pytest.fixture
def encoder():
    return anomaly_encoder.encoder(
        networks.mlp.discriminator((8, 8, 1), units=(32,), seed=2), 2, seed=3
    )


def images_of(generator, count=512):
    return np.asarray(generator(keras.random.normal((count, 2), seed=5)))


@pytest.mark.slow
def test_an_encoder_learns_to_reconstruct(pair, encoder):
    generator, discriminator = pair
    images = images_of(generator)
    dataset = data.images.from_arrays(images, batch_size=32, seed=0)
    adam = keras.optimizers.Adam(5e-3)
    history = anomaly_encoder.fit(encoder, *pair, dataset, optimizer=adam, **OPTIONS).history
    missed = np.mean((np.asarray(generator(encoder(images))) - images) ** 2)
    assert missed < 0.1 * images.var(axis=0).mean()
    assert history["images_loss"][-1] < 0.3 * history["images_loss"][0]


@pytest.mark.slow
def test_only_the_encoder_changes(pair, encoder):
    networks_ = (*pair, encoder)
    before = [network.get_weights() for network in networks_]
    dataset = data.images.from_arrays(images_of(pair[0], 64), batch_size=32, seed=0)
    anomaly_encoder.fit(encoder, *pair, dataset, verbose=0)
    for network, old in zip(networks_, before, strict=True):
        same = all(np.array_equal(*each) for each in zip(network.get_weights(), old, strict=True))
        assert same == (network is not encoder)
        assert network.trainable and network.trainable_weights


@pytest.mark.slow
def test_the_loss_counts_errors_in_shares_of_the_variance(pair, encoder):
    images = images_of(pair[0], 64)
    dataset = data.images.from_arrays(images, batch_size=64, shuffle=False)
    frozen = keras.optimizers.SGD(0.0)
    found = anomaly_encoder.fit(encoder, *pair, dataset, kappa=0.5, optimizer=frozen, verbose=0)
    features = keras.Model(pair[1].input, pair[1].layers[-1].input)
    made = np.asarray(pair[0](encoder(images)))
    shares = [
        np.mean((given - other) ** 2) / np.var(given, axis=0).mean()
        for given, other in ((images, made), (*map(np.asarray, map(features, (images, made))),))
    ]
    assert found.history["loss"][0] == pytest.approx(shares[0] + shares[1] / 2, rel=1e-4)


def test_scores_of_reconstructions_are_those_of_the_formula(pair, encoder):
    images = images_of(pair[0], 20)
    found, scores = anomaly_encoder.reconstruct(images, encoder, *pair, kappa=0.5)
    np.testing.assert_allclose(found, pair[0](encoder(images)), atol=1e-5)
    features = keras.Model(pair[1].input, pair[1].layers[-1].input)
    expected = 0
    for given, other, empty, weight in (
        (images, found, -1, 1),
        (*map(np.asarray, map(features, (images, found))), 0, 0.5),
    ):
        axes = tuple(range(1, given.ndim))
        shares = np.sum((given - other) ** 2, axes) / np.sum((given - empty) ** 2, axes)
        expected = expected + weight * shares
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
