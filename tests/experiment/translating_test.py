import dataclasses
import json

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
@pytest.mark.parametrize("name", ["pix2pix", pytest.param("cyclegan", marks=pytest.mark.nightly)])
def test_a_run_directory_of_a_translation(name, data_dir):
    run_dir = data_dir / "run"
    options = {"identity_weight": 0.0} if name == "cyclegan" else {}
    preset = small(name, model_options=options)
    model = experiment.run(preset, run_dir, data_dir=data_dir)
    numbers = json.loads((run_dir / "metrics.json").read_text())
    expected = experiment.Source.of(preset, data_dir).examples.measure(model)
    assert numbers == {"split": "test", **expected}
    sizes = {PIL.Image.open(path).size[0] for path in (run_dir / "pictures").glob("*.png")}
    assert sizes == {PIL.Image.open(run_dir / "samples.png").size[0]}
    assert not (run_dir / "evaluation.json").exists()
    found = experiment.evaluate(run_dir, data_dir=data_dir)
    assert {each.metric: each.value for each in found} == expected
    loaded = experiment.load(run_dir)
    images = normalised(noise(3, 1, 5))
    np.testing.assert_array_equal(loaded.translate(images), model.translate(images))


@pytest.mark.parametrize("changes", [{"network": "dcgan"}, {"data": "folder:absent"}])
def test_what_is_no_translation_is_refused(changes, data_dir):
    preset = small("pix2pix", **changes)
    with pytest.raises(ValueError, match=r"Known: unet, cyclegan|\"pairs:\.\.\.\""):
        making.make_model(preset, making.make_data(preset, data_dir))
