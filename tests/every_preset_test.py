"""Every preset of the zoo under every rule, small, from construction to export."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import experiment, export, presets
from geans.data import pairs, pipeline

pytestmark = pytest.mark.slow

RULES = {
    "gan": {"rule": "gan", "update_every": 1},
    "window": {"rule": "gean", "update_every": 2, "order": "simultaneous"},
    "epoch": {"rule": "gean", "update_every": "epoch", "order": "simultaneous"},
}
SMALL = {
    "mlp": ({"units": [8]}, {"units": [8]}),
    "dcgan": ({"width": 2}, {"width": 2}),
    "resnet": ({"width": 4}, {"width": 4}),
    "modern": ({"width": 8}, {"width": 8}),
    "video": ({"width": 2}, {"width": 2}),
    "unet": ({"width": 2}, {"width": 2, "layers": 1}),
    "cyclegan": ({"width": 2, "blocks": 1}, {"width": 2, "layers": 1}),
}
SHAPES = {
    "mixture": (2,),
    "stacked:mnist": (28, 28, 3),
    "stacked:digits": (8, 8, 3),
    "tfds:cifar10": (32, 32, 3),
}
SAMPLES, BATCH_SIZE = 10, 4


def small(name, rule):
    preset = presets.get(name)
    own = (preset.generator_options, preset.discriminator_options)
    options = [{**given, **least} for given, least in zip(own, SMALL[preset.network], strict=True)]
    changes = {
        "generator_options": options[0],
        "discriminator_options": options[1],
        "latent_dim": 3,
        "epochs": 2,
        "batch_size": BATCH_SIZE,
        "steps_per_execution": 1,
        "warmup": 0.0,
        **RULES[rule],
    }
    if rule != "gan":
        # In one step both move together.
        changes["discriminator_steps"] = 1
    return dataclasses.replace(preset, **changes)


def shape_of(preset):
    source = preset.data.partition(":")[0]
    shape = SHAPES.get(source) or SHAPES.get(preset.data, (28, 28, 1))
    size = preset.image_size
    if source == "video":
        return (4, size, size, 1)
    return (size, size, 3) if size else shape


def data_of(preset):
    """Two full batches and a ragged one, as the preset's own data would come."""
    random = np.random.default_rng(0)
    if preset.model in ("pix2pix", "cyclegan"):
        pair = random.integers(0, 256, (2, SAMPLES, 16, 16, 3), dtype="uint8")
        return pairs.paired(*pair, batch_size=BATCH_SIZE, seed=0)
    samples = random.uniform(-1, 1, (SAMPLES, *shape_of(preset))).astype("float32")
    arrays = (
        (samples, np.arange(SAMPLES) % 10) if preset.model in ("conditional", "acgan") else samples
    )
    return pipeline.batches(arrays, batch_size=BATCH_SIZE, seed=0)


@pytest.fixture(autouse=True)
def eagerly():
    # A graph of every model and rule would take minutes to trace.
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    keras.backend.clear_session()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", presets.names())
def test_builds_fits_saves_goes_on_and_exports(name, rule, tmp_path, assert_same_state):
    preset = small(name, rule)
    dataset = data_of(preset)
    model = experiment.make_model(preset, dataset)
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    before = {key: network.get_weights() for key, network in networks.items()}
    history = model.fit(dataset, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values()), history
    for key, network in networks.items():
        # The last bias of a discriminator has no gradient where only differences of logits count.
        pairs = zip(before[key], network.get_weights(), strict=True)
        assert all((a != b).any() for a, b in pairs if a.ndim > 1), f"a kernel of {key} stood still"

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(data_of(preset), epochs=1, verbose=0)
    assert_same_state(model, loaded)

    tf.config.run_functions_eagerly(False)
    export.saved_model(model, tmp_path / "saved")
    served = tf.saved_model.load(str(tmp_path / "saved"))
    if model.latent_dim == 0:  # A translation serves images and draws no samples.
        assert list(served.signatures) == ["serving_default"]
        return
    np.testing.assert_allclose(served.sample(3, 1), model.sample(3, seed=1), rtol=1e-4, atol=1e-5)
