import dataclasses

import keras
import numpy as np
import pytest

from geans import data, experiment, presets

SMALL = presets.Preset(
    name="small",
    data="embedded:fashion",
    data_options={"limit": 8},
    image_size=8,
    batch_size=4,
    network="dcgan",
    latent_dim=4,
    generator_options={"width": 8},
    discriminator_options={"width": 8},
    epochs=1,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("runs") / "trained"
    experiment.run(SMALL, run_dir, evaluation_samples=2)
    return run_dir


def begun(**fields):
    dataset = data.images.embedded("fashion", limit=8, image_size=8, batch_size=4, seed=1)
    return experiment.from_preset(dataclasses.replace(SMALL, seed=1, **fields), dataset), dataset


def test_training_begins_with_the_ema_weights_of_the_run(trained):
    before = experiment.load(trained)
    model, _ = begun(init_from=str(trained))
    np.testing.assert_array_equal(model.sample(3, seed=0), before.sample(3, seed=0))
    np.testing.assert_array_equal(model.sample(3, 0, ema=False), before.sample(3, seed=0))
    images = np.zeros((2, 8, 8, 1), "float32")
    np.testing.assert_array_equal(model.discriminator(images), before.discriminator(images))
    assert int(model.generator_optimizer.iterations) == 0
    assert not np.allclose(begun()[0].sample(3, seed=0), before.sample(3, seed=0))


def test_frozen_layers_keep_their_weights_and_the_others_do_not(trained):
    model, dataset = begun(init_from=str(trained), frozen_layers=1)
    layers = [layer for layer in model.discriminator.layers if layer.weights]
    before = [keras.tree.map_structure(np.copy, layer.get_weights()) for layer in layers]
    model.fit(dataset, epochs=1, verbose=0)
    same = [
        all((a == b).all() for a, b in zip(old, layer.get_weights(), strict=True))
        for old, layer in zip(before, layers, strict=True)
    ]
    assert same == [True] + [False] * (len(layers) - 1)


def test_other_networks_and_missing_runs_are_refused(trained, tmp_path):
    with pytest.raises(
        ValueError, match=r"generator .* has other weights.*generator_options=\{'wi"
    ):
        begun(init_from=str(trained), generator_options={"width": 16})
    with pytest.raises(ValueError, match="discriminator .* has other weights"):
        begun(init_from=str(trained), discriminator_options={"width": 16})
    with pytest.raises(ValueError, match="holds no trained model"):
        begun(init_from=str(tmp_path))
    with pytest.raises(ValueError, match="2 layers with weights.*Received: frozen_layers=2"):
        begun(frozen_layers=2)
