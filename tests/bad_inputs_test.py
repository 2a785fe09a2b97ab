"""Bad input through public names: one kind of error, before any step, that says what came."""

import dataclasses
import json
import re

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import geans
from geans import (
    callbacks,
    cli,
    comparison,
    data,
    experiment,
    export,
    losses,
    metrics,
    networks,
    optimizers,
    penalties,
    presets,
)

GOOD = np.zeros((10, 2), "float32")
RING = data.mixtures.ring()
NAN, INFINITY = float("nan"), float("inf")


def dataset(array, batch_size=4):
    return tf.data.Dataset.from_tensor_slices(array).batch(batch_size)


def of_unknown_shape(array):
    """As from a generator that tells nothing of its shapes."""
    spec = tf.TensorSpec(None, "float32")
    return tf.data.Dataset.from_generator(lambda: iter([array]), output_signature=spec)


def with_value(value, shape=(10, 2)):
    array = np.zeros(shape, "float32")
    array[7] = value
    return array


def two_heads():
    inputs = keras.Input((2,))
    return keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(3)(inputs)])


def mlp(**options):
    return networks.mlp.generator(3, (2,), **options), networks.mlp.discriminator((2,))


def adam(**options):
    return {"generator_optimizer": keras.optimizers.Adam(**options)}


# What came, and how it is said, of `fit`.
FIT = {
    "nothing": (lambda: None, {}, "needs samples"),
    "word": (lambda: "images", {}, "Received: a str"),
    "number": (lambda: 3, {}, "Received: a int"),
    "dict of arrays": (lambda: {"image": GOOD}, {}, "Received: a dict"),
    "list of lists": (lambda: GOOD.tolist(), {}, "Received: a list"),
    "two arrays": (lambda: [GOOD, GOOD], {}, "Received: a list"),
    "uint8": (lambda: GOOD.astype("uint8"), {}, "Received: uint8"),
    "int64 dataset": (lambda: dataset(GOOD.astype("int64")), {}, "Received: int64"),
    "complex": (lambda: GOOD.astype("complex64"), {}, "Received: complex64"),
    "bool": (lambda: GOOD.astype(bool), {}, "Received: bool"),
    "objects": (lambda: GOOD.astype(object), {}, "Received: object"),
    "words": (lambda: GOOD.astype(str), {}, "Received: str"),
    "dates": (lambda: GOOD.astype("datetime64[s]"), {}, "Received: datetime64"),
    "columns": (lambda: np.zeros((10, 3), "float32"), {}, r"Received samples of shape \(10, 3\)"),
    "rank": (lambda: np.zeros((10, 2, 1), "float32"), {}, r"\(10, 2, 1\)"),
    "one sample": (lambda: GOOD[0], {}, r"\(2,\)"),
    "scalar": (lambda: np.float32(1), {}, r"\(\)|Received: a"),
    "nan": (lambda: with_value(NAN), {}, "The array holds NaN or infinity, first in sample 7"),
    "infinity": (lambda: with_value(-INFINITY), {}, "first in sample 7"),
    "nan in dataset": (lambda: dataset(with_value(NAN), 8), {}, "first batch.*sample 7"),
    "empty array": (lambda: GOOD[:0], {}, r"is empty.*\(0, 2\)"),
    "empty dataset": (lambda: dataset(GOOD).take(0), {}, "cardinality is 0"),
    "empty after filter": (lambda: dataset(GOOD).filter(lambda x: False), {}, "before its first"),
    "unbatched": (lambda: tf.data.Dataset.from_tensor_slices(GOOD), {}, r"shape \(2,\)"),
    "batched twice": (lambda: dataset(GOOD, 2).batch(2), {}, r"shape \(None, None, 2\)"),
    "endless": (lambda: dataset(GOOD).repeat(), {}, "is infinite. Pass steps_per_epoch"),
    "dataset of dicts": (lambda: dataset({"image": GOOD}), {}, r"a dict with the keys \['image'\]"),
    "dataset of words": (lambda: dataset(["a", "b"]), {}, "Received: (object|string)"),
    "wrong within": (lambda: of_unknown_shape(np.zeros((4, 3))), {}, r"shape \(4, 3\)"),
    "steps": (lambda: dataset(GOOD), {"steps_per_epoch": 0}, "steps_per_epoch=0"),
    "negative steps": (lambda: dataset(GOOD), {"steps_per_epoch": -2}, "steps_per_epoch=-2"),
    "first epoch": (lambda: GOOD, {"initial_epoch": -1}, "initial_epoch=-1"),
    "callbacks": (lambda: GOOD, {"callbacks": [print]}, "callbacks must be .*print"),
    "no epochs": (lambda: GOOD, {"epochs": 0}, "epochs=0"),
    "epochs by word": (lambda: GOOD, {"epochs": "3"}, "epochs='3'"),
    "fraction of epochs": (lambda: GOOD, {"epochs": 1.5}, "epochs=1.5"),
    "batch size": (lambda: GOOD, {"batch_size": 0}, "batch_size=0"),
    "negative batch size": (lambda: GOOD, {"batch_size": -8}, "batch_size=-8"),
    "batch size by word": (lambda: GOOD, {"batch_size": "8"}, "batch_size='8'"),
    "validation": (lambda: GOOD, {"validation_data": GOOD}, "no meaning for validation_data"),
    "weights": (lambda: GOOD, {"sample_weight": GOOD[:, 0]}, "no meaning for sample_weight"),
}

