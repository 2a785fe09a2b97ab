"""What happens if: things that people do with a GAN, and what they get."""

import pathlib
import types

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import geans
from geans import callbacks, cli, data, experiment, metrics, networks, plotting, presets
from geans.models import finiteness


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
    "exported as ONNX": (
        lambda folder: gan().export(folder / "served", format="onnx"),
        "format must be 'tf_saved_model'.*'onnx'",
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


# Saving, deploying, numbers and notebooks


def labelled(model_class, make_discriminator):
    generator = networks.labelled(networks.mlp.generator(2 + 3, (8, 8, 1), units=(4,)), 3)
    network = networks.mlp.discriminator((8, 8, 1), units=(4,))
    return model_class(generator, make_discriminator(network), num_classes=3)


def infogan():
    heads = {"category_logits": 3, "continuous": 1}
    network = networks.with_heads(networks.mlp.discriminator((8, 8, 1), units=(4,)), heads)
    generator = networks.mlp.generator(2 + 3 + 1, (8, 8, 1), units=(4,))
    return geans.InfoGAN(generator, network, num_categories=3, num_continuous=1)


def pix2pix():
    critic = networks.patchgan.discriminator((16, 16, 3), source_channels=1, width=2, layers=1)
    return geans.Pix2Pix(networks.unet.generator((16, 16, 1), 3, width=2), critic)


def upsampling():
    layers = [keras.layers.Dense(4 * 4 * 2), keras.layers.Reshape((4, 4, 2))]
    layers += [keras.layers.UpSampling2D(), keras.layers.Conv2D(1, 3, padding="same")]
    layers += [keras.layers.BatchNormalization(), keras.layers.Activation("tanh")]
    generator = keras.Sequential([keras.Input((2,)), *layers])
    return geans.GAN(generator, networks.mlp.discriminator((8, 8, 1)))


def gean(family, **options):
    shape = (16, 16, 1)
    generator = family.generator(2, shape, width=2)
    return geans.GEAN(generator, family.discriminator(shape, width=2), **options)


DEPLOYED = {
    "points": (lambda: gan(), {}),
    "gean without EMA": (lambda: gean(networks.dcgan, ema_half_life=None), {}),
    "label channels": (
        lambda: labelled(
            geans.ConditionalGAN,
            lambda _: networks.with_label_channels(
                networks.mlp.discriminator((8, 8, 1 + 3), units=(4,)), 3
            ),
        ),
        {"labels": np.array([2, 0, 0], "int32")},
    ),
    "projection": (
        lambda: labelled(geans.ConditionalGAN, lambda d: networks.with_projection(d, 3)),
        {"labels": 1},
    ),
    "classifier": (
        lambda: labelled(geans.ACGAN, lambda d: networks.with_heads(d, {"class_logits": 3})),
        {"labels": [0, 1, 2]},
    ),
    "codes": (infogan, {"category": 1, "continuous": np.array([0.5])}),
    "one code": (infogan, {"continuous": [[0.5], [0.0], [-0.5]]}),
    "translation": (pix2pix, {}),
    "upsampling": (upsampling, {}),
    "resnet": (lambda: gean(networks.resnet), {}),
}
HEAVY = ("one code", "projection", "resnet")


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [pytest.param(x, marks=[pytest.mark.nightly] * (x in HEAVY)) for x in DEPLOYED]
)
def test_a_model_is_deployed_without_options(kind, tmp_path):
    make, conditions = DEPLOYED[kind]
    model = make()
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    if model.latent_dim:
        for given in {}, conditions:
            expected = model.sample(3, seed=1, **given)
            np.testing.assert_allclose(served.sample(3, 1, **given), expected, atol=1e-6)
        inputs = model.sampling_inputs(3, 1, **conditions)
    else:
        inputs = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 1)).astype("float32")
    names = [each.name for each in model.generator.inputs]
    named = dict(zip(names, keras.tree.flatten(inputs), strict=True))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "served"))
    found, expected = interpreted(converter.convert(), named), model.generate(inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_model_is_converted_without_a_saved_model():
    model = gean(networks.dcgan)
    content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    latents = model.sampling_inputs(2, 0)
    (name,) = tf.lite.Interpreter(model_content=content).get_signature_runner().get_input_details()
    found = interpreted(content, {name: latents})
    np.testing.assert_allclose(found, model.generate(latents), rtol=1e-4, atol=1e-5)


def interpreted(content, named):
    return tf.lite.Interpreter(model_content=content).get_signature_runner()(**named)["output_0"]


def test_an_exported_model_refuses_wrong_labels(tmp_path):
    model = labelled(geans.ConditionalGAN, lambda network: networks.with_projection(network, 3))
    model.export(tmp_path)
    served = tf.saved_model.load(str(tmp_path))
    for label in (-1, 3):
        with pytest.raises(tf.errors.InvalidArgumentError, match="labels must be from 0 to 2"):
            served.sample(2, 0, label)


def evaluated(real, generator=None, **options):
    """Trains for an epoch with `callbacks.Evaluate`, and returns the history."""
    generator = generator or networks.mlp.generator(3, (12, 12, 1), units=(4,), seed=0)
    model = geans.GAN(generator, networks.mlp.discriminator((12, 12, 1), units=(4,)), seed=0)
    model.compile(run_eagerly=True)
    options = {"features": "pixels", "samples": 8, "verbose": 0, **options}
    callback = callbacks.Evaluate(real, ["frechet_distance"], **options)
    try:
        return model.fit(pictures(), verbose=0, callbacks=[callback]).history
    except ValueError:
        assert model.steps.numpy() == 0
        raise


def pictures(count=8):
    return np.random.default_rng(0).uniform(-1, 1, (count, 12, 12, 1)).astype("float32")


def batched(images):
    return tf.data.Dataset.from_tensor_slices(images).batch(3)


def anomalies(images):
    generator = networks.mlp.generator(3, images.shape[1:], units=(4,))
    discriminator = networks.mlp.discriminator(images.shape[1:], units=(4,))
    options = {"candidates": 20, "accepted": 1.0, "neighbours": 2}
    return metrics.anomaly_scores(images, generator, discriminator, **options)


PIXELS, ORIGIN = metrics.features.get("pixels"), metrics.Origin(name="x")
MEASURED = {
    "features": lambda images: PIXELS(images),
    "pixels for a file": lambda images: metrics.features.to_pixels(images),
    "features in batches": lambda images: metrics.extract([images], PIXELS, ORIGIN),
    "features of tf.data": lambda images: metrics.extract(batched(images), PIXELS, ORIGIN),
    "cached features": lambda images: metrics.extract_cached([images], PIXELS, ORIGIN),
    "Evaluate": lambda images: evaluated(images),
    "Evaluate of tf.data": lambda images: evaluated(batched(images)),
    "Evaluate of images and labels": lambda images: evaluated(
        batched((images, np.arange(len(images))))
    ),
    "diversity": lambda images: metrics.ms_ssim_diversity(images),
    "diversity by class": lambda images: metrics.ms_ssim_per_class(images, [0, 1] * 4),
    "real images beside fake": lambda images: metrics.mean_absolute_error(images, pictures()),
    "fake images beside real": lambda images: metrics.mean_absolute_error(pictures(), images),
    "similarity": lambda images: metrics.structural_similarity(images, pictures()),
    "motion": lambda images: metrics.motion(images[:, None].repeat(2, axis=1)),
    "anomalies": anomalies,
    "stacked digits": lambda images: metrics.mode_coverage(
        images[:, :8, :8], types.SimpleNamespace(source="digits", channels=1)
    ),
}
UNFIT = {
    "0 to 255": (lambda: (pictures() + 1) * 127.5, "Received: floats from .* x / 127.5 - 1"),
    "a little beyond": (lambda: 1.1 * pictures(), r"Received: floats from -1\.\d+ to 1\.\d+"),
    "NaN": (lambda: pictures() * np.float32([1] * 7 + [np.nan])[:, None, None, None], "NaN"),
}


@pytest.mark.parametrize("unfit", UNFIT)
@pytest.mark.parametrize("door", MEASURED)
def test_metrics_refuse_unfit_images(door, unfit):
    make, message = UNFIT[unfit]
    with pytest.raises(ValueError, match=message):
        MEASURED[door](make())


@pytest.mark.parametrize("door", MEASURED)
def test_metrics_warn_of_a_reference_in_0_to_1(door):
    with pytest.warns(UserWarning, match=r"are in \[0, 1\].* 2.0 \* x - 1"):
        MEASURED[door]((pictures() + 1) / 2)


@pytest.mark.parametrize("real", ["photos", pathlib.Path("photos"), [1, 2], pictures])
def test_evaluate_says_what_it_compares_with(real):
    with pytest.raises(ValueError, match="real images as an array.*from_folder.*Received"):
        evaluated(real)


def test_a_generator_without_tanh_is_evaluated_as_its_pictures():
    latents = keras.Input((3,))
    wide = keras.layers.Dense(144, kernel_initializer=keras.initializers.RandomNormal(seed=0))
    generator = keras.Model(latents, keras.layers.Reshape((12, 12, 1))(40 * wide(latents)))
    with pytest.warns(UserWarning, match="Samples are clipped.* End the generator in tanh"):
        history = evaluated(pictures(), generator)
    assert np.isfinite(history["frechet_distance"][0])


@pytest.mark.slow
def test_a_warning_is_said_once(capsys, caplog):
    model = gan()
    images = np.random.default_rng(0).uniform(-1, 1, (8, 2)).astype("float32")
    callback = callbacks.Evaluate(metrics=["frechet_distance"], every=1, samples=8)
    for _ in range(2):  # As in a loop around fit.
        model.fit(images, epochs=3, verbose=0, callbacks=[callback])
    lines = capsys.readouterr().out.splitlines()
    assert ["WARNING" in line for line in lines] == [True] + [False] * 5
    assert len(lines[-1]) < 30
    assert [record.message[:6] for record in caplog.records] == ["The Fr"]


def test_a_skipped_nan_is_explained_once():
    players = {"generator": types.SimpleNamespace(report=lambda: (3, 2, "loss"))}
    strategy = tf.distribute.get_strategy()
    model = types.SimpleNamespace(on_nan="skip", players=players, distribute_strategy=strategy)
    found = [finiteness.report(model) for _ in range(2)]
    short = "NaN or infinity in 3 micro-batches"
    assert found == [f"{short}, first in step 2, in the generator's loss", short]


FIGURES = {
    "image_grid": lambda: plotting.image_grid(pictures()),
    "clip_rows": lambda: plotting.clip_rows(pictures()[:, None]),
    "scatter": lambda: plotting.scatter(points(), points()),
    "training_curves": lambda: plotting.training_curves({"loss": [1.0, 2.0]}),
    "neighbours": lambda: plotting.neighbours(pictures(), pictures()[:, None], np.ones((8, 1))),
    "comparison": lambda: plotting.comparison(
        [
            plotting.ComparisonRow(
                "a", "b", data.mixtures.ring(), {1: points()}, [{"samples_seen": [1], "modes": [1]}]
            )
        ]
    ),
}


@pytest.fixture
def shell():
    interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactiveshell.InteractiveShell()
    shell.display_formatter.active_types = list(shell.display_formatter.format_types)
    return shell


@pytest.mark.parametrize("kind", FIGURES)
def test_a_notebook_shows_a_figure_as_the_last_line_of_a_cell(kind, shell):
    found, _ = shell.display_formatter.format(FIGURES[kind]())
    assert found["image/png"].startswith(b"\x89PNG")
    assert set(found) == {"image/png", "text/plain"}
