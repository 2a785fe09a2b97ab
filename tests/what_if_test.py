"""What happens if: things that people do with a GAN, and what they get."""

import dataclasses
import pathlib
import re
import shutil
import types
import urllib.error

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from absl import flags

import geans
from geans import callbacks, cli, data, experiment, metrics, networks, plotting, presets
from geans.cli import sample as sample_command
from geans.cli import train
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
    "exported for PyTorch": (
        lambda folder: gan().export(folder / "served", format="torch"),
        "Unknown format 'torch'.*tf_saved_model, litert, onnx",
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
    preset = presets.read("~/runs/a/preset.json")
    experiment.run(preset, pathlib.Path("~/runs/b"))
    geans.export.saved_model(experiment.load("~/runs/b"), "~/saved")
    plotting.save(plotting.image_grid(drawn()), "~/pictures/a.png")
    for file in ("runs/a/model.keras", "runs/b/model.keras", "saved", "pictures/a.png"):
        assert (tmp_path / file).exists()
    assert not list((tmp_path / "work").iterdir())


# Value ranges, networks of one's own, habits around fit

layers = keras.layers


def drawn(low=-1.0, high=1.0, count=16):
    return np.random.default_rng(0).uniform(low, high, (count, 4, 4, 1)).astype("float32")


def ending(*last):
    """A generator of images whose last layers are `last`."""
    return keras.Sequential([keras.Input((3,)), layers.Dense(16), *last])


def nested(*last):
    inputs = keras.Input((3,))
    return keras.Model(inputs, ending(*last)(inputs))


def critic(*last, **options):
    dense = layers.Dense(1, **options)
    return keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), dense, *last])


def to_shape():
    return layers.Reshape((4, 4, 1))


def imaging(generator=None, discriminator=None, model=geans.GAN, compile_options=None, **options):
    generator = generator or ending(to_shape(), layers.Activation("tanh"))
    model = model(generator, discriminator or critic(), seed=0, **options)
    model.compile(**{"run_eagerly": True, **(compile_options or {})})
    return model


ENDINGS = {
    "tanh before a Reshape": lambda: ending(layers.Activation("tanh"), to_shape()),
    "tanh in a nested model": lambda: nested(layers.Activation("tanh"), to_shape()),
    "tanh as an operation": lambda: applied(keras.ops.tanh),
    "tanh in a subclassed model": lambda: called(Painter(), 3),
    "sigmoid, rescaled": lambda: ending(
        to_shape(), layers.Activation("sigmoid"), layers.Rescaling(2.0, -1.0)
    ),
}


def applied(function):
    network = ending(to_shape())
    return keras.Model(network.inputs, function(network.outputs[0]))


def called(network, *shape):
    network(np.zeros((2, *shape), "float32"))
    return network


class Painter(keras.Model):
    """A generator as most people write one: without get_config, without **kwargs."""

    def __init__(self):
        super().__init__()
        self.reshape = layers.Reshape((4, 4, 1))
        self.dense = layers.Dense(16, activation="tanh")

    def call(self, latents, training=None):
        return self.reshape(self.dense(latents))


class Wide(Painter):
    """A generator whose constructor needs an argument that a config cannot have."""

    def __init__(self, make_dense):
        super().__init__()
        self.dense = make_dense()


class Traced(Painter):
    """A generator that uses TensorFlow's own functions."""

    def call(self, latents, training=None):
        return tf.math.tanh(tf.reshape(self.dense(latents), (-1, 4, 4, 1)))


class Critic(keras.Model):
    """A subclassed discriminator."""

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        self.flatten = layers.Flatten()
        self.dense = layers.Dense(1, activation=activation)

    def call(self, images, training=None):
        return self.dense(self.flatten(images))


class Scale(layers.Layer):
    """A layer as most people write one, without get_config."""

    def __init__(self, start):
        super().__init__()
        self.start = keras.initializers.Constant(start)

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer=self.start)

    def call(self, inputs):
        return inputs * self.scale


