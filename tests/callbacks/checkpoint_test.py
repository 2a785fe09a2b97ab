import json
import logging
import os
import random
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import callbacks, networks, penalties
from geans.callbacks import checkpoint
from tests import workers
from tests.callbacks import checkpointed_worker

RULES = {
    "gan": (geans.GAN, {}),
    "gean, epoch": (geans.GEAN, {}),
    "gean, window": (geans.GEAN, {"update_every": 4}),
    "gean, alternating window": (geans.GEAN, {"update_every": 4, "order": "alternating"}),
}
FILES = (checkpoint.MODEL, checkpoint.RECORD)


def model_of_all_parts(model_class, **options):
    """Dropout, batch norm, a schedule, conjugate directions, a lazy penalty that draws numbers."""

    def with_dropout(network):
        dropped = keras.layers.Dropout(0.3)(network.layers[-2].output)
        normal = keras.layers.BatchNormalization()(dropped)
        return keras.Model(network.inputs, network.layers[-1](normal))

    model = model_class(
        with_dropout(networks.mlp.generator(3, (2,), units=(8, 8))),
        with_dropout(networks.mlp.discriminator((2,), units=(8, 8))),
        **options,
    )
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(0.02, 40)),
        geans.optimizers.ConjugateGradient(0.01),
        penalty=penalties.GradientPenalty(0.1, interval=2),
    )
    return model


def shuffled(points):
    return tf.data.Dataset.from_tensor_slices(points).shuffle(45, seed=4).batch(8)


def interrupted_at(run_dir, name, copy):
    """A copy of a run's directory as it was when the checkpoint `name` was the newest."""
    shutil.copytree(run_dir, copy)
    for path in checkpoint.checkpoints(copy / "checkpoints"):
        if path.name > name:
            shutil.rmtree(path)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        "gean, alternating window",
        *(
            pytest.param(rule, marks=pytest.mark.nightly)
            for rule in ("gan", "gean, epoch", "gean, window")
        ),
    ],
)
def test_an_interrupted_training_ends_as_the_uninterrupted_one(
    rule, points, tmp_path, assert_same_state
):
    """After every kind of step, in a model of other weights and seed: equal bit by bit."""
    model_class, options = RULES[rule]
    whole, other = (model_of_all_parts(model_class, **options) for _ in range(2))
    assert whole.seed != other.seed

    def fit(model, run_dir, every_steps=None):
        keep_all = callbacks.Checkpoint(run_dir, every_steps=every_steps, keep=100)
        data = shuffled(points)
        return model.fit(data, epochs=3, verbose=0, callbacks=[keep_all]).history

    history = fit(whole, tmp_path / "whole", every_steps=1)
    names = [path.name for path in checkpoint.checkpoints(tmp_path / "whole/checkpoints")]
    assert len(names) == 3 * 7 + 1
    # The first step, in mid-window, all steps but not the epoch's end, epochs' ends, the end.
    for epoch, step in ((0, 0), (0, 1), (0, 6), (1, 0), (1, 3), (2, 4), (3, 0)):
        name = f"epoch_{epoch:06d}_step_{step:08d}"
        assert name in names
        copy = interrupted_at(tmp_path / "whole", name, tmp_path / name)
        assert fit(other, copy) == history
        assert_same_state(whole, other)


@pytest.mark.slow
def test_a_training_without_a_checkpoint_is_the_same(
    points, make_model, tmp_path, assert_same_state
):
    models = [make_model(geans.GEAN, update_every=4) for _ in range(2)]
    for model, observers in zip(models, ([], [callbacks.Checkpoint(tmp_path, 2)]), strict=True):
        model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=observers)
    assert_same_state(*models)


def names(run_dir):
    return [path.name for path in sorted((run_dir / "checkpoints").iterdir())]


