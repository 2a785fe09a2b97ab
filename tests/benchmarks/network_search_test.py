"""Every run of the search is a preset whose networks can be built."""

import network_search
import pytest

SMALL = {"width": 8}


@pytest.mark.parametrize("name", network_search.RUNS)
def test_every_run_is_a_preset(name):
    for data in network_search.DATA:
        preset = network_search.preset_of(name, data, seed=3)
        assert preset.seed == 3 and preset.data.startswith("arrays:")
        assert (preset.augmentation != "") == (data == "emoji")


@pytest.mark.parametrize("network", network_search.FAMILIES)
def test_the_candidates_make_and_judge_images(network):
    family, shape = network_search.FAMILIES[network], (16, 16, 3)
    generator = family.generator(4, shape, **SMALL, seed=0)
    discriminator = family.discriminator(shape, **SMALL, seed=0)
    heads = 4 if network.startswith("projected") else 1
    assert generator.output_shape == (None, *shape)
    assert discriminator.output_shape == (None, heads)


def test_a_discriminator_of_patches():
    """As many logits of the whole image as of its parts."""
    judge = network_search.FAMILIES["style_other"].discriminator
    assert judge((32, 32, 3), patches=8).output_shape == (None, 128)
