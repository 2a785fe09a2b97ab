import dataclasses

import numpy as np
import PIL.Image
import pytest

import geans
from geans import data, experiment, presets, report
from geans.data import image_files
from geans.experiment import recipes


def save(folder, count, size, mode="RGB", seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for index in range(count):
        channels = (3,) if mode == "RGB" else ()
        pixels = random.integers(0, 256, (size[1], size[0], *channels), "uint8")
        PIL.Image.fromarray(pixels, mode).save(folder / f"{mode}{size[0]}_{index}.png")


def chosen(source, **fields):
    lines = []
    preset = geans.recipe(
        source, tell=lines.append, **{"epochs": 2, "precision": "float32"} | fields
    )
    return preset, "\n".join(lines)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)], None),
        ([(64, 48)], None),
        ([(100, 100)], 64),
        ([(20, 22), (21, 20)], 24),
        ([(300, 200), (330, 220), (240, 160)], "64x40"),
        ([(90, 300)], "16x64"),
        ([(640, 600), (500, 512)], 64),
        ([(8, 8)], None),
        ([(9, 9)], 16),
    ],
)
def test_the_size_follows_the_files(tmp_path, sizes, expected):
    for size in sizes:
        save(tmp_path, 1, size)
    assert recipes.image_size(image_files.find(tmp_path)).fields == {"image_size": expected}


def test_a_folder_needs_no_flag(tmp_path):
    save(tmp_path / "photos", 3, (90, 82))
    save(tmp_path / "photos", 2, (70, 75), mode="L")
    preset, told = chosen(f"folder:{tmp_path / 'photos'}")
    assert (preset.name, preset.image_size, preset.model) == ("photos", 64, "plain")
    assert preset.augmentation and preset.network == "projected"
    assert "5 images of 64x64 pixels, 3 channels" in told and "70x75 to 90x82" in told
    dataset = experiment.make_data(dataclasses.replace(preset, batch_size=2))
    assert experiment.make_model(preset, dataset).sample(1, seed=0).shape == (1, 64, 64, 3)


def test_subfolders_are_classes_if_they_are_large_enough(tmp_path, monkeypatch):
    for name, count in (("cats", 3), ("dogs", 4)):
        save(tmp_path / name, count, (16, 16), mode="L")
    preset, told = chosen(f"folder:{tmp_path}")
    assert preset.model == "plain" and "2 classes, the smallest of 3 images" in told
    monkeypatch.setattr(recipes, "SMALLEST_CLASS", 3)
    preset, told = chosen(f"folder:{tmp_path}")
    assert preset.model == "conditional" and "2 classes of 3 to 4 images" in told
    assert preset.model_options == {"num_classes": 2, "class_names": ["cats", "dogs"]}
    assert chosen(f"folder:{tmp_path}", model="plain")[0].model == "plain"


def test_labels_of_other_sources_are_classes(tmp_path):
    preset, told = chosen("embedded:fashion")
    assert preset.model == "conditional" and "10 classes of 1,000 to 1,000 images" in told
    images = np.zeros((120, 16, 16, 1), "uint8")
    np.savez(tmp_path / "a.npz", images=images, kind=np.arange(120) % 2)
    preset, _ = chosen(f"arrays:{tmp_path / 'a.npz'}")
    assert preset.model == "plain"
    preset, _ = chosen(f"arrays:{tmp_path / 'a.npz'}", data_options={"classes": "kind"})
    assert preset.model == "conditional" and preset.model_options["num_classes"] == 2
    np.savez(tmp_path / "b.npz", images=images, kind=np.repeat([0, 1], [117, 3]))
    preset, told = chosen(f"arrays:{tmp_path / 'b.npz'}", data_options={"classes": "kind"})
    assert preset.model == "plain" and "2 classes, the smallest of 3 images" in told


def test_what_is_given_is_not_chosen(tmp_path):
    save(tmp_path, 2, (40, 40))
    fields = {"image_size": 16, "generator_options": {"width": 8}, "seed": 3, "r1": 7.0}
    preset, told = chosen(f"folder:{tmp_path}", **fields)
    assert (preset.image_size, preset.seed, preset.r1, preset.epochs) == (16, 3, 7.0, 2)
    assert preset.generator_options["width"] == 8 and "r1" not in told
    with pytest.raises(ValueError, match="has no field 'colour'"):
        chosen(f"folder:{tmp_path}", colour=True)