@pytest.mark.slow
def test_which_checkpoints_are_kept(points, make_model, tmp_path):
    """6 steps an epoch: 0:0, then 4 and the end of each epoch."""
    model = make_model(geans.GAN)
    saving = callbacks.Checkpoint(tmp_path, every_steps=4, keep=3)
    model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=[saving])
    expected = ["epoch_000001_step_00000000", "epoch_000001_step_00000004"]
    assert names(tmp_path) == [*expected, "epoch_000002_step_00000000"]
    for path in checkpoint.checkpoints(tmp_path / "checkpoints"):
        assert sorted(os.listdir(path)) == sorted(FILES)
    saving.prune(1)
    assert names(tmp_path) == ["epoch_000002_step_00000000"]


@pytest.mark.slow
def test_steps_are_counted_where_keras_takes_several_at_once(points, make_model, tmp_path):
    model = make_model(geans.GAN, compile_options={"steps_per_execution": 3})
    saving = callbacks.Checkpoint(tmp_path, every_steps=2, keep=9)
    model.fit(points, batch_size=8, verbose=0, callbacks=[saving])
    assert [int(name[-1]) for name in names(tmp_path)] == [0, 3, 6, 0]


@pytest.mark.slow
def test_it_comes_after_the_other_observers(points, make_model, tmp_path):
    """What they write of an epoch must be there before it counts as done."""
    seen = []

    class Other(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(names(tmp_path)[-1])

    observers = [callbacks.Checkpoint(tmp_path), Other()]
    make_model(geans.GEAN).fit(points, epochs=2, verbose=0, callbacks=observers)
    assert seen == ["epoch_000000_step_00000000", "epoch_000001_step_00000000"]


@pytest.mark.parametrize("arguments", [{"every_steps": 0}, {"keep": 0}, {"keep": 1.5}])
def test_senseless_arguments(arguments):
    [name] = arguments
    with pytest.raises(ValueError, match=f"{name} must be an integer"):
        callbacks.Checkpoint("anywhere", **arguments)


# Damage


@pytest.fixture
def run(points, make_model, tmp_path):
    """Model, directory of two checkpoints after one and after two epochs, and the older's steps."""
    model = make_model(geans.GEAN, update_every=4)
    saving = callbacks.Checkpoint(tmp_path, keep=2)
    model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=[saving])
    return model, tmp_path


def flip(content, position):
    return content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :]