# And of `compile`.
COMPILE = {
    "loss": ({"loss": "hing"}, "one of minimax.*Received: 'hing'"),
    "loss of keras": (
        {"loss": keras.losses.MeanSquaredError()},
        "geans.losses.*mean_squared_error",
    ),
    "loss by number": ({"loss": 3}, "Received: 3"),
    "loss by dict": ({"loss": {"class_name": "Hing"}}, "'Hing'"),
    "penalty": ({"penalty": "r3"}, "one of gradient_penalty.*Received: 'r3'"),
    "penalty by number": ({"penalty": 0.1}, "Received: 0.1"),
    "penalty by dict": ({"penalty": {"gamma": 1}}, "gamma"),
    "optimizer": ({"generator_optimizer": "adamm"}, "adamm"),
    "optimizer by number": ({"discriminator_optimizer": 0.1}, "0.1"),
    "optimizer by dict": ({"generator_optimizer": {"rate": 0.1}}, "rate"),
    "rate nan": (adam(learning_rate=NAN), "learning_rate=nan in Adam"),
    "rate negative": (adam(learning_rate=-0.1), "learning_rate=-0.1.* in Adam"),
    "epsilon": (adam(epsilon="small"), "epsilon='small' in Adam"),
    "beta": (adam(beta_1=INFINITY), "beta_1=inf in Adam"),
    "steps": ({"steps_per_execution": 0}, "steps_per_execution=0"),
    "steps by word": ({"steps_per_execution": "two"}, "steps_per_execution='two'"),
    "metrics": ({"metrics": ["accuracy"]}, "does not take metrics"),
}

# And of what `sample` and the call take.
SAMPLE = {
    "none": (lambda model: model.sample(0), "count=0"),
    "negative": (lambda model: model.sample(-3), "count=-3"),
    "huge": (lambda model: model.sample(10**12), "count=1000000000000"),
    "fraction": (lambda model: model.sample(2.5), "count=2.5"),
    "true": (lambda model: model.sample(True), "count=True"),
    "word": (lambda model: model.sample("3"), "count='3'"),
    "seed": (lambda model: model.sample(3, seed="one"), "seed='one'"),
    "seed of 70 bits": (lambda model: model.sample(3, seed=2**70), f"seed={2**70}"),
    "batch size": (lambda model: model.sample(3, batch_size=0), "batch_size=0"),
    "latents": (lambda model: model(np.zeros((5, 4))), r"Received: \(5, 4\)"),
    "latents in a list": (lambda model: model([7, 0, 0]), r"argument value .*: 7 "),
}


