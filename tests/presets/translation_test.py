import dataclasses
import pathlib

import pytest

from geans import experiment, networks, presets

DATA = pathlib.Path(__file__).resolve().parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(
    not (DATA / "openmoji_pairs_64.npz").is_file(), reason=f"no openmoji_pairs_64.npz in {DATA}"
)
READY = ("pix2pix_facades", "cyclegan_horse2zebra")


@pytest.mark.parametrize("name", ("pix2pix", "gean_pix2pix", "cyclegan", *READY))
def test_the_score_tells_what_was_not_run_here(name):
    assert (presets.expected(name).score == presets.NOT_RUN) == (name in READY)


def test_both_rules_train_pix2pix_alike():
    """Else a comparison of the two would not be one of the rules."""
    gan, gean = (dataclasses.asdict(presets.get(name)) for name in ("pix2pix", "gean_pix2pix"))
    differing = {field for field in gan if gan[field] != gean[field]} - {"name"}
    assert differing == {"rule", "update_every", "order"}


@pytest.mark.slow
@needs_data
def test_the_data_of_pix2pix():
    dataset = experiment.make_data(presets.get("pix2pix"), DATA)
    assert [tuple(each.shape) for each in dataset.element_spec] == [(None, 64, 64, 3)] * 2
    assert len(dataset) == -(-4_023 // 16)


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize(
    ("name", "shapes", "steps", "held_out"),
    [
        ("emoji_colour", [(64, 64, 1), (64, 64, 3)], -(-1_413 // 16), 157),
        ("srgan_faces", [(16, 16, 3), (64, 64, 3)], -(-9_000 // 16), 941),
        ("srgan_earth", [(16, 16, 3), (64, 64, 3)], -(-1_694 // 16), 319),
        ("spade_earth", [(64, 64, 6), (64, 64, 3)], -(-1_694 // 16), 319),
    ],
)
def test_data_of_named_arrays_and_smaller_images(name, shapes, steps, held_out):
    source = experiment.Source.of(presets.get(name), DATA)
    dataset = source.dataset(16)
    assert [tuple(each.shape)[1:] for each in dataset.element_spec] == shapes
    assert len(dataset) == steps
    assert [len(source.examples.first), len(source.examples.second)] == [held_out] * 2
    assert source.examples.split in ("test", "held out")


def test_the_generator_of_emoji_is_small():
    """1.45 million weights are 2.9 MB in half precision."""
    preset = presets.get("emoji_colour")
    network = networks.unet.generator((64, 64, 1), 3, **preset.generator_options)
    assert 1.2e6 < network.count_params() <= 1.45e6


@pytest.mark.parametrize("name", READY)
def test_networks_of_the_papers(name, monkeypatch):
    """70x70 patches, 64 channels; 9 residual blocks for 256 pixels."""
    preset = presets.get(name)
    assert preset.discriminator_options == {"width": 64}
    assert networks.patchgan.receptive_field() == 70
    monkeypatch.setattr(networks.image_layers, "normal", lambda seeds: "zeros")
    family = networks.get(preset.network, networks.TRANSLATORS)
    generator = family.generator((256, 256, 3), 3, **preset.generator_options)
    millions = {"pix2pix_facades": 54.4, "cyclegan_horse2zebra": 11.4}
    assert round(generator.count_params() / 1e6, 1) == millions[name]