class Applied(layers.Layer):
    """A layer that keeps a function, which no config can hold."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


@pytest.mark.parametrize("case", ENDINGS)
@pytest.mark.parametrize(
    ("data", "formula"),
    [((0, 255), "x / 127.5 - 1"), ((0, 1), r"2 \* x - 1"), ((-2, 2), "to that range")],
)
def test_images_that_the_last_activation_cannot_make_are_refused(case, data, formula):
    with pytest.raises(ValueError, match=rf"make samples in \[-1, 1\]. Scale .*{formula}"):
        imaging(ENDINGS[case]()).fit(drawn(*data), verbose=0)


@pytest.mark.parametrize(("data", "formula"), [((-1, 1), r"\(x \+ 1\) / 2"), ((0, 255), "x / 255")])
def test_a_generator_that_ends_in_a_sigmoid_takes_images_from_0_to_1(data, formula, caplog):
    model = imaging(ending(layers.Activation("sigmoid"), to_shape()))
    model.fit(drawn(0, 1), verbose=0)
    assert "its images are in [0, 1]; geans' pictures and metrics take" in caplog.text
    with pytest.raises(ValueError, match=rf"make samples in \[0, 1\]. Scale images by {formula}"):
        model.fit(drawn(*data), verbose=0)


def test_a_generator_without_a_last_activation_takes_any_range():
    imaging(ending(to_shape())).fit(drawn(-300, 300), verbose=0)


def generated(*arrays):
    return ((array,) for array in arrays)


class Sequence(keras.utils.PyDataset):
    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, index):
        return self.arrays[index]


def streamed(*arrays):
    signature = tf.TensorSpec(None, "float32")
    return tf.data.Dataset.from_generator(lambda: iter(arrays), output_signature=signature)


DOORS = {
    "tf.data": lambda *arrays: tf.data.Dataset.from_tensor_slices(np.stack(arrays)),
    "tf.data of unknown shape": streamed,
    "a generator": generated,
    "a PyDataset": Sequence,
}
WRONG = {
    "in [0, 255]": (drawn(0, 255), r"reaches from .* \[-1, 1\]"),
    "with NaN": (drawn() * np.nan, "NaN or infinity"),
    "with infinity": (drawn() + np.inf, "NaN or infinity"),
    "of another size": (np.zeros((16, 5, 5, 1), "float32"), "4, 4, 1"),
    "without channels": (np.zeros((16, 4, 4), "float32"), "4, 4, 1"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_first_batch_is_refused_wherever_it_comes_from(door, wrong):
    batch, message = WRONG[wrong]
    model = imaging()
    with pytest.raises(ValueError, match=message):
        model.fit(DOORS[door](batch), verbose=0)
    assert int(model.steps.numpy()) == 0


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("wrong", list(WRONG)[:3])
def test_a_wrong_later_batch_is_refused_before_it_moves_anything(door, wrong):
    batch, message = WRONG[wrong]
    model, twin = imaging(), imaging()
    twin.set_weights(model.get_weights())
    twin.fit(DOORS[door](drawn()), verbose=0)
    with pytest.raises(ValueError, match=message):
        model.fit(DOORS[door](drawn(), batch), shuffle=False, verbose=0)
    for found, expected in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_a_wrong_later_batch_is_refused_in_graphs_too():
    model = imaging(compile_options={"run_eagerly": False})
    with pytest.raises(ValueError, match=r"reaches from .* \[-1, 1\]"):
        model.fit(DOORS["tf.data"](drawn(), drawn(0, 255)), verbose=0)
    assert int(model.steps.numpy()) == 1


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_batch_of_train_on_batch_is_refused(wrong):
    batch, message = WRONG[wrong]
    with pytest.raises(ValueError, match=message):
        imaging().train_on_batch(batch)


def with_labels(**options):
    generator = networks.labelled(networks.mlp.generator(4 + 3, (4, 4, 1)), num_classes=3)
    discriminator = networks.with_projection(networks.mlp.discriminator((4, 4, 1)), num_classes=3)
    return imaging(generator, discriminator, geans.ConditionalGAN, num_classes=3, **options)


@pytest.mark.parametrize("door", ["arrays", "a later batch", "train_on_batch"])
def test_labels_out_of_range_are_refused(door):
    model, labels = with_labels(), np.full(16, 3)
    pair = tf.data.Dataset.from_tensor_slices((drawn(), labels % 3)).batch(16)
    later = pair.concatenate(tf.data.Dataset.from_tensor_slices((drawn(), labels)).batch(16))
    acts = {
        "arrays": lambda: model.fit(drawn(), labels, verbose=0),
        "a later batch": lambda: model.fit(later, verbose=0),
        "train_on_batch": lambda: model.train_on_batch(drawn(), labels),
    }
    with pytest.raises(ValueError, match="labels from .*num_classes=3"):
        acts[door]()


def test_labels_may_be_a_list():
    model = with_labels()
    model.fit(drawn(), [0, 1, 2, 0] * 4, verbose=0)
    model.train_on_batch(drawn(), [0, 1, 2, 0] * 4)
    assert int(model.steps.numpy()) == 2


class Broken(geans.losses.NonSaturating):
    def discriminator(self, real_logits, fake_logits):
        return np.nan * super().discriminator(real_logits, fake_logits)


def test_on_nan_holds_in_train_on_batch(caplog):
    with pytest.raises(FloatingPointError, match="first in step 1, in the discriminator's loss"):
        imaging(compile_options={"loss": Broken()}).train_on_batch(drawn())
    model = imaging(compile_options={"loss": Broken(), "on_nan": "skip"})
    model.train_on_batch(drawn())
    assert "in the discriminator's loss. Left out." in caplog.text


SIGMOIDS = {
    "as its activation": lambda: critic(activation="sigmoid"),
    "as a layer": lambda: critic(layers.Activation("sigmoid")),
    "before a Reshape": lambda: critic(layers.Activation("sigmoid"), layers.Reshape((1, 1))),
    "in a nested model": lambda: keras.Sequential(
        [keras.Input((4, 4, 1)), SIGMOIDS["as a layer"]()]
    ),
    "of a subclassed model": lambda: called(Critic("sigmoid"), 4, 4, 1),
    "of one output of several": lambda: networks.with_heads(critic(), {"class_logits": 3}),
}


@pytest.mark.parametrize("case", list(SIGMOIDS)[:-1])
def test_a_discriminator_that_ends_in_a_sigmoid_is_refused(case):
    with pytest.raises(ValueError, match="ends in a sigmoid.*Leave out the last activation"):
        imaging(discriminator=SIGMOIDS[case]())


OWN = {
    "a generator without get_config": lambda: (called(Painter(), 3), critic()),
    "TensorFlow's functions": lambda: (called(Traced(), 3), critic()),
    "both": lambda: (called(Painter(), 3), called(Critic(), 4, 4, 1)),
    "a discriminator of any size": lambda: (
        ending(to_shape()),
        keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(1, 3)]),
    ),
}


@pytest.mark.parametrize("case", OWN)
def test_own_networks_train(case):
    model = imaging(*OWN[case]())
    model.fit(drawn(), verbose=0)
    assert model.sample(3, seed=0).shape == (3, 4, 4, 1)
    assert model.ema_generator is not model.generator


def of_any_size(channels=1, activation=None):
    convolution = layers.Conv2D(1, 3, padding="same", activation=activation)
    return keras.Sequential([keras.Input((None, None, channels)), convolution])


@pytest.mark.slow
@pytest.mark.parametrize("model_class", [geans.Pix2Pix, geans.CycleGAN])
def test_translations_of_any_size(model_class):
    if model_class is geans.Pix2Pix:
        pair = [keras.Input((None, None, 1)) for _ in range(2)]
        critic_of_pairs = keras.Model(pair, of_any_size(2)(layers.Concatenate()(pair)))
        model = geans.Pix2Pix(of_any_size(activation="tanh"), critic_of_pairs)
    else:
        sides = [networks.cyclegan.side_by_side(of_any_size(), of_any_size()) for _ in "gd"]
        with pytest.raises(ValueError, match="images of one size.*Pass pool_size=0"):
            geans.CycleGAN(*sides)
        model = geans.CycleGAN(*sides, pool_size=0)
    model.compile(augmentation="diff_augment", run_eagerly=True)
    few = drawn(count=2)
    for images in (few, np.pad(few, [(0, 0), (0, 4), (0, 2), (0, 0)])):
        model.fit(images, images, verbose=0)
        assert model.translate(images).shape == images.shape


def test_a_subclassed_network_is_saved_where_it_can_be_loaded(tmp_path):
    model = imaging(discriminator=called(Critic(), 4, 4, 1))
    model.fit(drawn(), verbose=0)
    model.save(tmp_path / "model.keras")
    with keras.saving.custom_object_scope({"Critic": Critic}):
        twin = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(twin.sample(3, seed=0), model.sample(3, seed=0))
    assert twin.discriminator(drawn()).shape == (16, 1)


def unsavable():
    return imaging(called(Painter(), 3))


UNSAVABLE = {
    "saved": lambda folder: unsavable().save(folder / "model.keras"),
    "with ModelCheckpoint": lambda folder: unsavable().fit(
        drawn(), verbose=0, callbacks=[keras.callbacks.ModelCheckpoint(folder / "model.keras")]
    ),
    "with Checkpoint": lambda folder: imaging(
        ending(Applied(lambda x: x / 2), to_shape()), ema_half_life=None
    ).fit(drawn(), verbose=0, callbacks=[geans.callbacks.Checkpoint(folder / "checkpoints")]),
}


def test_checkpoints_resume_networks_that_could_not_be_loaded(tmp_path):
    keras.utils.set_random_seed(0)
    expected, model = unsavable(), unsavable()
    model.set_weights(expected.get_weights())
    expected.fit(drawn(), epochs=2, verbose=0)
    for epochs in (1, 2):
        resumed = unsavable()
        resumed.set_weights(model.get_weights())
        resumed.fit(
            drawn(), epochs=epochs, verbose=0, callbacks=[geans.callbacks.Checkpoint(tmp_path)]
        )
    for found, wanted in zip(resumed.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("case", UNSAVABLE)
def test_a_network_that_could_not_be_loaded_is_not_saved(case, tmp_path):
    with pytest.raises(ValueError, match=r"generator cannot be saved.*get_config\(\).*\*\*kwargs"):
        UNSAVABLE[case](tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


UNCLONABLE = {
    "a Lambda": (lambda: ending(layers.Lambda(lambda x: x / 2, name="half"), to_shape()), "half"),
    "a layer without get_config": (lambda: ending(Scale(0.5), to_shape()), "a Scale"),
    "one in a nested model": (lambda: nested(Scale(0.5), to_shape()), "a Scale"),
    "a subclassed model": (lambda: called(Wide(lambda: layers.Dense(16)), 3), "a Wide"),
}


@pytest.mark.parametrize("case", UNCLONABLE)
def test_what_cannot_be_copied_for_the_ema_is_named(case):
    make, name = UNCLONABLE[case]
    with pytest.raises(ValueError, match=rf"copied.*{name}.*get_config.*pass ema_half_life=None"):
        imaging(make())
    imaging(make(), ema_half_life=None).fit(drawn(), verbose=0)


def losses_of(generator, discriminator, **options):
    """The first step's losses, and all that the discriminator and the generator have returned."""
    model = imaging(generator, discriminator, **options)
    noise = model.draw_latents(16, [0, 1])
    _, logs = model.compute_gradients(
        tf.constant(drawn()), noise, tf.constant([0, 1], "int64"), ("discriminator", "generator")
    )
    fake = model.generator(noise)
    return logs, [model.discriminator(drawn()), model.discriminator(fake)], fake