def state(model):
    """Weights, both optimizers and all counters."""
    both = [model.generator_player.optimizer, model.discriminator_player.optimizer]
    of_optimizers = [v for each in both if each is not None for v in each.variables]
    return [np.array(variable) for variable in [*model.variables, *of_optimizers]]


def refused(act, message, model):
    before = state(model)
    with pytest.raises(ValueError, match=message):
        act()
    assert model.steps.numpy() == 0
    after = state(model)
    assert len(after) == len(before) > 10
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rule", [geans.GAN, geans.GEAN])
@pytest.mark.parametrize("case", FIT)
def test_fit(case, rule, make_model):
    make, options, message = FIT[case]
    model = make_model(rule)
    refused(lambda: model.fit(make(), verbose=0, **options), message, model)


@pytest.mark.slow
def test_compile(make_model):
    model = make_model(geans.GEAN)
    for options, message in COMPILE.values():
        refused(lambda options=options: model.compile(**options), message, model)
    # It is still what it was, and trains.
    model.fit(GOOD, batch_size=5, verbose=0)
    assert model.steps.numpy() == 2


@pytest.mark.parametrize("case", SAMPLE)
def test_sample(case, make_model):
    act, message = SAMPLE[case]
    model = make_model(geans.GAN)
    refused(lambda: act(model), message, model)


def broken_image(folder):
    (folder / "a.png").write_bytes(b"no image")
    return folder


def image(folder):
    PIL.Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(folder / "a.png")
    return folder


def preset_file(folder, **changes):
    values = {**dataclasses.asdict(presets.get("gan_ring")), **changes}
    (folder / "preset.json").write_text(json.dumps(values))
    return folder / "preset.json"


