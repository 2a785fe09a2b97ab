"""The presets of the zoo, small: one of each structure under every rule, the others built."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import experiment, export, presets
from geans.data import pairs, pipeline
from geans.experiment import families
from tests.save_after import SaveAfter

RULES = {
    "gan": {"rule": "gan", "update_every": 1},
    "window": {"rule": "gean", "update_every": 2, "order": "simultaneous"},
    "epoch": {"rule": "gean", "update_every": "epoch", "order": "simultaneous"},
}
SMALL = {
    "mlp": ({"units": [8]}, {"units": [8]}),
    "dcgan": ({"width": 2}, {"width": 2}),
    "resnet": ({"width": 4}, {"width": 4}),
    "style": ({"width": 4, "max_width": 8}, {"width": 4, "max_width": 8}),
    "projected": ({"width": 4, "max_width": 8}, {"width": 4, "max_width": 8}),
    "video": ({"width": 2}, {"width": 2}),
    "unet": ({"width": 2}, {"width": 2, "layers": 1}),
    "cyclegan": ({"width": 2, "blocks": 1}, {"width": 2, "layers": 1}),
    "srresnet": ({"width": 2, "blocks": 1}, {"width": 2, "layers": 1}),
    "spade": ({"width": 2}, {"width": 2, "layers": 1}),
}
SHAPES = {
    "mixture": (2,),
    "stacked:mnist": (28, 28, 3),
    "stacked:digits": (8, 8, 3),
    "tfds:cifar10": (16, 16, 3),
}
SAMPLES, BATCH_SIZE = 6, 4


def parts(name):
    """What decides which code a preset runs; sizes, data and rates do not."""
    preset = presets.get(name)
    penalties = [bool(weight) for weight in (preset.r1, preset.r2, preset.gradient_penalty)]
    return {
        ("network", preset.model, preset.network),
        ("loss", preset.loss),
        ("penalties", *penalties),
        ("augmentation", preset.augmentation),
        ("packing", preset.packing > 1),
    }


def representatives():
    """Presets that have all parts between them: each the one that adds most to those before."""
    left, chosen = set().union(*map(parts, presets.names())), []
    while left:
        chosen.append(max(presets.names(), key=lambda name: len(parts(name) & left)))
        left -= parts(chosen[-1])
    return chosen


REPRESENTATIVES = representatives()
# One of each class of models: a generator that is exported does not know how it was trained.
EXPORTED = {presets.get(name).model: name for name in REPRESENTATIVES}
del EXPORTED["spade"]  # It takes long to trace; tests/models/spade_test.py exports a small one.
EXPORTED = EXPORTED.values()


# Of these only what is exported is trained by epochs, too.
SLOW = ("conditional_cifar10", "sngan", "spade_earth")
NAMES_AND_RULES = [
    (name, rule)
    if rule == "gan" or (rule == "epoch" and (name in EXPORTED or name not in SLOW))
    else pytest.param(name, rule, marks=pytest.mark.nightly)
    for name in REPRESENTATIVES
    for rule in RULES
]


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
        "precision": "float32",
        # In one step of a window both move together.
        "discriminator_steps": min(preset.discriminator_steps, 2) if rule == "gan" else 1,
        **RULES[rule],
    }
    return dataclasses.replace(preset, **changes)


def others():
    """All other presets, but of those that differ in their training alone the first."""
    fields = ("data", "image_size", "model", "model_options", "network", "packing")
    fields += ("generator_options", "discriminator_options")
    found = {}
    for name in set(presets.names()) - set(REPRESENTATIVES):
        preset = small(name, "gan")
        found.setdefault(repr([getattr(preset, field) for field in fields]), []).append(name)
    return sorted(min(names) for names in found.values())


def shape_of(preset):
    source = preset.data.partition(":")[0]
    shape = SHAPES.get(source) or SHAPES.get(preset.data, (28, 28, 1))
    size = preset.image_size
    if source == "video":
        return (4, size, size, 1)
    return (size, size, 3) if size else shape


def data_of(preset):
    """A full batch and a ragged one, always in the same order."""
    random = np.random.default_rng(0)
    if preset.model in families.TRANSLATIONS:
        pair = random.integers(0, 256, (2, SAMPLES, 16, 16, 3), dtype="uint8")
        if preset.model != "srgan":
            return pairs.paired(*pair, batch_size=BATCH_SIZE, shuffle=False)
        images = pipeline.batches(pair[0], batch_size=BATCH_SIZE, shuffle=False)
        return pairs.downscaled(images, factor=4)
    samples = random.uniform(-1, 1, (SAMPLES, *shape_of(preset))).astype("float32")
    arrays = (
        (samples, np.arange(SAMPLES) % 10) if preset.model in ("conditional", "acgan") else samples
    )
    return pipeline.batches(arrays, batch_size=BATCH_SIZE, shuffle=False)


@pytest.fixture(autouse=True)
def eagerly():
    # A graph of every model and rule would take minutes to trace.
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    keras.backend.clear_session(free_memory=False)  # A collection takes a quarter of a second.


def test_the_representatives_have_every_network_of_every_model_and_every_loss():
    found = set().union(*map(parts, REPRESENTATIVES))
    for name in presets.names():
        preset = presets.get(name)
        assert {("network", preset.model, preset.network), ("loss", preset.loss)} <= found
    assert 9 <= len(REPRESENTATIVES) <= len(presets.names()) / 2


def weights_of(model):
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    return {
        name: [weight.numpy() for weight in network.trainable_weights]
        for name, network in networks.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule"), NAMES_AND_RULES)
def test_builds_fits_saves_resumes_and_exports(name, rule, tmp_path, assert_same_state):
    preset = small(name, rule)
    dataset = data_of(preset)
    model = experiment.make_model(preset, dataset)
    before = weights_of(model)
    history = model.fit(
        dataset, epochs=2, verbose=0, callbacks=[SaveAfter(3, tmp_path / "model.keras")]
    ).history
    assert all(np.isfinite(values).all() for values in history.values()), history
    for key, after in weights_of(model).items():
        # The last bias of a discriminator has no gradient where only differences of logits count.
        both = zip(before[key], after, strict=True)
        assert all((a != b).any() for a, b in both if a.ndim > 1), f"a kernel of {key} stood still"

    # Saved after one of two steps of the second epoch, loaded, continued: equal bit by bit.
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loaded.fit(dataset.skip(1), epochs=1, verbose=0)
    assert_same_state(model, loaded)
    for one, other in zip(model.weights, loaded.weights, strict=True):  # Pools, for one.
        np.testing.assert_array_equal(one, other)
    if rule == "epoch" and name in EXPORTED:
        check_export(model, tmp_path)


def check_export(model, folder):
    tf.config.run_functions_eagerly(False)
    export.saved_model(model, folder / "saved")
    served = tf.saved_model.load(str(folder / "saved"))
    if not model.draws_samples:  # A translation serves images and draws no samples.
        assert list(served.signatures) == ["serving_default"]
        return
    np.testing.assert_allclose(served.sample(3, 1), model.sample(3, seed=1), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", others())
def test_builds_and_generates_samples_like_its_data(name):
    preset = small(name, "gan")
    dataset = data_of(preset)
    model = experiment.make_model(preset, dataset)
    batch = next(iter(dataset))
    if not model.draws_samples:
        sources, targets = batch
        assert model.translate(sources).shape == targets.shape
        return
    shape = keras.tree.flatten(batch)[0].shape[1:]
    assert model.sample(3, seed=1).shape == (3, *shape)
