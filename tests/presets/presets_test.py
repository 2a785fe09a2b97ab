"""What holds for every preset; the modules with presets are tested here and in their mirrors."""

import dataclasses
import inspect

import numpy as np
import pytest

from geans import experiment, presets

ROOM = "embedded:fashion"


def tiny(preset):
    """The preset on little data that is always there."""
    changes = {"epochs": 2, "samples_per_epoch": 300, "steps_per_execution": 1}
    if preset.data.startswith("tfds:"):
        changes["data"] = ROOM
    if preset.data == "stacked:mnist":
        changes["data"] = "stacked:digits"
    return dataclasses.replace(preset, **changes)


@pytest.mark.parametrize("name", presets.names())
def test_name_docstring_and_expectations(name):
    preset = presets.get(name)
    assert preset.name == name
    assert inspect.getdoc(presets.PRESETS[name])
    assert preset.command == f"geans train --preset={name}"
    assert 0 < preset.expected_minutes < 60
    assert preset.expected_score


@pytest.mark.parametrize("name", presets.names())
def test_builds_trains_and_moves_every_network(name):
    preset = tiny(presets.get(name))
    dataset = experiment.make_data(preset)
    model = experiment.make_model(preset, dataset)
    before = [network.get_weights()[0] for network in (model.generator, model.discriminator)]
    history = model.fit(dataset.take(4), epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    for network, old in zip((model.generator, model.discriminator), before, strict=True):
        assert (network.get_weights()[0] != old).any()


@pytest.mark.parametrize("pair", ["ring", "grid", "fashion", "mlp_mnist", "stacked", "digits"])
def test_gan_and_gean_share_their_networks(pair):
    gan, gean = presets.get(f"gan_{pair}"), presets.get(f"gean_{pair}")
    assert (gan.rule, gean.rule) == ("gan", "gean")
    for field in ("data", "data_options", "network", "latent_dim", "generator_options"):
        assert getattr(gan, field) == getattr(gean, field)


def test_unknown_preset():
    with pytest.raises(ValueError, match="Unknown preset 'gean'. Known: .*gean_fashion"):
        presets.get("gean")
