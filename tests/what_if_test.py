"""What happens if: things that people do with a GAN, and what they get."""

import re
import shutil
import urllib.error

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from absl import flags

import geans
from geans import cli, data, experiment, networks, presets
from geans.cli import train


def points(count=16):
    return np.random.default_rng(0).normal(size=(count, 2)).astype("float32")


def gan(**options):
    model = geans.GAN(networks.mlp.generator(3, (2,)), networks.mlp.discriminator((2,)), **options)
    model.compile(run_eagerly=True)
    return model


def photos(folder, count=4):
    folder.mkdir(parents=True)
    for index in range(count):
        PIL.Image.new("RGB", (16, 16), (40 * index, 0, 0)).save(folder / f"{index}.png")
    return folder


def checkpoint(path):
    saving = keras.callbacks.ModelCheckpoint(str(path))
    gan().fit(points(), verbose=0, callbacks=[saving])


REFUSED = {
    "a scan of 12 bits": (
        lambda folder: data.images.from_arrays(np.full((2, 8, 8), 4095, "uint16")),
        r"uint16. Pass 2.0 \* images / largest - 1 .* such as 4095 for 12 bits",
    ),
    "negative integers": (
        lambda folder: data.images.from_arrays(np.full((2, 8, 8), -5)),
        "int64. Pass 2.0 .* images / largest - 1",
    ),
    "pixels of a larger type": (
        lambda folder: data.images.from_arrays(np.full((2, 8, 8), 255)),
        r'int64. Pass images.astype\("uint8"\)',
    ),
    "a mask": (
        lambda folder: data.images.from_arrays(np.ones((2, 8, 8), bool)),
        r"bool. Pass 2.0 \* images - 1",
    ),
    "saved as .h5": (
        lambda folder: gan().save(folder / "gan.h5"),
        "saved to a .keras file.*gan.h5",
    ),
    "saved as .hdf5": (lambda folder: gan().save(f"{folder}/gan.hdf5"), "saved to a .keras file"),
    "an evaluation of one sample": (
        lambda folder: experiment.run(
            presets.get("gan_ring"), folder / "run", evaluation_samples=1
        ),
        "evaluation_samples must be 2 or more.*=1",
    ),
    "checkpoints as .h5": (lambda folder: checkpoint(folder / "{epoch}.h5"), "a .keras file.*.h5"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_advice(case, tmp_path):
    act, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        act(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("images", [np.arange(8, dtype="uint16") * 585, np.array([False, True])])
def test_the_advice_gives_images_in_range(images):
    advice = "2.0 * images - 1" if images.dtype == bool else "2.0 * images / largest - 1"
    found = eval(advice, {"images": images, "largest": 4095})
    assert (found.min(), found.max()) == (-1, 1)


@pytest.mark.slow
def test_a_model_is_exported_by_keras_method(tmp_path):
    model = gan()
    model.fit(points(), verbose=0)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.sample(3, 1), model.sample(3, seed=1), rtol=1e-5)
    with pytest.raises(ValueError, match="format must be 'tf_saved_model'.*'onnx'"):
        model.export(tmp_path / "other", format="onnx")


def test_weights_may_be_saved_as_h5(tmp_path):
    saving = keras.callbacks.ModelCheckpoint(f"{tmp_path}/a.weights.h5", save_weights_only=True)
    gan().fit(points(), verbose=0, callbacks=[saving])
    assert (tmp_path / "a.weights.h5").is_file()


def test_numbered_class_folders_sort_by_number(tmp_path):
    for name in range(12):
        photos(tmp_path / str(name), 1)
    names = experiment.Source.parse(f"folder:{tmp_path}").class_names()
    assert names == [str(name) for name in range(12)]
    batches = data.images.from_folder(tmp_path, 8, labels=True, shuffle=False, batch_size=12)
    labels = next(iter(batches))[1].numpy()
    files = [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]  # Files are read in the order of their paths.
    np.testing.assert_array_equal(labels, files)


DRAWN = {
    "points": lambda seed: data.mixtures.ring().dataset(8, 32, seed),
    "stacks": lambda seed: data.stacked.digits().dataset(8, 32, seed),
    "clips": lambda seed: data.video.moving_digits("digits", clips=6, digit_size=8, seed=seed),
    "arrays": lambda seed: data.images.from_arrays(np.eye(8, dtype="uint8")[:, None], seed=seed),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_keras_seed_decides_what_is_drawn_without_a_seed(kind):
    found = []
    for keras_seed in (5, 5, 6):
        keras.utils.set_random_seed(keras_seed)
        found.append(np.concatenate(list(DRAWN[kind](None).as_numpy_iterator())))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


LOADERS = {
    "images": lambda: data.images.from_folder("~/a", 8),
    "labels": lambda: data.images.from_folder("~/classes", 8, labels=True),
    "clips": lambda: data.video.from_folder("~/a", 2, 8),
    "pairs of folders": lambda: data.translation.from_folders("~/a", "~/b", 8),
    "pairs side by side": lambda: data.translation.from_side_by_side("~/wide"),
    "pairs of arrays": lambda: data.translation.from_npz("~/pairs.npz"),
}


@pytest.mark.parametrize("kind", LOADERS)
def test_every_loader_knows_the_home_directory(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a", "b", "classes/cat", "classes/dog"):
        photos(tmp_path / name)
    (tmp_path / "wide").mkdir()
    PIL.Image.new("RGB", (16, 8)).save(tmp_path / "wide/0.png")
    images = np.zeros((2, 8, 8, 1), "uint8")
    np.savez(tmp_path / "pairs.npz", a_train=images, b_train=images)
    assert len(list(LOADERS[kind]())) > 0


@pytest.mark.slow
def test_a_tilde_is_the_home_directory(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    photos(tmp_path / "photos")
    assert len(next(iter(data.images.from_folder("~/photos", 8)))) == 4
    arguments = ["--image_size=8", "--epochs=1", "--batch_size=2", "--steps_per_execution=1"]
    small = ["--preset=gan_mlp_mnist", "--data=folder:~/photos"]
    assert cli.main(["train", *small, "--run_dir=~/runs/a", *arguments]) == 0, capsys.readouterr()
    assert (tmp_path / "runs/a/model.keras").is_file()
    assert not list((tmp_path / "work").iterdir())


# On the command line


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The working directory, with a folder of photos."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "photos")
    return tmp_path


RING = ["train", "--preset=gan_ring", "--run_dir=run"]
MEANT = {
    "a command": (["trian"], "train"),
    "a flag": (["train", "--epoch=3"], "epochs"),
    "a preset": (["train", "--preset=gan-fashion"], "gan_fashion"),
    "a preset to compare": (["compare", "--presets=gan_rnig"], "gan_ring"),
    "a kind of data": (["train", "--data=floder:photos"], "folder"),
    "a folder without its kind": (["train", "--data=photos"], "folder:photos"),
    "points": ([*RING, "--data=mixture:rnig"], "mixture:ring"),
    "images of the package": (["train", "--data=embedded:fasion"], "fashion"),
    "stacked digits": ([*RING, "--data=stacked:digit"], "stacked:digits"),
    "clips of the package": ([*RING, "--data=video:moving_digit"], "video:moving_digits"),
    "a network": ([*RING, "--network=resent"], "resnet"),
    "a translator": (
        ["train", "--preset=pix2pix", "--data=pairs:photos", "--network=u-net"],
        "unet",
    ),
    "a loss": ([*RING, "--loss=Hing"], "hinge"),
    "an augmentation": ([*RING, "--augmentation=diffaugment"], "diff_augment"),
    "an optimizer": ([*RING, "--optimizer=adamm"], "adam"),
    "an optimizer of geans": ([*RING, "--optimizer=optimisticadam"], "optimistic_adam"),
    "a model": ([*RING, "--model=ac_gan"], "acgan"),
    "a rule": ([*RING, "--rule=gaen"], "gean"),
    "an order": ([*RING, "--order=alternate"], "alternating"),
    "a decay": ([*RING, "--learning_rate_decay=linaer"], "linear"),
    "what to do on a NaN": ([*RING, "--on_nan=stpo"], "stop"),
    "a metric": (["evaluate", "--real=photos", "--fake=photos", "--metrics=recal,prcd"], "prdc"),
    "features": (
        ["evaluate", "--real=photos", "--fake=photos", "--features=digits_28"],
        "digits28",
    ),
}


@pytest.mark.parametrize("name", MEANT)
def test_a_misspelt_name_is_answered_with_the_nearest(name, home, capsys):
    arguments, nearest = MEANT[name]
    assert cli.main(arguments) == 2
    printed = capsys.readouterr().err
    assert "id you mean" in printed and nearest in printed.partition("id you mean")[2][:30]
    assert [path.name for path in home.iterdir()] == ["photos"]


WRONG = [
    "trian",
    "train --preset=nothing",
    "train --epoch=3",
    "train --epochs=three",
    "train --epochs=-1",
    "train --batch_size=0",
    "train --data=photos",
    "train --data=folder:absent",
    "train --rule=gaen",
    "train --checkpoint_every=0",
    "train --evaluation_samples=1",
    "train --run_dir=not_a_run",
    "train --run_dir=not_a_run/thesis.tex/run",
    "train --resume --run_dir=absent",
    "compare --presets=nothing",
    "compare --seeds=0,0",
    "compare --run_dir=not_a_run",
    "sample --run_dir=absent",
    "sample --output=a.jpg",
    "export --run_dir=absent",
    "export",
    "evaluate --run_dir=absent",
    "evaluate --metric=fid",
    "evaluate --real=absent --fake=absent",
]


def test_what_is_wrong_is_refused_before_tensorflow_is_imported(run_python, tmp_path):
    (tmp_path / "not_a_run").mkdir()
    (tmp_path / "not_a_run/thesis.tex").touch()
    code = """
import sys
from geans import cli
for line in sys.argv[1:]:
    print(cli.main(line.split()), "tensorflow" in sys.modules, line)
"""
    printed = run_python(code, tmp_path, *WRONG).splitlines()
    assert printed == [f"2 False {line}" for line in WRONG]
    assert [path.name for path in tmp_path.iterdir()] == ["not_a_run"]


def resolved(*arguments):
    values = flags.FlagValues()
    train.define_flags(values)
    values(["geans train", *arguments])
    return train.resolve(values)


RUN_DIRS = {
    "nothing": ([], "runs/gean_fashion"),
    "a preset": (["--preset=conditional"], "runs/conditional"),
    "one's photos": (["--data=folder:photos"], "runs/gean_photos"),
    "one's photos in another way": (["--data=folder:~/photos/"], "runs/gean_photos"),
    "a preset and one's photos": (
        ["--preset=conditional", "--data=folder:photos"],
        "runs/conditional_photos",
    ),
    "other data of tensorflow-datasets": (["--data=tfds:cifar10"], "runs/gean_cifar10"),
    "a run directory": (["--data=folder:photos", "--run_dir=mine"], "mine"),
}


@pytest.mark.parametrize("given", RUN_DIRS)
def test_a_run_directory_is_named_after_preset_and_data(given, home):
    arguments, run_dir = RUN_DIRS[given]
    assert str(resolved(*arguments)[1]) == run_dir


def test_the_options_of_a_presets_own_data_do_not_travel(home, capsys):
    preset, _ = resolved("--preset=small_fashion", "--data=folder:photos")
    assert (preset.data, preset.data_options) == (f"folder:{home / 'photos'}", {})
    assert "without the options of embedded:fashion: {'limit': 300}" in capsys.readouterr().out
    assert resolved("--preset=small_fashion", "--epochs=3")[0].data_options == {"limit": 300}
    preset = presets.changed(presets.get("small_fashion"), data="tfds:mnist", data_options={"a": 1})
    assert preset.data_options == {"a": 1}


# From preset and change to the options that stay.
OPTIONS = {
    "mlp": ("gean_fashion", {"network": "mlp"}, {}, {}),
    "another convolutional family": (
        "gean_fashion",
        {"network": "resnet"},
        {"generator_options": {"width": 16}},
        {"discriminator_options": {"width": 16}},
    ),
    "a normalization that the family lacks": (
        "sngan",
        {"network": "dcgan"},
        {"generator_options": {"width": 16}},
        {"discriminator_options": {"width": 16}},
    ),
    "another model": ("cgan", {"model": "acgan"}, {"model_options": {}}, {}),
    "the same family": (
        "gean_fashion",
        {"network": "dcgan"},
        {"generator_options": {"width": 16}},
        {"discriminator_options": {"width": 16, "normalization": "batch"}},
    ),
}


@pytest.mark.parametrize("change", OPTIONS)
def test_options_that_do_not_fit_another_network_are_left_out(change, capsys):
    name, fields, *kept = OPTIONS[change]
    before = presets.get(name)
    preset = experiment.fitted(presets.changed(before, **fields), before)
    for field, options in (kept[0] | kept[1]).items():
        assert getattr(preset, field) == options
    assert ("which" in capsys.readouterr().out) == (change != "the same family")
    experiment.make_model(preset, data.images.embedded(limit=32, labels=name == "cgan"))


def test_options_of_the_change_itself_are_not_left_out():
    dataset = data.images.embedded(limit=32)
    with pytest.raises(ValueError, match="generator_options do not fit.*widht"):
        options = {"widht": 8}
        geans.from_preset("gean_fashion", dataset, network="mlp", generator_options=options)


SHORT = ["--preset=gan_mlp_mnist", "--image_size=8", "--batch_size=2", "--steps_per_execution=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A directory with photos and a finished run of two epochs on them."""
    folder = tmp_path_factory.mktemp("trained")
    photos(folder / "photos")
    data_ = f"--data=folder:{folder}/photos"
    assert cli.main(["train", *SHORT, data_, f"--run_dir={folder}/run", "--epochs=2"]) == 0
    return folder


def contents(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


RESUMED = {
    "fewer epochs than done": (["--epochs=1"], "has trained 2 epochs already. Received: epochs=1"),
    "another batch size": (["--batch_size=3"], "these differ: batch_size=3, was 2"),
    "another rate": (["--generator_learning_rate=0.1"], "learning_rate=0.1, was 0.0002"),
    "another network": (["--network=dcgan"], "network='dcgan', was 'mlp'"),
    "another preset": (["--preset=gan_fashion"], "holds a run of gan_mlp_mnist"),
    "data of another kind": (["--data=tfds:mnist"], "trained on folder:/.*'tfds:mnist'"),
    "data that are not there": (["--data=folder:absent"], "no file or folder '/.*absent'"),
    "replacing": (["--overwrite"], "Either resume a run or overwrite it"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", RESUMED)
def test_a_resume_that_is_refused_changes_nothing(change, run, capsys):
    arguments, message = RESUMED[change]
    before = contents(run)
    assert cli.main(["train", f"--run_dir={run}/run", "--resume", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert contents(run) == before


@pytest.mark.slow
def test_a_finished_run_says_so(run, capsys):
    before = contents(run)
    assert cli.main(["train", f"--run_dir={run}/run", "--resume"]) == 0
    expected = "is finished: 2 of 2 epochs. To train longer, add --epochs=4"
    assert expected in capsys.readouterr().out
    model = experiment.run(presets.read(run / "run/preset.json"), run / "run", resume=True)
    assert expected in capsys.readouterr().out and model.samples_seen == 8
    assert contents(run) == before


@pytest.mark.slow
def test_a_run_does_not_depend_on_the_working_directory(run, home, capsys):
    arguments = [f"--run_dir={run}/run", "--features=pixels", "--metrics=frechet_distance"]
    assert cli.main(["evaluate", *arguments, "--samples=4", "--output=a.json"]) == 0
    assert f"of folder:{run}/photos" in capsys.readouterr().out


@pytest.mark.slow
def test_data_that_have_moved(run, home, capsys):
    shutil.copytree(run, home / "trained")
    preset = home / "trained/run/preset.json"
    preset.write_text(preset.read_text().replace(str(run / "photos"), "/old/photos"))
    evaluation = ["evaluate", "--run_dir=trained/run", "--features=pixels", "--samples=4"]
    evaluation += ["--metrics=frechet_distance"]
    resume = ["train", "--run_dir=trained/run", "--resume", "--epochs=3"]
    for command in (evaluation, resume):
        assert cli.main(command) == 2
        assert "'/old/photos'. Say where the data are: --data=" in capsys.readouterr().err
        assert cli.main([*command, "--data=tfds:mnist"]) == 2
        assert "was trained on folder:/old/photos" in capsys.readouterr().err
        assert cli.main([*command, "--data=folder:photos"]) == 0
        assert f"folder:{home}/photos" in capsys.readouterr().out
    assert presets.read(preset).data == f"folder:{home}/photos"
    assert experiment.load("trained/run").samples_seen == 12


@pytest.mark.slow
def test_a_folder_that_has_changed(run, home, capsys):
    photos(home / "more", 8)
    shutil.copytree(run / "run", home / "run")
    resume = ["train", "--run_dir=run", "--resume", "--epochs=3"]
    assert cli.main([*resume, "--data=folder:more"]) == 0
    printed = capsys.readouterr().out
    assert "The data have changed: an epoch has 4 steps now, and had 2." in printed
    assert experiment.load("run").steps.numpy() == 2 + 2 + 4


@pytest.mark.slow
def test_data_that_cannot_be_downloaded_are_refused_at_once(home, monkeypatch, capsys):
    def fail(request, timeout):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    assert cli.main(["train", "--data=tfds:mnist", "--data_dir=sets", "--run_dir=run"]) == 2
    assert re.search("mnist is not prepared in .*sets.*--data_dir", capsys.readouterr().err)
    assert not (home / "run").exists()
