"""What happens if: things that people do with a GAN, and what they get."""

import dataclasses
import pathlib

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import geans
from geans import cli, data, experiment, networks, presets
from geans.cli import sample as sample_command


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
    "pairs of 12 bits": (
        lambda folder: data.translation.paired(*[np.full((2, 8, 8, 1), 4095, "uint16")] * 2),
        r"uint16. Pass 2.0 \* images / largest - 1",
    ),
    "masks as a domain": (
        lambda folder: data.translation.unpaired(*[np.ones((2, 8, 8, 1), bool)] * 2),
        r"bool. Pass 2.0 \* images - 1",
    ),
    "digits of 12 bits": (
        lambda folder: data.video.moving_digits(np.full((2, 8, 8), 4095, "uint16")),
        r"such as \(255.0 \* digits / digits.max\(\)\).astype\('uint8'\). Received: 'uint16",
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


@pytest.mark.parametrize("size", [None, 4])
def test_a_file_of_arrays_takes_what_arrays_may_be(size, tmp_path):
    masks = np.eye(8, dtype=bool)[None, ..., None]
    np.savez(tmp_path / "masks.npz", a_train=masks, b_train=masks)
    with pytest.raises(ValueError, match=r"bool. Pass 2.0 \* images - 1"):
        data.translation.from_npz(tmp_path / "masks.npz", image_size=size)
    np.savez(tmp_path / "floats.npz", a_train=2.0 * masks - 1, b_train=2.0 * masks - 1)
    ((source, _),) = data.translation.from_npz(tmp_path / "floats.npz", image_size=size)
    assert source.shape == (1, size or 8, size or 8, 1) and source.dtype == "float32"
    assert -1 <= np.min(source) < np.max(source) <= 1


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


# Image folders

NOT_SQUARE = {
    "dcgan": {"width": 4},
    "resnet": {"width": 4},
    "modern": {"width": 8, "blocks": 1},
    "mlp": {"units": (8,)},
}


@pytest.mark.parametrize("network", NOT_SQUARE)
def test_images_that_are_not_square_train(network, tmp_path):
    for index in range(2):
        PIL.Image.new("RGB", (16, 12), (90 * index, 0, 0)).save(tmp_path / f"{index}.png")
    dataset, family = data.images.from_folder(tmp_path), networks.get(network)
    shape, options = (12, 16, 3), NOT_SQUARE[network]
    model = geans.GAN(family.generator(3, shape, **options), family.discriminator(shape, **options))
    model.compile(run_eagerly=True)
    model.fit(dataset, verbose=0)
    assert model.sample(2).shape == (2, *shape)


NEITHER_SIDE = {
    "dcgan": (networks.dcgan.discriminator, (30, 48, 3), "divisible by 4.*30, 48.*--image_size"),
    "U-Net": (networks.unet.generator, (48, 64, 3), "power of 2.*48, 64.*--image_size.*cyclegan"),
}


@pytest.mark.parametrize("network", NEITHER_SIDE)
def test_sizes_that_a_network_cannot_take_are_refused_with_those_that_it_can(network):
    build, shape, message = NEITHER_SIDE[network]
    with pytest.raises(ValueError, match=message):
        build(shape)


def saved(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


RED = PIL.Image.new("RGB", (8, 8), (204, 51, 0))
GREY = PIL.Image.new("L", (8, 8), 90)
READ = {
    "PNG bytes in a .jpg": (RED, "a.jpg", {"format": "PNG"}),
    "JPEG bytes in a .png": (RED, "a.png", {"format": "JPEG"}),
    "WebP": (RED, "a.webp", {"lossless": True}),
    "BMP": (RED, "a.bmp", {}),
    "GIF of two frames": (RED, "a.gif", {"save_all": True, "append_images": [GREY]}),
    "TIFF": (RED, "a.tiff", {}),
    "TIFF for printing": (RED.convert("CMYK"), "a.tif", {}),
    "a palette": (RED.convert("P"), "a.png", {}),
    "see-through": (
        PIL.Image.new("RGBA", (8, 8), (204, 51, 0, 255)),
        "a.webp",
        {"lossless": True},
    ),
    "a name without an extension": (RED, "photo", {"format": "PNG"}),
    "an unknown extension": (RED, "photo.image", {"format": "WEBP", "lossless": True}),
}


@pytest.mark.parametrize("kind", READ)
def test_a_file_is_read_by_its_content(kind, tmp_path, caplog):
    image, name, options = READ[kind]
    saved(image, tmp_path / name, **options)
    (batch,) = data.images.from_folder(tmp_path)
    np.testing.assert_allclose((batch[0, 4, 4] + 1) * 127.5, (204, 51, 0), atol=4)
    assert not caplog.text


def sixteen_bits(value):
    return PIL.Image.fromarray(np.full((8, 8), value, "uint16"))


GREY_FOLDERS = {
    "grey": [(GREY, "a.png")],
    "grey with alpha": [(GREY.convert("LA"), "a.png")],
    "black and white": [(GREY.convert("1"), "a.bmp")],
    "a grey palette": [(GREY.convert("P"), "a.gif")],
    "grey stored as RGB": [(GREY.convert("RGB"), "a.jpg"), (GREY.convert("RGB"), "b.png")],
    "grey WebP, which is always stored as RGB": [(GREY, "a.webp")],
    "16 bits": [(sixteen_bits(90 * 256), "a.png"), (sixteen_bits(90 * 256), "b.tif")],
}


@pytest.mark.parametrize("kind", GREY_FOLDERS)
def test_a_grey_folder_has_one_channel(kind, tmp_path):
    for image, name in GREY_FOLDERS[kind]:
        saved(image, tmp_path / name)
    (batch,) = data.images.from_folder(tmp_path)
    assert batch.shape[1:] == (8, 8, 1)
    if "black" not in kind:
        np.testing.assert_allclose((batch + 1) * 127.5, 90, atol=1.5)
    assert data.images.from_folder(tmp_path, channels=3).element_spec.shape[-1] == 3


def test_a_folder_of_grey_and_colour_has_three_channels_and_says_so(tmp_path, caplog):
    saved(GREY, tmp_path / "a.png")
    saved(RED, tmp_path / "b.png")
    for options, channels in (({}, 3), ({"channels": 1}, 1), ({"limit": 1}, 3)):
        dataset = data.images.from_folder(tmp_path, **options)
        assert dataset.element_spec.shape[-1] == channels
    assert caplog.text.count("images in grey and in colour: all are read with 3 channels") == 1


UNREADABLE = {
    "damaged": (b"\x89PNG\r\n\x1a\n", "a.png"),
    "text that is called an image": (b"not found", "a.jpg"),
    "pixels without a range": (PIL.Image.fromarray(np.full((8, 8), 0.5, "float32")), "a.tif"),
    "more than 16 bits": (PIL.Image.fromarray(np.full((8, 8), 70_000, "int32")), "a.tif"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_refused_or_left_out(kind, tmp_path, caplog):
    content, name = UNREADABLE[kind]
    saved(RED, tmp_path / "good.png")
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        content.save(tmp_path / name)
    with pytest.raises(ValueError, match=rf"1 of 2 files.*--on_error=skip(.|\n)*{name}"):
        data.images.from_folder(tmp_path)
    (batch,) = data.images.from_folder(tmp_path, on_error="skip")
    assert batch.shape == (1, 8, 8, 3)
    assert "left out" in caplog.text and name in caplog.text


ASIDE = {
    "a text": ("notes.txt", b"a list", "'notes.txt'"),
    "a text without an extension": ("LICENSE", b"may be used", "'LICENSE'"),
    "a hidden file": (".DS_Store", b"\0", "'.DS_Store'"),
    "a hidden folder": (".git/a.png", b"\0", "'.git'"),
    "a raw photograph": ("a.nef", b"II*\0", "'a.nef'"),
    "a run directory": ("runs/a/preset.json", b"{}", "'runs/a'"),
    "several runs": ("runs/compare/results.jsonl", b"{}", "'runs/compare'"),
}


@pytest.mark.parametrize("kind", ASIDE)
def test_what_is_left_aside_is_named_once(kind, tmp_path, caplog):
    name, content, shown = ASIDE[kind]
    saved(RED, tmp_path / "cat" / "a.png")
    if name.startswith("runs"):
        saved(RED, (tmp_path / name).with_name("pictures") / "epoch_0001.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    for _ in range(2):
        assert len(list(data.images.from_folder(tmp_path, channels=3).unbatch())) == 1
    assert caplog.text.count("left aside 1 files") == 1
    assert shown in caplog.text


def test_pairs_with_a_damaged_side_are_left_out(tmp_path):
    for side in "ab":
        for name in ("1.png", "2.webp", "3.png"):
            saved(RED, tmp_path / side / name)
    (tmp_path / "b/1.png").write_bytes(b"")
    with pytest.raises(ValueError, match="1 of 3 files"):
        data.translation.from_folders(tmp_path / "a", tmp_path / "b")
    pairs = data.translation.from_folders(tmp_path / "a", tmp_path / "b", on_error="skip")
    assert [len(source) for source, _ in pairs] == [2]


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """A run on a folder of two classes of grey 12x16 pictures, one of them damaged."""
    folder = tmp_path_factory.mktemp("animals")
    for index in range(8):
        image = PIL.Image.new("L", (16, 12), 25 * index)
        saved(image, folder / "data" / ("cat", "dog")[index % 2] / f"{index}.webp")
    (folder / "data/cat/8.jpg").write_bytes(b"not found")
    preset = ["--preset=conditional", "--network=mlp", f"--data=folder:{folder}/data"]
    short = ["--epochs=1", "--batch_size=4", "--on_error=skip", "--steps_per_execution=1"]
    units = {"generator_options": {"units": [8]}, "discriminator_options": {"units": [8]}}
    small = dataclasses.replace(presets.get("conditional"), **units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.PRESETS, "conditional", lambda: small)
        assert cli.main(["train", *preset, *short, f"--run_dir={folder / 'run'}"]) == 0
    return folder


def sample(folder, output, *arguments):
    return cli.main(["sample", f"--run_dir={folder}/run", f"--output={output}", *arguments])


@pytest.mark.slow
def test_a_run_on_a_folder_keeps_its_options_shape_and_class_names(animals):
    preset = presets.read(animals / "run/preset.json")
    assert preset.data_options == {"on_error": "skip"}
    assert preset.model_options["class_names"] == ["cat", "dog"]
    assert experiment.load(animals / "run").generator.output_shape == (None, 12, 16, 1)
    _, batches = experiment.Source.of(preset).reference()
    assert sum(map(len, batches)) == 8


LABELS = {"cat": [0, 0, 0], "dog": [1, 1, 1], "1": [1, 1, 1], "dog,cat": [1, 0, 1], "": [0, 1, 0]}


@pytest.mark.slow
@pytest.mark.parametrize("labels", LABELS)
def test_samples_are_drawn_by_the_name_of_their_class(labels, animals, tmp_path):
    flag = [f"--labels={labels}"] if labels else []
    assert sample(animals, tmp_path / "a.npy", "--count=3", *flag) == 0
    model = experiment.load(animals / "run")
    expected = model.sample(3, seed=0, labels=LABELS[labels])
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            "cta",
            "Unknown class 'cta' in --labels. Did you mean 'cat'? Known: cat, dog, labels from",
        ),
        ("2", "Unknown class '2' in --labels. Known: cat, dog, labels from 0 to 1."),
    ],
)
def test_an_unknown_class_is_refused_with_the_known_ones(
    labels, message, animals, tmp_path, capsys
):
    assert sample(animals, tmp_path / "a.png", f"--labels={labels}") == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_directory_of_samples_has_a_file_for_each_which_evaluate_reads(animals, tmp_path, capsys):
    for output in (f"{tmp_path}/new/", f"{tmp_path}/extensionless", f"{tmp_path}/empty.d"):
        (tmp_path / "empty.d").mkdir(exist_ok=True)
        assert sample(animals, output, "--count=7") == 0
        names = sorted(path.name for path in pathlib.Path(output).iterdir())
        assert names[:2] == ["00000_cat.png", "00001_dog.png"] and len(names) == 7
    with PIL.Image.open(f"{tmp_path}/new/00000_cat.png") as image:
        assert (image.size, image.mode) == ((16, 12), "L")
    before = (tmp_path / "new/00000_cat.png").read_bytes()
    assert sample(animals, tmp_path / "new", "--count=7", "--seed=1") == 2
    assert "holds files, with which the samples would mix" in capsys.readouterr().err
    assert (tmp_path / "new/00000_cat.png").read_bytes() == before
    assert sample(animals, tmp_path / "other", "--count=7", "--seed=1") == 0
    folders = [f"--real={tmp_path}/other", f"--fake={tmp_path}/new"]
    (tmp_path / "other/cut.png").write_bytes(b"")
    assert cli.main(["evaluate", *folders]) == 2
    assert "1 of 8 files cannot be read" in capsys.readouterr().err
    options = [
        "--on_error=skip",
        "--features=pixels",
        "--metrics=prdc",
        f"--output={tmp_path}/found.json",
    ]
    assert cli.main(["evaluate", *folders, *options]) == 0


@pytest.mark.slow
def test_one_sample_is_a_picture_of_its_own_size(animals, tmp_path):
    assert sample(animals, tmp_path / "cat.png", "--count=1", "--labels=cat") == 0
    with PIL.Image.open(tmp_path / "cat.png") as image:
        expected = experiment.load(animals / "run").sample(1, seed=0, labels=0)
        np.testing.assert_allclose(np.asarray(image) / 127.5 - 1, expected[0, ..., 0], atol=0.005)


NUMBERED = {
    "a number from 0": (["0", "1", "2"], "2", 2),
    "a number from 1": (["1", "2", "3"], "2", 1),
    "a padded name": (["00", "01", "02"], "2", 2),
    "a padded name from 1": (["01", "02", "10"], "2", 1),
    "one of two equal numbers": (["1", "01"], "1", 0),
    "a number of a named class": (["cat", "dog"], "1", 1),
    "any name": (["T-shirt/top", "Ankle boot"], "Ankle boot", 1),
}


@pytest.mark.parametrize("kind", NUMBERED)
def test_a_class_is_found_by_its_name_before_its_number(kind):
    names, text, label = NUMBERED[kind]
    assert sample_command.class_of(text, names, len(names)) == label
