"""What holds for every preset, beside what tests/every_preset_test.py trains."""

import inspect

import pytest

from geans import presets


@pytest.mark.parametrize("name", presets.names())
def test_name_and_docstring(name):
    preset = presets.get(name)
    assert preset.name == name
    assert inspect.getdoc(presets.PRESETS[name])
    assert preset.command == f"geans train --preset={name}"


@pytest.mark.parametrize("pair", ["ring", "grid", "fashion", "mlp_mnist", "stacked", "digits"])
def test_gan_and_gean_share_their_networks(pair):
    gan, gean = presets.get(f"gan_{pair}"), presets.get(f"gean_{pair}")
    assert (gan.rule, gean.rule) == ("gan", "gean")
    for field in ("data", "data_options", "network", "latent_dim", "generator_options"):
        assert getattr(gan, field) == getattr(gean, field)


def test_unknown_preset():
    with pytest.raises(
        ValueError, match="Unknown preset 'gean'. Did you mean .* Known: .*gean_fashion"
    ):
        presets.get("gean")