# Functions of a new directory.
MODELS = {
    "rule": (lambda _: geans.GEAN(*mlp(), update_every=0), "update_every=0"),
    "rule by word": (lambda _: geans.GEAN(*mlp(), update_every="step"), "update_every='step'"),
    "rule by fraction": (lambda _: geans.GEAN(*mlp(), update_every=0.5), "update_every=0.5"),
    "window of a GAN": (lambda _: geans.GAN(*mlp(), update_every=8), "update_every=8"),
    "order": (lambda _: geans.GAN(*mlp(), order="both"), "order='both'"),
    "steps": (lambda _: geans.GAN(*mlp(), discriminator_steps=1.5), "Received: 1.5"),
    "half-life": (lambda _: geans.GAN(*mlp(), ema_half_life="long"), "half_life='long'"),
    "half-life nan": (lambda _: geans.GAN(*mlp(), ema_half_life=NAN), "half_life=nan"),
    "half-life inf": (lambda _: geans.GAN(*mlp(), ema_half_life=INFINITY), "half_life=inf"),
    "seed by word": (lambda _: geans.GAN(*mlp(), seed="one"), "seed='one'"),
    "seed by fraction": (lambda _: geans.GAN(*mlp(), seed=1.5), "seed=1.5"),
    "seed of 70 bits": (lambda _: geans.GAN(*mlp(), seed=2**70), f"seed={2**70}"),
    "no networks": (lambda _: geans.GAN(None, None), "generator must be .* Received: None"),
    "networks": (
        lambda _: geans.GAN(mlp()[0], networks.mlp.discriminator((3,))),
        r"generator.output_shape=\(None, 2\), discriminator.input_shape=\(None, 3\)",
    ),
    "two heads": (
        lambda _: geans.GAN(mlp()[0], two_heads()),
        r"one output, .*\[\(None, 1\), \(None, 3\)\]",
    ),
    "latents": (lambda _: networks.mlp.generator("3", (2,)), "latent_dim='3'"),
    "units": (lambda _: networks.mlp.generator(3, (2,), units="88"), "units='88'"),
    "units by number": (lambda _: networks.mlp.discriminator((2,), units=8), "units=8"),
    "huge units": (lambda _: networks.mlp.generator(3, (2,), units=(10**9,)), r"\(1000000000,\)"),
    "fraction of a shape": (lambda _: networks.mlp.generator(3, (2.0,)), r"\(2.0,\)"),
    "odd size": (lambda _: networks.dcgan.generator(3, (30, 30, 1)), r"\(30, 30, 1\)"),
    "width": (lambda _: networks.dcgan.discriminator(width=0), "width=0"),
    "width by word": (lambda _: networks.dcgan.discriminator(width="16"), "width='16'"),
    "shape by number": (lambda _: networks.dcgan.discriminator(28), "input_shape=28"),
    "normalization": (lambda _: networks.dcgan.generator(normalization="layer"), "'layer'"),
    "family": (lambda _: networks.get("unet"), "Unknown network 'unet'.* Known: mlp, dcgan, "),
    "family by list": (lambda _: networks.get([]), r"Unknown network \[\]"),
    "gamma": (lambda _: penalties.R1(-1.0), "gamma=-1.0"),
    "gamma nan": (lambda _: penalties.R1(NAN), "gamma=nan"),
    "gamma inf": (lambda _: penalties.R2(INFINITY), "gamma=inf"),
    "gamma by word": (lambda _: penalties.R1("0.1"), "gamma='0.1'"),
    "target": (lambda _: penalties.GradientPenalty(target=None), "target=None"),
    "interval": (lambda _: penalties.R1(interval=1.5), "Received: 1.5"),
    "interval by word": (lambda _: penalties.R1(interval="16"), "Received: '16'"),
    "sum": (lambda _: penalties.Sum(3), "Received: 3"),
    "loss by list": (lambda _: losses.get([]), r"Received: \[\]"),
    "options of an optimizer": (lambda _: optimizers.get("adam", colour=1), "colour"),
    "conjugate rule": (lambda _: optimizers.ConjugateGradient(rule="newton"), "rule='newton'"),
    "conjugate cap": (lambda _: optimizers.ConjugateGradient(beta_max=-1), "beta_max=-1"),
    "cap by word": (lambda _: optimizers.ConjugateGradient(beta_max="1"), "beta_max='1'"),
    "optimistic": (lambda _: optimizers.OptimisticAdam(beta_1=1.0), "beta_1=1.0"),
    "optimistic by word": (lambda _: optimizers.OptimisticAdam(beta_1="0"), "beta_1='0'"),
    "decay": (lambda _: optimizers.LinearDecay(0.1, []), r"Received: \[\]"),
    "decay by number": (lambda _: optimizers.LinearDecay(0.1, 8), "Received: 8"),
    "warmup": (lambda _: optimizers.LinearDecay(0.1, [(1, 1)], warmup=1), "warmup=1"),
}

