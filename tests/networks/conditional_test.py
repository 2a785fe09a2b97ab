import keras
import numpy as np
import pytest

from geans import networks

LABELS = np.array([2, 0, 1])


def test_generator_gets_the_label_one_hot():
    plain = networks.mlp.generator(2 + 3, (2,), units=(4,), seed=0)
    network = networks.labelled(plain, 3)
    latents = np.random.default_rng(0).normal(size=(3, 2)).astype("float32")
    joined = np.concatenate([latents, np.eye(3, dtype="float32")[LABELS]], axis=1)
    np.testing.assert_allclose(network([latents, LABELS]), plain(joined), rtol=1e-6)


def test_label_channels_are_one_for_the_label():
    plain = networks.dcgan.discriminator((8, 8, 1 + 3), width=2, seed=0)
    network = networks.with_label_channels(plain, 3)
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    channels = np.zeros((3, 8, 8, 3), "float32")
    for i, label in enumerate(LABELS):
        channels[i, :, :, label] = 1
    joined = np.concatenate([images, channels], axis=-1)
    np.testing.assert_allclose(network([images, LABELS]), plain(joined), rtol=1e-5)


def test_projection_logit_by_hand():
    # Features are the image's two numbers; the logit is psi . x + b + v_label . x.
    inputs = keras.Input((2,))
    plain = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    network = networks.with_projection(plain, 3)
    plain.layers[-1].set_weights([np.array([[1.0], [2.0]]), np.array([0.5])])
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 3.0]])
    network.get_layer("class_embedding").set_weights([vectors])
    samples = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, -1.0]], "float32")
    # 3 + .5 + (-1 + 3), 2 + .5 + 2, -2 + .5 - 1.
    np.testing.assert_allclose(network([samples, LABELS]), [[5.5], [4.5], [-2.5]])


def test_each_of_several_heads_has_an_embedding():
    # Two heads, on the image and on its double: psi . x + v_label . x, and the same of 2 x.
    inputs = keras.Input((2,))
    doubled = keras.layers.Rescaling(2.0)(inputs)
    heads = [keras.layers.Dense(1, use_bias=False)(each) for each in (inputs, doubled)]
    plain = keras.Model(inputs, keras.layers.Concatenate()(heads))
    network = networks.with_projection(plain, 3, seed=0)
    for head in heads:
        head._keras_history.operation.set_weights([np.array([[1.0], [2.0]])])
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 3.0]])
    network.get_layer("class_embedding").set_weights([vectors])
    network.get_layer("class_embedding_1").set_weights([-vectors])
    samples = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, -1.0]], "float32")
    expected = [
        [3 + 2, 6 - 4],  # Label 2: -1 + 3.
        [2 + 2, 4 - 4],  # Label 0: 2.
        [-2 - 1, -4 + 2],  # Label 1: -1.
    ]
    assert LABELS.tolist() == [2, 0, 1]
    np.testing.assert_allclose(network([samples, LABELS]), expected)
    units = networks.with_heads(plain, {"class_logits": 5}).compute_output_shape((None, 2))
    assert units == {"logits": (None, 2), "class_logits": (None, 5)}


@pytest.mark.slow
def test_embedding_is_spectrally_normalised_where_the_logit_is():
    plain = networks.resnet.discriminator((8, 8, 1), width=4, normalization="spectral", seed=0)
    network = networks.with_projection(plain, 3, seed=0)
    images = np.zeros((3, 8, 8, 1), "float32")
    for _ in range(50):
        network([images, LABELS], training=True)
    wrapped = [
        layer.layer
        for layer in network.layers
        if isinstance(layer, keras.layers.SpectralNormalization)
    ]
    embedding = next(layer for layer in wrapped if layer.name == "class_embedding")
    norm = np.linalg.svd(embedding.kernel.numpy(), compute_uv=False)[0]
    assert norm == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("family", sorted(networks.NETWORKS.keys() - {"video"}))
def test_heads_leave_the_logits_as_they_are(family):
    plain = networks.get(family).discriminator((8, 8, 1), seed=0)
    network = networks.with_heads(plain, {"class_logits": 3, "continuous": 2}, units=4, seed=0)
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    found = network(images)
    np.testing.assert_allclose(found["logits"], plain(images), rtol=1e-6)
    assert found["class_logits"].shape == (3, 3)
    assert found["continuous"].shape == (3, 2)
    # One dense layer of 4 for both heads.
    last = plain.layers[-1].input
    ends = [each._keras_history.operation.input for each in last] if type(last) is list else [last]
    features = sum(each.shape[-1] for each in ends)
    added = (features + 1) * 4 + (4 + 1) * 3 + (4 + 1) * 2
    assert network.count_params() - plain.count_params() == added


BAD = {
    "no latents left": (lambda: networks.labelled(networks.mlp.generator(3), 3), "leaves no lat"),
    "no class": (lambda: networks.labelled(networks.mlp.generator(3), 0), "num_classes must be"),
    "no channels left": (
        lambda: networks.with_label_channels(networks.mlp.discriminator((8, 8, 3)), 3),
        r"channels \+ num_classes",
    ),
    "several logits": (
        lambda: networks.with_projection(networks.mlp.generator(3, (2,)), 3),
        "must end in a dense layer of one unit",
    ),
    "empty head": (
        lambda: networks.with_heads(networks.mlp.discriminator((2,)), {"class_logits": 0}),
        "class_logits must be a positive integer",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_networks_that_do_not_fit(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act()