DAMAGE = {
    "missing": None,
    "empty": lambda content: b"",
    "one byte left": lambda content: content[:1],
    "half": lambda content: content[: len(content) // 2],
    "last byte lost": lambda content: content[:-1],
    "one byte more": lambda content: content + b"\n",
    "zeros": lambda content: bytes(len(content)),
    "not text": lambda content: b"\xff" * len(content),
    "another's": lambda content: b'{"record":{"epoch":1}}',
    "nested": lambda content: b"[" * 100_000,
} | {
    f"flipped at {share:.0%}": lambda content, share=share: flip(
        content, int(share * (len(content) - 1))
    )
    for share in (0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1)
}


def damage(path, kind):
    if DAMAGE[kind] is None:
        path.unlink()
    else:
        path.write_bytes(DAMAGE[kind](path.read_bytes()))


@pytest.mark.slow
def test_every_damage_is_found_named_and_survived(run, caplog):
    model, run_dir = run
    saving = callbacks.Checkpoint(run_dir)
    older, newer = checkpoint.checkpoints(run_dir / "checkpoints")
    shutil.copytree(newer, run_dir / "kept")
    for name in FILES:
        for kind in DAMAGE:
            caplog.clear()
            damage(newer / name, kind)
            assert saving.restore(model) == (1, 0), (name, kind)
            saving.release()
            assert model.steps.numpy() == 6
            [warning] = [record.getMessage() for record in caplog.records]
            assert str(newer / name) in warning and "The checkpoint before it is used" in warning
            assert not newer.exists()
            shutil.copytree(run_dir / "kept", newer)
            assert saving.restore(model) == (2, 0)
            saving.release()
            assert model.steps.numpy() == 12


def test_every_single_byte_of_the_record_counts(run):
    path = checkpoint.checkpoints(run[1] / "checkpoints")[-1]
    whole = (path / checkpoint.RECORD).read_bytes()
    assert checkpoint.read(path)["epoch"] == 2
    for position in range(len(whole)):
        (path / checkpoint.RECORD).write_bytes(flip(whole, position))
        with pytest.raises(ValueError, match="checkpoint.json is damaged"):
            checkpoint.read(path)


def test_bytes_of_the_model_count(run):
    path = checkpoint.checkpoints(run[1] / "checkpoints")[-1]
    whole = (path / checkpoint.MODEL).read_bytes()
    for position in random.Random(0).sample(range(len(whole)), 200):
        (path / checkpoint.MODEL).write_bytes(flip(whole, position))
        with pytest.raises(ValueError, match="model.keras is damaged: sha256 is"):
            checkpoint.read(path)


def test_without_a_whole_checkpoint_there_is_no_training(run, points):
    model, run_dir = run
    for path in checkpoint.checkpoints(run_dir / "checkpoints"):
        damage(path / checkpoint.MODEL, "last byte lost")
    with pytest.raises(ValueError) as error:
        model.fit(points, epochs=3, verbose=0, callbacks=[callbacks.Checkpoint(run_dir)])
    for path in checkpoint.checkpoints(run_dir / "checkpoints"):
        assert str(path / checkpoint.MODEL) in str(error.value)
    assert len(checkpoint.checkpoints(run_dir / "checkpoints")) == 2


def test_a_record_with_a_right_checksum_and_wrong_content(run):
    path = checkpoint.checkpoints(run[1] / "checkpoints")[-1]
    record = checkpoint.read(path)
    for name, value in (
        ("epoch", "two"),
        ("step", None),
        ("seed", 0.5),
        ("means", {}),
        ("means", [1]),
        ("history", {"epoch": "no"}),
        ("history", 3),
        ("shapes", None),
        ("model", {}),
        ("model", None),
    ):
        (path / checkpoint.RECORD).write_bytes(checkpoint._encode(record | {name: value}))
        with pytest.raises(ValueError, match=str(path)):
            checkpoint._load(run[0], path, checkpoint.read(path))


def test_the_checkpoints_of_another_model(run, points, make_model):
    other = make_model(geans.GAN)
    with pytest.raises(ValueError, match="is of another model.*Pass another run_dir"):
        other.fit(points, verbose=0, callbacks=[callbacks.Checkpoint(run[1])])


def test_what_a_kill_left_behind_is_removed(run, points):
    model, run_dir = run
    leftover = run_dir / "checkpoints" / "unfinished_epoch_000007_step_00000000"
    leftover.mkdir()
    (leftover / checkpoint.MODEL).write_bytes(b"half")
    model.fit(points, batch_size=8, epochs=3, verbose=0, callbacks=[callbacks.Checkpoint(run_dir)])
    assert not leftover.exists() and names(run_dir)[-1] == "epoch_000003_step_00000000"


# Signals


class Send(keras.callbacks.Callback):
    """Sends signals to this process after the second step of the second epoch."""

    def __init__(self, *signals):
        super().__init__()
        self.signals, self.calls, self.got_through = signals, 0, 0

    def on_train_batch_end(self, batch, logs=None):
        self.calls += 1
        for number in self.signals if self.calls == 8 else ():
            os.kill(os.getpid(), number)
            self.got_through += 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "end"),
    [
        (signal.SIGINT, KeyboardInterrupt),
        pytest.param(signal.SIGTERM, SystemExit, marks=pytest.mark.nightly),
    ],
)
def test_a_signal_ends_training_with_a_checkpoint(
    number, end, points, make_model, tmp_path, caplog, assert_same_state
):
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    whole, model = (make_model(geans.GEAN, update_every=4) for _ in range(2))
    whole.fit(points, batch_size=8, epochs=2, verbose=0)
    options = {"batch_size": 8, "epochs": 2, "verbose": 0}
    saving = callbacks.Checkpoint(tmp_path)
    with pytest.raises(end) as ended:
        model.fit(points, callbacks=[Send(number), saving], **options)
    assert model.steps.numpy() == 8
    assert names(tmp_path)[-1] == "epoch_000001_step_00000002"
    assert f"ends by {number.name}" in caplog.text and names(tmp_path)[-1] in caplog.text
    assert end is KeyboardInterrupt or ended.value.code == 143
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    model.fit(points, callbacks=[saving], **options)
    assert_same_state(whole, model)