DATA = {
    "modes": (lambda _: data.mixtures.ring(modes=0), "modes=0"),
    "huge ring": (lambda _: data.mixtures.ring(modes=10**9), "modes=1000000000"),
    "modes by word": (lambda _: data.mixtures.ring(modes="8"), "modes='8'"),
    "radius": (lambda _: data.mixtures.ring(radius="1"), "radius='1'"),
    "stddev": (lambda _: data.mixtures.grid(stddev=NAN), "stddev=nan"),
    "spacing": (lambda _: data.mixtures.grid(spacing=-2), "spacing=-2"),
    "centers": (lambda _: data.mixtures.Mixture("x", [(NAN, 0)], 0.1), "nan, 0.0"),
    "center by number": (lambda _: data.mixtures.Mixture("x", 3, 0.1), r"shape: \(\)"),
    "points": (lambda _: RING.sample(-1), "count=-1"),
    "huge sample": (lambda _: RING.sample(10**12), "count=1000000000000"),
    "seed": (lambda _: RING.sample(3, seed="x"), "seed='x'"),
    "negative seed": (lambda _: RING.sample(3, seed=-1), "seed=-1"),
    "size": (lambda _: RING.dataset(size=0), "size=0"),
    "batch size": (lambda _: RING.dataset(batch_size=0), "batch_size=0"),
    "batch size by word": (lambda _: RING.dataset(batch_size="64"), "batch_size='64'"),
    "stacked source": (lambda _: data.stacked.Stacked("letters"), "Received: 'letters'"),
    "stacked channels": (lambda _: data.stacked.digits(channels=2), "channels=2"),
    "stacked channels by fraction": (lambda _: data.stacked.digits(channels=3.0), "channels=3.0"),
    "stacked sample": (lambda _: data.stacked.digits().sample(None), "count=None"),
    "image dtype": (lambda _: data.images.from_arrays(np.zeros((2, 8, 8), "int32")), "int32"),
    "image rank": (lambda _: data.images.from_arrays(np.zeros((2, 8))), r"\(2, 8\)"),
    "image range": (lambda _: data.images.from_arrays(np.full((2, 8, 8), 255.0)), "255"),
    "image nan": (lambda _: data.images.from_arrays(with_value(NAN, (8, 4, 4))), "nan at index"),
    "no images": (lambda _: data.images.from_arrays(np.zeros((0, 8, 8))), "nothing to batch"),
    "image words": (lambda _: data.images.from_arrays([[["a"]]]), "<U1"),
    "labels": (lambda _: data.images.from_arrays(np.zeros((2, 8, 8)), [1]), r"shape \(1,\)"),
    "embedded": (lambda _: data.images.embedded("cats"), "'cats'"),
    "embedded by list": (lambda _: data.images.embedded([]), r"\[\]"),
    "embedded size": (lambda _: data.images.embedded(image_size=-1), "Received: -1"),
    "source": (lambda _: experiment.Source.parse("web:cats"), "'web:cats'"),
    "source by number": (lambda _: experiment.Source.parse(3), "Received: 3"),
    "tfds": (lambda _: data.images.from_tfds("mnits"), "'mnits'"),
    "folder": (lambda path: data.images.from_folder(path / "absent", 8), "no folder.*absent"),
    "folder by number": (lambda _: data.images.from_folder(3, 8), "path=3"),
    "file as folder": (
        lambda path: data.images.from_folder(image(path) / "a.png", 8),
        "no folder.*a.png",
    ),
    "empty folder": (lambda path: data.images.from_folder(path, 8), "no images.*it is empty"),
    "broken image": (lambda path: data.images.from_folder(broken_image(path), 8), "a.png"),
    "folder size": (lambda path: data.images.from_folder(image(path), "8"), "Received: '8'"),
    "folder channels": (lambda path: data.images.from_folder(image(path), 8, channels=2), "=2"),
    "folder on_error": (
        lambda path: data.images.from_folder(image(path), 8, on_error="drop"),
        "on_error='drop'",
    ),
}

