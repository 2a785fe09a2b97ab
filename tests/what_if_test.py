"""What happens if: things that people do with a GAN, and what they get."""

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import geans
from geans import cli, data, experiment, networks, presets


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
    with pytest.raises(ValueError, match="steps_per_execution must be 1 or more.*'auto'"):
        imaging(compile_options={"steps_per_execution": "auto"})