def of_ones(units, cost):
    regularizer = keras.regularizers.L1(cost)
    return layers.Dense(units, "linear", False, "ones", kernel_regularizer=regularizer)


def test_regularizers_are_part_of_the_loss_of_their_player():
    def losses(cost):
        flat = [keras.Input((4, 4, 1)), layers.Flatten(), of_ones(1, cost)]
        generator = keras.Sequential([keras.Input((3,)), of_ones(16, cost), to_shape()])
        return losses_of(generator, keras.Sequential(flat))[0]

    found, expected = losses(0.5), losses(0.0)
    added = {
        name: found[name] - expected[name] for name in ("discriminator_loss", "generator_loss")
    }
    # 16 weights of the discriminator, 3 x 16 of the generator.
    np.testing.assert_allclose(list(added.values()), [0.5 * 16, 0.5 * 48], rtol=1e-5)


def test_losses_that_layers_add_are_part_of_the_loss_of_their_player():
    def losses(cost, **options):
        keras.utils.set_random_seed(0)
        added = [layers.ActivityRegularization(l1=cost) for _ in range(2)]
        return losses_of(ending(to_shape(), added[0]), critic(added[1]), **options)

    found, outputs, fake = losses(0.1, compile_options={"penalty": geans.penalties.R1(1.0)})
    expected, _, _ = losses(0.0, compile_options={"penalty": geans.penalties.R1(1.0)})
    # Keras takes the mean over the batch.
    cost = 0.1 * sum(np.abs(output).sum() for output in outputs) / 16
    np.testing.assert_allclose(
        found["discriminator_loss"] - expected["discriminator_loss"], cost, rtol=1e-4
    )
    cost = 0.1 * np.abs(fake).sum() / 16
    np.testing.assert_allclose(
        found["generator_loss"] - expected["generator_loss"], cost, rtol=1e-4
    )


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_player_with_nothing_to_train_is_refused(player):
    model = imaging()
    getattr(model, player).trainable = False
    with pytest.raises(ValueError, match=f"The {player} has nothing to train"):
        model.compile()
    getattr(model, player).trainable = True
    model.fit(drawn(), verbose=0)  # As it was compiled before.