REST = {
    "points of 3 coordinates": (lambda _: metrics.mode_coverage([[1, 2, 3]], RING), r"\(1, 3\)"),
    "no points": (lambda _: metrics.mode_coverage([], RING), r"\(0,\)"),
    "nan points": (lambda _: metrics.mode_coverage([[0, NAN]], RING), "1 of 1 samples"),
    "words": (lambda _: metrics.mode_coverage([["a", "b"]], RING), "'a'"),
    "dict": (lambda _: metrics.mode_coverage({"x": 1}, RING), r"\{'x': 1\}"),
    "no mixture": (lambda _: metrics.mode_coverage(GOOD, "ring"), "Received: 'ring'"),
    "images of another size": (
        lambda _: metrics.mode_coverage(np.zeros((2, 9, 9, 3)), data.stacked.digits()),
        r"\(2, 9, 9, 3\)",
    ),
    "every": (lambda path: callbacks.SampleGrid(path, every=0), "every=0"),
    "every by word": (lambda path: callbacks.SampleGrid(path, every="2"), "every='2'"),
    "coverage": (lambda path: callbacks.Coverage(path, RING, count=-1), "count=-1"),
    "moments": (lambda path: callbacks.Coverage(path, RING, moments=1), "moments=1"),
    "preset": (lambda _: presets.get("gan"), "'gan'. Did you mean 'cgan'\\? Known"),
    "preset by list": (lambda _: presets.get([]), r"\[\]"),
    "preset file": (lambda path: presets.read(path / "absent.json"), "absent.json"),
    "field": (lambda path: presets.read(preset_file(path, epochs="3")), "epochs='3'"),
    "range": (lambda path: presets.read(preset_file(path, beta_1=1.5)), "beta_1=1.5"),
    "unknown field": (lambda path: presets.read(preset_file(path, epoch=3)), "'epoch'.*'epochs'"),
    "no run": (lambda path: experiment.load(path / "absent"), "absent holds no trained model"),
    "run by number": (lambda _: experiment.load(3), "run_dir.*3"),
    "no preset": (lambda path: experiment.run("gan_ring", path / "run"), "'gan_ring'"),
    "seeds": (lambda path: comparison.run([presets.get("gan_ring")], [-1], path), "seed=-1"),
    "no seeds": (lambda path: comparison.run([presets.get("gan_ring")], [], path), r"\[\]"),
    "export of a network": (lambda path: export.saved_model(mlp()[0], path), "Functional"),
    "export over a file": (
        lambda path: export.saved_model(geans.GAN(*mlp()), preset_file(path)),
        "preset.json exists",
    ),
}
CASES = {
    f"{table}: {name}": case
    for table, cases in (("models", MODELS), ("data", DATA), ("rest", REST))
    for name, case in cases.items()
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES)
def test_everything_else(case, tmp_path):
    act, message = CASES[case]
    before = set(tmp_path.iterdir())
    with pytest.raises(ValueError, match=message):
        act(tmp_path)
    left = {path.name for path in set(tmp_path.iterdir()) - before}
    assert left <= {"a.png", "preset.json"}, "Nothing but what the test itself writes."


FLAGS = {
    "command": (["trane"], "Unknown command 'trane'. Did you mean 'train'"),
    "flag": (["train", "--epoch=3"], "epoch"),
    "word": (["train", "--epochs=three"], "three"),
    "nan": (["train", "--r1=nan"], "r1=nan"),
    "infinity": (["train", "--generator_learning_rate=inf"], "generator_learning_rate=inf"),
    "zero": (["train", "--batch_size=0"], "batch_size=0"),
    "negative": (["train", "--seed=-1"], "seed=-1"),
    "huge": (["train", f"--latent_dim={10**30}"], "latent_dim=1000000"),
    "windows": (["train", "--update_every=growing:3"], "update_every='growing:3'"),
    "no windows": (["train", "--update_every=0"], "update_every=0"),
    "preset": (["train", "--preset=gan"], "'gan'"),
    "resumed": (["train", "--run_dir=absent", "--resume"], "absent"),
    "both": (["train", "--resume", "--overwrite", "--run_dir=absent"], "not both"),
    "seeds": (["compare", "--seeds=a"], "'a'"),
    "compared": (["compare", "--presets=gan_rong"], "'gan_rong'"),
    "no run": (["sample", "--run_dir=absent"], "absent"),
    "picture": (["sample", "--run_dir=absent", "--output=a.jpg"], "a.jpg"),
    "export": (["export", "--run_dir=absent"], "absent"),
    "argument": (["presets", "all"], "flags only. Received: all"),
}


@pytest.mark.parametrize("case", FLAGS)
def test_flags(case, tmp_path, monkeypatch, capsys):
    arguments, message = FLAGS[case]
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert re.search(message, printed.err) and "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_how_many():
    assert len(FIT) + len(COMPILE) + len(SAMPLE) + len(CASES) + len(FLAGS) >= 150