@pytest.mark.slow
def test_a_second_signal_ends_at_once(points, make_model, tmp_path):
    send = Send(signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        make_model(geans.GAN).fit(
            points,
            batch_size=8,
            epochs=2,
            verbose=0,
            callbacks=[callbacks.Checkpoint(tmp_path), send],
        )
    assert send.got_through == 1
    assert names(tmp_path)[-1] == "epoch_000001_step_00000000"


@pytest.mark.slow
def test_a_signal_that_is_ignored_stays_ignored(points, make_model, tmp_path):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        observers = [callbacks.Checkpoint(tmp_path), Send(signal.SIGTERM)]
        make_model(geans.GAN).fit(points, batch_size=8, epochs=2, verbose=0, callbacks=observers)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert names(tmp_path)[-1] == "epoch_000002_step_00000000"


# Disk faults


@pytest.mark.slow
def test_a_directory_that_cannot_be_made(points, make_model, tmp_path):
    (tmp_path / "file").touch()
    saving = callbacks.Checkpoint(tmp_path / "file")
    model = make_model(geans.GAN)
    with pytest.raises(ValueError, match="Cannot write to"):
        model.fit(points, verbose=0, callbacks=[saving])
    assert model.steps.numpy() == 0


class At(keras.callbacks.Callback):
    """Does things when epochs begin."""

    def __init__(self, actions):
        super().__init__()
        self.actions = actions

    def on_epoch_begin(self, epoch, logs=None):
        self.actions.get(epoch, lambda: None)()


@pytest.mark.slow
def test_a_directory_that_vanishes_does_not_end_training(
    points, make_model, tmp_path, caplog, assert_same_state
):
    directory = tmp_path / "checkpoints"

    def vanish():
        shutil.rmtree(directory)
        directory.touch()

    models = [make_model(geans.GEAN) for _ in range(2)]
    faults = [callbacks.Checkpoint(tmp_path), At({1: vanish, 3: directory.unlink})]
    for model, observers in zip(models, ([], faults), strict=True):
        model.fit(points, batch_size=8, epochs=4, verbose=0, callbacks=observers)
    assert_same_state(*models)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert all("training goes on" in text and str(directory) in text for text in warnings)
    assert names(tmp_path) == ["epoch_000004_step_00000000"]


@pytest.mark.slow
def test_a_full_disk_does_not_end_training(run_python, tmp_path):
    """No file may become longer than some bytes, in the second and third of four epochs."""
    code = """
import resource, sys
import keras, numpy as np
import geans
from geans import callbacks, networks

class Fill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        soft = {1: 10, 3: resource.RLIM_INFINITY}.get(epoch)
        if soft is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

def train(observers):
    model = geans.GEAN(
        networks.mlp.generator(3, (2,), units=(8,), seed=1),
        networks.mlp.discriminator((2,), units=(8,), seed=2),
        seed=3,
    )
    model.compile()
    points = np.random.default_rng(0).normal(size=(45, 2)).astype("float32")
    model.fit(points, batch_size=8, epochs=4, verbose=0, callbacks=observers)
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

observers = [
    callbacks.Cost("cost.json"),
    callbacks.SampleGrid("pictures"),
    callbacks.HistoryFile("history.csv"),
    callbacks.Checkpoint(".", every_steps=4, keep=9),
    Fill(),
]
print(np.array_equal(train(observers), train([])))
"""
    assert run_python(code, tmp_path).split()[-1] == "True"
    kept = [path.name for path in checkpoint.checkpoints(tmp_path / "checkpoints")]
    assert kept == [
        "epoch_000000_step_00000000",
        "epoch_000000_step_00000004",
        "epoch_000001_step_00000000",
        "epoch_000003_step_00000004",
        "epoch_000004_step_00000000",
    ]
    for path in checkpoint.checkpoints(tmp_path / "checkpoints"):
        checkpoint.read(path)
    assert names(tmp_path) == kept
    history = geans.report.read_history(tmp_path / "history.csv")
    assert history["epoch"] == [1, 4]
    pictures = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert pictures == ["epoch_0001.png", "epoch_0004.png", "training.gif"]
    assert json.loads((tmp_path / "cost.json").read_text())["samples"] == 4 * 45


@pytest.mark.nightly
def test_a_disk_that_is_full_at_the_start(run_python, tmp_path):
    code = """
import resource
import numpy as np
import geans
from geans import callbacks, networks
model = geans.GEAN(networks.mlp.generator(3, (2,)), networks.mlp.discriminator((2,)))
model.compile()
for limit in (10, 5_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        model.fit(np.zeros((8, 2), "float32"), callbacks=[callbacks.Checkpoint(".")])
    except ValueError as error:
        print("refused:", error)
print("steps", model.steps.numpy())
"""
    lines = run_python(code, tmp_path).splitlines()
    assert lines[0].startswith("refused: Cannot write to 'checkpoints'")
    assert lines[1].startswith("refused: There is no room for a checkpoint")
    assert lines[2] == "steps 0"
    assert os.listdir(tmp_path / "checkpoints") == []


# Several workers, in processes of their own


def start_workers(folder, run_dirs, faults=((), ())):
    """Two workers that leave `folder/0.npz` and `folder/1.npz`."""
    folder.mkdir(exist_ok=True)
    places = zip(run_dirs, faults, strict=True)
    arguments = [
        (folder / f"{i}.npz", run_dir, *fault) for i, (run_dir, fault) in enumerate(places)
    ]
    return workers.start(checkpointed_worker.__file__, arguments)


@pytest.mark.nightly
@pytest.mark.usefixtures("loopback")
def test_workers_of_which_one_was_killed_end_as_if_it_was_not(tmp_path):
    run_dir = tmp_path / "run"
    survivor, victim = start_workers(tmp_path, [run_dir] * 2, [(), ("SIGKILL",)])
    victim.communicate(timeout=300)
    assert victim.returncode == -signal.SIGKILL
    output, _ = survivor.communicate(timeout=300)
    assert survivor.returncode == 1
    # What TensorFlow says next depends on what it notices first, the lost worker or its socket.
    assert "Collective ops is aborted by" in output
    left = [path.name for path in checkpoint.checkpoints(run_dir / "checkpoints")]
    assert left[-1] == "epoch_000001_step_00000002"

    workers.finish(start_workers(tmp_path, [run_dir] * 2))
    workers.finish(start_workers(tmp_path / "undisturbed", [tmp_path / "other"] * 2))
    for name in ("0.npz", "1.npz"):
        resumed, expected = np.load(tmp_path / name), np.load(tmp_path / "undisturbed" / name)
        assert expected["samples"] == 3 * 35
        assert resumed.files == expected.files
        for key in expected.files:
            np.testing.assert_allclose(resumed[key], expected[key], rtol=0, atol=1e-6, err_msg=key)


@pytest.mark.nightly
@pytest.mark.usefixtures("loopback")
def test_a_signal_ends_a_worker_without_a_checkpoint(tmp_path):
    told, other = start_workers(tmp_path, [tmp_path / "run"] * 2, [("SIGTERM",), ()])
    output, _ = told.communicate(timeout=300)
    assert told.returncode == 128 + signal.SIGTERM
    assert "Training ends by SIGTERM. The newest checkpoint is" in output
    assert "epoch_000001_step_00000002" in output
    other.communicate(timeout=300)
    assert other.returncode != 0


@pytest.mark.nightly
@pytest.mark.usefixtures("loopback")
def test_workers_that_do_not_share_a_run_dir_are_told(tmp_path):
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    for process in start_workers(tmp_path, [shared] * 2, [("SIGKILL",), ()]):
        process.communicate(timeout=300)
    for process in start_workers(tmp_path, [shared, alone]):
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 1
        assert "ValueError: The workers find different newest checkpoints" in output
        assert "epoch 1 step 2, none" in output and "file system" in output
    assert not alone.exists()
