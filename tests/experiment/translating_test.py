import dataclasses
import json
import pathlib

import numpy as np
import PIL.Image
import pytest

from geans import experiment, models, presets
from geans.experiment import making, translating

SMALL = {
    "pix2pix": {
        "data": "pairs:pairs.npz",
        "generator_options": {"width": 2},
        "discriminator_options": {"width": 2, "layers": 1},
    },
    "cyclegan": {
        "data": "unpaired:pairs.npz",
        "data_options": {"flip": True},
        "generator_options": {"width": 2, "blocks": 1},
        "discriminator_options": {"width": 2, "layers": 1},
    },
    "srgan_earth": {
        "data": "downscaled:arrays:pairs.npz",
        "data_options": {"name": "colour_train", "factor": 2},
        "generator_options": {"width": 2, "blocks": 1},
        "discriminator_options": {"width": 2, "layers": 1},
    },
    "spade_earth": {
        "data": "pairs:pairs.npz",
        "data_options": {"source": ["line", "colour"], "target": "colour"},
        "latent_dim": 3,
        "generator_options": {"width": 2},
        "discriminator_options": {"width": 2, "layers": 1},
    },
}


def small(name, **changes):
    more = {"epochs": 1, "batch_size": 8, "picture_every": 1, "ema_half_life": 8.0}
    return dataclasses.replace(presets.get(name), **{**more, **SMALL[name], **changes})