def test_with_init_from_the_model_stays_what_it_was(tmp_path):
    save(tmp_path / "photos", 4, (20, 22))
    before = presets.changed(
        presets.get("gan_fashion"), image_size=16, generator_options={"width": 4}, epochs=1
    )
    dataset = data.images.embedded("fashion", limit=64, image_size=16, batch_size=32, seed=0)
    trained = experiment.make_model(before, dataset)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    report.save_model(trained, run_dir / "model.keras")
    report.write_json(dataclasses.asdict(before), run_dir / "preset.json")

    preset, text = chosen(f"folder:{tmp_path / 'photos'}", init_from=str(run_dir), r1=3.0)
    assert (preset.network, preset.image_size, preset.epochs, preset.r1) == ("dcgan", "16x16", 2, 3)
    assert preset.generator_options == before.generator_options
    assert preset.augmentation == "diff_augment"  # Of the new images.
    assert "its networks for 16x16 pixels of 1 channels and its settings are kept" in text
    assert "StyleGAN2" not in text  # Nothing is said of choices that were not made.
    model = experiment.make_model(preset, experiment.make_data(preset))
    np.testing.assert_array_equal(model.sample(2, seed=0), trained.sample(2, seed=0))


def test_many_images_are_not_augmented():
    preset, _ = chosen("embedded:fashion")
    assert preset.augmentation == "" and preset.image_size is None
    small = data.images.embedded("fashion", batch_size=10, limit=100, seed=0)
    preset, told = chosen(small)
    assert preset.augmentation and preset.batch_size == 10 and "100 images" in told


def test_epochs_fill_the_minutes(monkeypatch):
    monkeypatch.setattr(recipes, "seconds_per_step", lambda preset, shape: 0.5)
    dataset = data.images.embedded("fashion", batch_size=100, limit=1_000, seed=0)
    fields = {"tell": None, "precision": "float32"}
    preset = geans.recipe(dataset, 10, **fields)
    assert preset.epochs == round(recipes.SHARE * 600 / 0.5 / 10)
    assert preset.picture_every == preset.epochs // 20
    assert geans.recipe(dataset, 0.001, **fields).epochs == 1


def test_the_speed_is_measured():
    dataset = data.images.embedded("fashion", batch_size=4, limit=40, image_size=8, seed=0)
    options = {"generator_options": {"width": 8}, "discriminator_options": {"width": 8}}
    preset = geans.recipe(dataset, 1, tell=None, precision="float32", **options)
    assert preset.epochs > 1


def test_other_networks_leave_out_the_options_that_they_do_not_take():
    options = {"network": "mlp", "generator_options": {"units": [8]}}
    preset, told = chosen("embedded:fashion", **options)
    assert preset.discriminator_options == {} and "a small StyleGAN2" in told
    dataset = data.images.embedded("fashion", batch_size=16, limit=32, seed=0)
    assert geans.from_preset(preset, dataset).sample(1, seed=0).shape == (1, 28, 28, 1)


def test_a_folder_may_have_any_name(tmp_path):
    for name, expected in (("été 2024", "_t__2024"), ("-x", "x"), ("写真", "_")):
        save(tmp_path / name, 1, (16, 16))
        assert chosen(f"folder:{tmp_path / name}")[0].name == expected


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), "20", None])
def test_bad_minutes(minutes):
    with pytest.raises(ValueError, match="minutes must be a number above 0"):
        geans.recipe("folder:photos", minutes)


@pytest.mark.parametrize("source", ["mixture:ring", "photos", "video:clips"])
def test_only_images_have_a_recipe(source):
    with pytest.raises(ValueError, match="Unknown kind of images.*Known: folder, arrays"):
        geans.recipe(source)


def test_only_batches_of_images_have_a_recipe():
    points = data.mixtures.ring().dataset(8, size=16)
    with pytest.raises(ValueError, match="batched tf.data.Dataset of images"):
        geans.recipe(points)


@pytest.mark.slow
def test_a_run_of_a_recipe(tmp_path):
    save(tmp_path / "tiles", 12, (24, 16))
    source = f"folder:{tmp_path / 'tiles'}"
    options = {"generator_options": {"width": 8}, "discriminator_options": {"width": 8}}
    preset, _ = chosen(source, image_size="24x16", batch_size=4, epochs=1, **options)
    experiment.run(preset, tmp_path / "run", evaluation_samples=8)
    assert presets.read(tmp_path / "run" / "preset.json") == preset
    assert (tmp_path / "run" / "samples.png").is_file()