PENALTIES = {
    None: None,
    "r1": geans.penalties.R1(1.0),
    "gradient_penalty": geans.penalties.GradientPenalty(10.0),
}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("penalty", [None, "r1", "gradient_penalty"])
def test_losses_and_samples_of_own_networks_in_mixed_precision_are_float32(policy, penalty):
    keras.config.set_dtype_policy(policy)
    try:
        model = imaging(compile_options={"penalty": PENALTIES[penalty]})
        assert model.generator(tf.zeros((1, 3))).dtype != "float32"
        logs = model.train_on_batch(drawn(), return_dict=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.sample(2, seed=0).dtype == "float32"
    assert all(np.isfinite(value) for value in logs.values())


@pytest.mark.parametrize("policy", ["bfloat16", "float16", "float64"])
def test_weights_in_another_precision_are_refused_before_training(policy):
    keras.config.set_dtype_policy(policy)
    try:
        with pytest.raises(ValueError, match=f"in {policy}. Make the networks under the policy"):
            imaging()
    finally:
        keras.config.set_dtype_policy("float32")


def adam(rate):
    return keras.optimizers.Adam(rate)


RATES = {
    "LearningRateScheduler": lambda: keras.callbacks.LearningRateScheduler(
        lambda _, rate: rate / 2
    ),
    "ReduceLROnPlateau": lambda: keras.callbacks.ReduceLROnPlateau(
        "generator_loss", factor=0.5, mode="min", patience=1, min_delta=10.0
    ),
}


@pytest.mark.parametrize("name", RATES)
def test_callbacks_of_the_learning_rate_drive_both_optimizers(name):
    model = imaging()
    model.compile(adam(0.1), adam(0.4), run_eagerly=True)
    history = model.fit(drawn(), epochs=3, verbose=0, callbacks=[RATES[name]()]).history
    rates = [float(model.generator_optimizer.learning_rate)]
    rates.append(float(model.discriminator_optimizer.learning_rate))
    halvings = 3 if name == "LearningRateScheduler" else 2
    np.testing.assert_allclose(rates, [0.1 / 2**halvings, 0.4 / 2**halvings], rtol=1e-6)
    assert len(history["learning_rate"]) == 3


@pytest.mark.parametrize("name", RATES)
def test_a_callback_cannot_change_the_rate_of_a_schedule(name):
    model = imaging()
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(adam(0.1), adam(decay), run_eagerly=True)
    with pytest.raises(ValueError, match=f"{name} cannot change the learning rate of .* schedule"):
        model.fit(drawn(), verbose=0, callbacks=[RATES[name]()])
    assert int(model.steps.numpy()) == 0


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("eagerly", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_an_optimizer_may_be_replaced(player, eagerly):
    model = imaging(compile_options={"run_eagerly": eagerly})
    model.fit(drawn(), verbose=0)
    before = {name: getattr(model, name).get_weights() for name in ("generator", "discriminator")}
    setattr(model, f"{player}_optimizer", keras.optimizers.SGD(0.0))
    model.fit(drawn(), verbose=0)
    for name, weights in before.items():
        same = all(map(np.array_equal, getattr(model, name).get_weights(), weights))
        assert same == (name == player)
    with pytest.raises(ValueError, match="same object"):
        model.generator_optimizer = model.discriminator_optimizer


def orders(*calls, seed=0):
    """The order of the samples in each epoch of calls of `fit` with some arguments."""
    seen = []

    class Spy(geans.GAN):
        def unpack(self, data):
            batch = super().unpack(data)
            seen.append(batch.numpy().ravel())
            return batch

    numbered = np.linspace(-1, 1, 40, dtype="float32")[:, None]
    model = Spy(networks.mlp.generator(2, (1,)), networks.mlp.discriminator((1,)), seed=seed)
    model.compile(run_eagerly=True)
    for options in calls:
        model.fit(numbered, batch_size=20, verbose=0, **options)
    return [tuple(np.concatenate(pair)) for pair in zip(seen[::2], seen[1::2], strict=True)]


def test_fit_in_a_loop_has_another_order_in_each_epoch():
    found = orders(*[{"epochs": 1}] * 4)
    assert len(set(found)) == 4 and all(len(set(order)) == 40 for order in found)


def test_initial_epoch_goes_on_where_that_epoch_is():
    expected = orders({"epochs": 4})
    assert orders({"epochs": 3}, {"epochs": 4, "initial_epoch": 3}) == expected
    assert orders({"epochs": 4, "initial_epoch": 3}) == expected[3:]


@pytest.mark.parametrize("model_class", [geans.GAN, geans.GEAN])
def test_an_explicit_seed_wins_over_keras_seed(model_class):
    weights = []
    for keras_seed in (5, 6):
        keras.utils.set_random_seed(keras_seed)
        model = model_class(
            networks.mlp.generator(2, (2,), seed=1),
            networks.mlp.discriminator((2,), seed=2),
            seed=3,
        )
        model.compile(run_eagerly=True)
        model.fit(points(), batch_size=4, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", [kind for kind in DRAWN])
def test_a_datasets_seed_wins_over_keras_seed(kind):
    found = []
    for keras_seed in (5, 6):
        keras.utils.set_random_seed(keras_seed)
        found.append(np.concatenate(list(DRAWN[kind](3).as_numpy_iterator())))
    np.testing.assert_array_equal(*found)


RULES = {
    "GAN": (geans.GAN, {}),
    "GEAN, window": (geans.GEAN, {"update_every": 2}),
    "GEAN, epoch": (geans.GEAN, {"update_every": "epoch"}),
    "GEAN, alternating": (geans.GEAN, {"update_every": 2, "order": "alternating"}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "player"), [*((rule, "discriminator") for rule in RULES), ("GEAN, epoch", "generator")]
)
def test_frozen_layers_stay_and_the_others_move(rule, player):
    model_class, options = RULES[rule]
    deep = [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(4), layers.Dense(1)]
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(16), to_shape()])
    model = imaging(generator, keras.Sequential(deep), model_class, **options)
    model.fit(drawn(), batch_size=8, verbose=0)
    frozen, moving = [layer for layer in getattr(model, player).layers if layer.weights]
    frozen.trainable = False
    model.compile(run_eagerly=True)
    before = [layer.get_weights()[0] for layer in (frozen, moving)]
    model.fit(drawn(), batch_size=8, verbose=0)
    after = [layer.get_weights()[0] for layer in (frozen, moving)]
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after[1], before[1])


