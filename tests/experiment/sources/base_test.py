"""Source strings, and what a new kind of source takes."""

import json

import keras
import numpy as np
import pytest

from geans import data, experiment, presets
from geans.experiment.sources import SOURCES, Source, base
from geans.metrics import Origin
from tests.experiment.small_presets import fashion, ring

SPECS = {
    "embedded": "embedded:fashion",
    "tfds": "tfds:mnist",
    "folder": "folder:photos",
    "arrays": "arrays:faces.npz",
    "mixture": "mixture:ring",
    "stacked": "stacked:digits",
    "pairs": "pairs:pairs.npz",
    "unpaired": "unpaired:mnist,fashion_mnist",
    "downscaled": "downscaled:tfds:mnist",
    "video": "video:moving_digits",
}


def test_every_kind_is_parsed_and_described():
    assert SPECS.keys() == SOURCES.keys()
    for prefix, spec in SPECS.items():
        source = Source.parse(spec)
        assert type(source) is SOURCES[prefix]
        assert f"{prefix}:{source.path}" == source.spec == spec
        assert source.usage.startswith(f"{prefix}:")


@pytest.mark.parametrize("spec", ["http:x", "fashion", "folder:", ":x", "", None, 3])
def test_unknown_source_strings_list_the_known_ones(spec):
    with pytest.raises(ValueError, match="Known: embedded:fashion, tfds:NAME, folder:PATH") as said:
        Source.parse(spec)
    assert f"Received: {spec!r}" in str(said.value)


def test_a_preset_of_an_unknown_source_lists_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="Known: .*mixture:ring.*Received: 'web:cats'"):
        experiment.run(ring(data="web:cats"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_source_of_a_preset_takes_its_fields():
    preset = ring(seed=5, data_options={"modes": 3})
    source = Source.of(preset, "data")
    assert (source.size, source.seed, source.data_dir) == (640, 5, "data")
    assert source.mixture.modes == 3
    with pytest.raises(ValueError, match="needs a geans.presets.Preset.*Received: 'gan_ring'"):
        Source.of("gan_ring")


def test_pairs_and_models_that_translate_belong_together():
    with pytest.raises(
        ValueError, match="for the models pix2pix, cyclegan, srgan, spade. Received: model='pl"
    ):
        Source.of(fashion(data="pairs:pairs.npz"))
    with pytest.raises(
        ValueError, match='"pairs:...".*"downscaled:...". Received: data=\'embedded:fashion\''
    ):
        Source.of(fashion(model="pix2pix"))


def test_shapes_of_samples():
    images = data.images.embedded(labels=True)
    assert base.sample_shape(images) == (28, 28, 1)
    pair = np.zeros((4, 8, 8, 1), "uint8"), np.zeros((4, 8, 8, 3), "uint8")
    assert base.sample_shape(data.translation.paired(*pair)) == ((8, 8, 1), (8, 8, 3))
    assert Source.parse("mixture:grid", size=10).sample_shape() == (2,)


def test_only_what_has_classes_names_them():
    with pytest.raises(ValueError, match="mixture:ring has no classes"):
        Source.parse("mixture:ring").class_names()
    assert Source.parse("tfds:celeb_a").digits28_classes() is None


def test_the_base_class_says_what_to_override():
    with pytest.raises(NotImplementedError, match=r"Source must override load\(\*\*options\)"):
        Source("stripes:2").dataset()


class Stripes(Source):
    """Horizontal stripes, which this test adds to the sources."""

    usage = "stripes:WIDTH"
    metrics = ()
    samples_to_show = 4

    def load(self, *, shuffle=True, **options):
        shades = np.arange(self.image_size) // int(self.path) % 2
        images = np.tile(255 * shades[:, None, None], (self.size, 1, self.image_size, 1))
        images = images.astype("uint8")
        return data.pipeline.batches(images, seed=self.seed, shuffle=shuffle, **options)

    def measure(self, model, samples=None, *, seed=0, ema=True):
        return base.Measured({"contrast": float(np.ptp(samples))}, "pixels", 0, len(samples))


@pytest.mark.slow
def test_a_new_source_is_one_class_and_one_entry(monkeypatch, tmp_path):
    """It is trained, drawn, measured and compared like the others."""
    monkeypatch.setitem(SOURCES, "stripes", Stripes)
    fields = {"data": "stripes:2", "image_size": 8, "samples_per_epoch": 20, "batch_size": 10}
    preset = fashion(**fields, picture_every=1, learning_rate_decay="constant")
    model = experiment.run(preset, tmp_path)
    assert model.sample(1).shape == (1, 8, 8, 1)
    assert json.loads((tmp_path / "metrics.json").read_text()).keys() == {"contrast"}
    for name in ("samples.png", "pictures/epoch_0001.png", "pictures/training.gif"):
        assert (tmp_path / name).is_file()
    origin, batches = Source.of(presets.read(tmp_path / "preset.json")).reference()
    assert origin == Origin(name="stripes:2") and len(next(iter(batches))) == 20
    assert isinstance(experiment.load(tmp_path), keras.Model)
