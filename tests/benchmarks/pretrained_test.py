import dataclasses
import json

import keras
import numpy as np
import pretrained as tool
import pytest

import geans
from geans import experiment, presets, pretrained, report
from geans.pretrained import store

PRESET = presets.Preset(
    name="small",
    data="embedded:fashion",
    data_options={"limit": 8},
    image_size=16,
    batch_size=4,
    network="projected",
    latent_dim=4,
    generator_options={"width": 4},
    discriminator_options={"width": 4},
    epochs=1,
    ema_half_life=10.0,
)


@pytest.fixture
def run_dir(tmp_path, monkeypatch):
    """A run that was added to a package of its own."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setattr(presets, "get", lambda name: PRESET)
    monkeypatch.setattr(pretrained, "TABLE", shelf / "models.json")
    pretrained.TABLE.write_text("{}")
    monkeypatch.setattr(store, "FOLDER", shelf)
    monkeypatch.setattr(store, "_table", lambda: json.loads(pretrained.TABLE.read_text()))
    path = tmp_path / "run"
    path.mkdir()
    model = experiment.make_model(PRESET, experiment.make_data(PRESET))
    for variable in model.generator.variables + model.discriminator.trainable_variables:
        variable.assign_add(0.01 * keras.ops.ones_like(variable))  # As if it were trained.
    report.save_model(model, path / "model.keras")
    cost = {"seconds": 60.0, "samples": 8}
    found = {"preset": dataclasses.asdict(PRESET), "versions": report.versions(), "cost": cost}
    for name, values in found.items():
        report.write_json(values, path / f"{name}.json")
    tool.add("small", path)
    return path


@pytest.mark.slow
def test_a_run_becomes_a_model_of_the_package_with_a_card(run_dir, tmp_path, monkeypatch):
    run, model = experiment.load(run_dir), geans.from_pretrained("small", discriminator=True)
    expected = run.sample(3, seed=0)
    np.testing.assert_allclose(model.sample(3, seed=0), expected, atol=2e-3)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    logits = [np.asarray(each.discriminator(images)) for each in (model, run)]
    np.testing.assert_allclose(*logits, atol=0.01, rtol=0.01)
    untrained = geans.from_pretrained("small").discriminator(images)
    assert not np.allclose(untrained, logits[1], atol=0.01, rtol=0.01)
    # The features of ImageNet, of 600,000 weights, are in the package already.
    assert (tmp_path / "shelf" / "small_discriminator.npz").stat().st_size < 100_000

    about = dict.fromkeys(("title", "data", "content", "licence", "faults"), "nothing")
    monkeypatch.setitem(tool.ABOUT, "small", about)
    monkeypatch.setattr(tool, "CARDS", tmp_path / "cards")
    texts = []
    for _ in range(2):
        tool.card("small", None, samples=20)
        texts.append((tmp_path / "cards" / "small.md").read_text())
    assert texts[0] == texts[1]
    assert "16, 16, 1" in texts[0] and (tmp_path / "cards" / "small_neighbours.png").is_file()

    monkeypatch.setattr(presets, "get", lambda name: presets.changed(PRESET, batch_size=8))
    with pytest.raises(ValueError, match="differs from the preset small in batch_size"):
        tool.add("small", run_dir)