@pytest.mark.parametrize("callback", ["EarlyStopping", "ReduceLROnPlateau"])
def test_epochs_in_which_a_player_is_idle_do_not_count_against_it(callback):
    class Patient(getattr(keras.callbacks, callback)):
        def on_epoch_end(self, epoch, logs=None):
            epochs.append(epoch)
            super().on_epoch_end(epoch, logs)

    epochs, alternating = [], {"update_every": "epoch", "order": "alternating"}
    model = imaging(model=geans.GEAN, **alternating)
    patient = Patient("generator_loss", mode="min", patience=2, min_delta=10.0)
    history = model.fit(drawn(), epochs=8, verbose=0, callbacks=[patient]).history
    assert np.isnan(history["generator_loss"][::2]).all()
    if callback == "EarlyStopping":
        assert epochs == [1, 3, 5]  # The first is the best, the next two are no better.
    else:
        assert epochs == [1, 3, 5, 7]
        assert float(model.generator_optimizer.learning_rate) == pytest.approx(2e-5)


def test_weights_loaded_before_the_first_step_reach_the_ema(tmp_path):
    trained = imaging()
    trained.generator.save_weights(tmp_path / "a.weights.h5")
    model = imaging()
    model.generator.load_weights(tmp_path / "a.weights.h5")
    expected = trained.sample(4, seed=0, ema=False)
    np.testing.assert_array_equal(model.sample(4, seed=0), expected)
    np.testing.assert_array_equal(model.ema_generator(trained.draw_latents(4, [0, 0])), expected)
    model.fit(drawn(), verbose=0)
    assert not np.array_equal(model.sample(4, seed=0), expected)