def noise(count, channels, seed):
    shape = (count, 16, 16, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


@pytest.fixture
def data_dir(tmp_path):
    """Grey and coloured noise: 16 pairs to train on, 11 held out."""
    arrays = {f"line_{split}": noise(n, 1, n) for split, n in (("train", 16), ("test", 11))}
    arrays |= {f"colour_{split}": noise(n, 3, n + 1) for split, n in (("train", 16), ("test", 11))}
    np.savez(tmp_path / "pairs.npz", **arrays)
    return tmp_path


def normalised(pixels):
    return pixels / np.float32(127.5) - 1


def test_a_translation_has_no_samples_to_evaluate(data_dir):
    preset = small("pix2pix", evaluate_every=2)
    with pytest.raises(ValueError, match="a translation draws none. Leave evaluate_every at 0"):
        experiment.run(preset, data_dir / "run", data_dir=data_dir)
    assert not (data_dir / "run").exists()


class Negative(models.Pix2Pix):
    """Turns black into white; it is asked for nothing else."""

    def __init__(self):
        pass

    def translate(self, images, ema=True):
        return np.repeat(-images, 3, axis=-1)


class Doubling(models.CycleGAN):
    """There it halves values, back it does nothing."""

    def __init__(self):
        pass

    def translate(self, images, to, ema=True):
        return images / 2 if to == "second" else images


def pairs(count, channels=(1, 3)):
    values = np.linspace(-1, 1, count, dtype="float32")[:, None, None, None]
    return translating.Examples(*(np.tile(values, (1, 12, 12, c)) for c in channels), "test")


def test_rows_of_pix2pix_are_source_output_and_target():
    examples = pairs(32)
    drawn = examples.draw(Negative())
    assert drawn.shape == (6 * 8, 12, 12, 3)
    # Every second one, from everywhere in the data.
    first, second = examples.first[:16:2, 0, 0, 0], examples.first[16::2, 0, 0, 0]
    expected = [*first, *-first, *first, *second, *-second, *second]
    np.testing.assert_array_equal(drawn[:, 0, 0, 0], expected)
    assert pairs(3).draw(Negative()).shape == (9, 12, 12, 3)


def test_rows_of_cyclegan_are_there_and_back():
    examples = pairs(24, (1, 1))
    images = examples.first[::3, 0, 0, 0]
    expected = [*images, *images / 2, *images / 2, *images, *images, *images / 2]
    np.testing.assert_array_equal(examples.draw(Doubling())[:, 0, 0, 0], expected)


def test_measures_by_hand():
    """Negatives are off by twice the size of the values, halved values by half of it."""
    examples = pairs(5)  # -1, -1/2, 0, 1/2, 1; rounded to 8 bits.
    found = examples.measure(Negative())
    assert found["mean_absolute_error"] == pytest.approx(2 * 3 / 5, abs=0.01)
    assert -1 <= found["structural_similarity"] < 1
    halved = pairs(5, (1, 1)).measure(Doubling())
    expected = {"cycle_error_first": 0.5 * 3 / 5, "cycle_error_second": 0.5 * 3 / 5}
    assert halved == pytest.approx(expected, abs=0.01)


class Nearest(models.SRGAN):
    """Repeats every pixel 2x2 times; it is asked for nothing else."""

    def __init__(self):
        pass

    def translate(self, images, ema=True):
        return images.repeat(2, axis=1).repeat(2, axis=2)


def small_and_large(count=3):
    """Targets with an edge that is not on the grid of the sources."""
    large = np.full((count, 12, 12, 3), -1, "float32")
    large[:, :, 5:] = 0.6
    return translating.Examples(large[:, ::2, ::2], large, "test")


def test_rows_of_super_resolution_begin_with_the_enlarged_source():
    examples = small_and_large()
    drawn = examples.draw(Nearest())
    assert drawn.shape == (4 * 3, 12, 12, 3)
    nearest, bicubic, output, target = np.split(drawn, 4)
    np.testing.assert_array_equal(nearest, Nearest().translate(examples.first))
    np.testing.assert_array_equal(output, nearest)
    np.testing.assert_array_equal(target, examples.second)
    assert np.abs(bicubic - nearest).max() > 0.1 and np.abs(bicubic).max() <= 1


def test_super_resolution_is_measured_beside_bicubic_interpolation():
    """One column of 12 is off by 1.6 of a range of 2."""
    examples = small_and_large()
    found = examples.measure(Nearest())
    assert found["mean_absolute_error"] == pytest.approx(1.6 / 12, abs=0.002)
    expected = 10 * np.log10(2**2 / (1.6**2 / 12))
    assert found["peak_signal_to_noise_ratio"] == pytest.approx(expected, abs=0.05)
    bicubic = translating.enlarged(examples.first, (3, 12, 12, 3), "bicubic")
    expected = 10 * np.log10(4 / np.mean((bicubic - examples.second) ** 2))
    assert found["bicubic_peak_signal_to_noise_ratio"] == pytest.approx(expected, abs=0.05)
    expected = translating.metrics.structural_similarity(examples.second, bicubic)
    assert found["bicubic_structural_similarity"] == pytest.approx(expected)
    assert found["structural_similarity"] != pytest.approx(expected, abs=1e-3)


def test_of_maps_with_many_channels_three_are_shown():
    maps = np.linspace(-1, 1, 6, dtype="float32") * np.ones((2, 12, 12, 1), "float32")
    pictures = np.zeros((2, 12, 12, 3), "float32")
    rows = translating._alike([maps, pictures, pictures[..., :1]])
    assert [row.shape[-1] for row in rows] == [3, 3, 3]
    np.testing.assert_array_equal(rows[0], maps[..., :3])


def test_small_images_have_no_structural_similarity():
    images = np.zeros((2, 8, 8, 3), "float32")
    examples = translating.Examples(images[..., :1], images, "test")
    assert set(examples.measure(Negative())) == {"mean_absolute_error"}


@pytest.mark.slow
def test_players_of_presets_fit_the_data(data_dir):
    preset = small("pix2pix", model_options={"reconstruction_weight": 3.0})
    model = making.make_model(preset, making.make_data(preset, data_dir))
    assert model.pair_shapes == ((None, 16, 16, 1), (None, 16, 16, 3))
    assert model.reconstruction_weight == 3
    preset = small("cyclegan", model_options={"identity_weight": 0.0, "pool_size": 7})
    model = making.make_model(preset, making.make_data(preset, data_dir))
    assert model.pair_shapes == ((None, 16, 16, 1), (None, 16, 16, 3))
    assert model.pools[1].images.shape == (7, 16, 16, 3)
    starts = [model.generator.get_layer(name).get_weights()[3] for name in ("first", "second")]
    assert np.any(starts[0] != starts[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["pix2pix"]
    + [
        pytest.param(name, marks=pytest.mark.nightly)
        for name in ("cyclegan", "srgan_earth", "spade_earth")
    ],
)
def test_a_run_directory_of_a_translation(name, data_dir):
    run_dir = data_dir / "run"
    options = {"identity_weight": 0.0} if name == "cyclegan" else {}
    preset = small(name, model_options=options)
    model = experiment.run(preset, run_dir, data_dir=data_dir)
    numbers = json.loads((run_dir / "metrics.json").read_text())
    expected = experiment.Source.of(preset, data_dir).examples.measure(model)
    split = "held out" if name == "srgan_earth" else "test"
    assert numbers == {"split": split, **expected}
    sizes = {PIL.Image.open(path).size[0] for path in (run_dir / "pictures").glob("*.png")}
    assert sizes == {PIL.Image.open(run_dir / "samples.png").size[0]}
    assert not (run_dir / "evaluation.json").exists()
    found = experiment.evaluate(run_dir, data_dir=data_dir)
    assert {each.metric: each.value for each in found} == expected
    loaded = experiment.load(run_dir)
    images = experiment.Source.of(preset, data_dir).examples.first[:3]
    np.testing.assert_array_equal(loaded.translate(images), model.translate(images))


@pytest.mark.slow
def test_players_of_the_newer_families_fit_the_data(data_dir):
    preset = small("srgan_earth", model_options={"feature_weight": 3.0})
    model = making.make_model(preset, making.make_data(preset, data_dir))
    assert model.pair_shapes == ((None, 8, 8, 3), (None, 16, 16, 3))
    assert (model.reconstruction_weight, model.feature_weight) == (100, 3)
    preset = small("spade_earth", model_options={"kl_weight": 2.0})
    model = making.make_model(preset, making.make_data(preset, data_dir))
    assert model.pair_shapes == [(None, 16, 16, 4), (None, 16, 16, 3)]
    assert (model.latent_dim, model.feature_weight, model.kl_weight) == (3, 10, 2)


def test_super_resolution_needs_larger_targets(data_dir):
    preset = small("srgan_earth", data="pairs:pairs.npz", data_options={})
    with pytest.raises(ValueError, match='scale=1. "downscaled:'):
        making.make_model(preset, making.make_data(preset, data_dir))


EARTH = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/earth_64.npz"


@pytest.mark.slow
@pytest.mark.skipif(not EARTH.is_file(), reason=f"there is no {EARTH}")
@pytest.mark.parametrize(
    ("name", "options", "share"),
    [
        ("srgan_earth", {"width": 8}, 1),
        pytest.param("spade_earth", {"normalization": "instance"}, 0.9, marks=pytest.mark.nightly),
    ],
)
def test_a_few_steps_on_the_earth(name, options, share):
    """With the presets' own data; an SRGAN begins as interpolation, a SPADE with noise."""
    fields = {"data": presets.get(name).data, "data_options": presets.get(name).data_options}
    fields["generator_options"] = SMALL[name]["generator_options"] | options
    rates = {"generator_learning_rate": 0.005, "learning_rate_decay": "constant"}
    preset = small(name, **fields, **rates, ema_half_life=0.0, steps_per_execution=1)
    source = experiment.Source.of(preset, EARTH.parent)
    dataset = making.dataset_of(preset, source)
    model = making.make_model(preset, dataset)
    pairs = [images[:32] for images in (source.examples.first, source.examples.second)]
    examples = translating.Examples(*pairs, source.examples.split)
    before = examples.measure(model)["mean_absolute_error"]
    history = model.fit(dataset.take(12), epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert examples.measure(model)["mean_absolute_error"] < share * before


@pytest.mark.parametrize("changes", [{"network": "dcgan"}, {"data": "folder:absent"}])
def test_what_is_no_translation_is_refused(changes, data_dir):
    preset = small("pix2pix", **changes)
    with pytest.raises(
        ValueError, match=r"Known: unet, cyclegan, srresnet, spade|\"pairs:\.\.\.\""
    ):
        making.make_model(preset, making.make_data(preset, data_dir))