def test_the_number_of_steps_per_execution_is_a_number():
    with pytest.raises(ValueError, match="must be 'auto', or 1 or more.*'many'"):
        imaging(compile_options={"steps_per_execution": "many"})


# Image folders

NOT_SQUARE = {
    "dcgan": {"width": 4},
    "resnet": {"width": 4},
    "style": {"width": 8},
    "projected": {"width": 8},
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
    short += ["--evaluation_samples=8"]
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
    interactiveshell = pytest.importorskip(
        "IPython.core.interactiveshell", reason="IPython is not installed"
    )
    shell = interactiveshell.InteractiveShell()
    shell.display_formatter.active_types = list(shell.display_formatter.format_types)
    return shell


@pytest.mark.parametrize("kind", FIGURES)
def test_a_notebook_shows_a_figure_as_the_last_line_of_a_cell(kind, shell):
    found, _ = shell.display_formatter.format(FIGURES[kind]())
    assert found["image/png"].startswith(b"\x89PNG")
    assert set(found) == {"image/png", "text/plain"}


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


WRONG_FLAGS = [
    "trian",
    "train --preset=nothing",
    "train --epoch=3",
    "train --epochs=three",
    "train --epochs=-1",
    "train --batch_size=0",
    "train --data=photos",
    "train --data=folder:absent",
    "train --data=foldr:photos",
    "train --rule=gaen",
    "train --loss=hing",
    "train --network=dcgn",
    "train --augmentation=colour",
    "train --optimizer=adm",
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
    "doctor absent",
    "doctor absent --samples=1",
    "evaluate --metric=fid",
    "evaluate --real=absent --fake=absent",
    "evaluate --real=. --fake=. --metrics=frechet",
    "evaluate --real=. --fake=. --features=digits",
    "compare --loss=hing",
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
    printed = run_python(code, tmp_path, *WRONG_FLAGS).splitlines()
    assert printed == [f"2 False {line}" for line in WRONG_FLAGS]
    assert [path.name for path in tmp_path.iterdir()] == ["not_a_run"]


def resolved(*arguments):
    values = flags.FlagValues()
    train.define_flags(values)
    values(["geans train", *arguments])
    run_dir = train.run_dir_of(values)
    return run_dir, lambda: train.resolve(values, run_dir)


RUN_DIRS = {
    "nothing": ([], "runs/gean_fashion"),
    "a preset": (["--preset=conditional"], "runs/conditional"),
    "one's photos": (["--data=folder:photos"], "runs/photos"),
    "one's photos in another way": (["--data=folder:~/photos/"], "runs/photos"),
    "a preset and one's photos": (
        ["--preset=conditional", "--data=folder:photos"],
        "runs/conditional_photos",
    ),
    "other data of tensorflow-datasets": (["--data=tfds:cifar10"], "runs/cifar10"),
    "a run directory": (["--data=folder:photos", "--run_dir=mine"], "mine"),
}


@pytest.mark.parametrize("given", RUN_DIRS)
def test_a_run_directory_is_named_after_preset_and_data(given, home):
    arguments, run_dir = RUN_DIRS[given]
    assert str(resolved(*arguments)[0]) == run_dir


def test_the_options_of_a_presets_own_data_do_not_travel(home, capsys):
    preset = resolved("--preset=small_fashion", "--data=folder:photos")[1]()
    assert (preset.data, preset.data_options) == (f"folder:{home / 'photos'}", {})
    assert "without the options of embedded:fashion: {'limit': 300}" in capsys.readouterr().out
    assert resolved("--preset=small_fashion", "--epochs=3")[1]().data_options == {"limit": 300}
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
    resume = ["train", "--run_dir=run", "--resume", "--epochs=3", "--evaluation_samples=8"]
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
