"""Untrusted files: no code in them runs, and nothing in the package could run it."""

import ast
import json
import pathlib
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

import geans
from geans import experiment, networks

PACKAGE = pathlib.Path(geans.__file__).parent
CHECKOUT = pathlib.Path(__file__).parent.parent
SOURCES = sorted(
    path
    for room in (PACKAGE, CHECKOUT / "examples", CHECKOUT / "benchmarks")
    for path in room.rglob("*.py")
)
UNSAFE_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "enable_unsafe_deserialization"}
UNSAFE_ARGUMENTS = {"allow_pickle": True, "safe_mode": False, "shell": True}


def unsafe(text):
    """What in a source could run code that a file holds, as `line: what`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            for name in modules:
                if name.split(".")[0] in UNSAFE_MODULES:
                    yield f"{node.lineno}: import of {name}"
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in UNSAFE_CALLS:
                yield f"{node.lineno}: {called.id}()"
            if isinstance(called, ast.Attribute) and called.attr == "enable_unsafe_deserialization":
                yield f"{node.lineno}: {called.attr}()"
            for keyword in node.keywords:
                # What is no constant could be anything.
                value = getattr(keyword.value, "value", UNSAFE_ARGUMENTS.get(keyword.arg))
                if keyword.arg in UNSAFE_ARGUMENTS and value is UNSAFE_ARGUMENTS[keyword.arg]:
                    yield f"{node.lineno}: {keyword.arg}={value}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_source_can_run_code_from_a_file(path):
    assert list(unsafe(path.read_text())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pickle", "1: import of pickle"),
        ("from yaml import load", "1: import of yaml"),
        ("def f():\n    import joblib.pool", "2: import of joblib.pool"),
        ("np.load(path, allow_pickle=True)", "1: allow_pickle=True"),
        ("np.load(path, allow_pickle=flag)", "1: allow_pickle=True"),
        ("keras.saving.load_model(path, safe_mode=False)", "1: safe_mode=False"),
        ("keras.config.enable_unsafe_deserialization()", "1: enable_unsafe_deserialization()"),
        ("eval(text)", "1: eval()"),
        ("subprocess.run(text, shell=True)", "1: shell=True"),
    ],
)
def test_the_search_finds(text, found):
    assert list(unsafe(text)) == [found]


def test_the_search_lets_pass_what_is_safe():
    safe = (
        "model.compile(jit_compile=True)\nnp.load(path, allow_pickle=False)\nload(safe_mode=True)"
    )
    assert list(unsafe(safe)) == []


@pytest.fixture
def saved(tmp_path, make_model):
    """A function that puts a trained model into a run directory, changed on the way."""

    def save(change_config=lambda config: None, change_weights=lambda weights: None):
        make_model(geans.GAN).save(tmp_path / "whole.keras")
        with zipfile.ZipFile(tmp_path / "whole.keras") as whole:
            parts = {name: whole.read(name) for name in whole.namelist()}
        config = json.loads(parts["config.json"])
        change_config(config)
        (tmp_path / "weights.h5").write_bytes(parts["model.weights.h5"])
        with h5py.File(tmp_path / "weights.h5", "a") as weights:
            change_weights(weights)
        parts["config.json"] = json.dumps(config)
        parts["model.weights.h5"] = (tmp_path / "weights.h5").read_bytes()
        run_dir = tmp_path / "run"
        run_dir.mkdir()
        with zipfile.ZipFile(run_dir / "model.keras", "w") as changed:
            for name, content in parts.items():
                changed.writestr(name, content)
        return run_dir

    return save


def test_a_file_that_was_taken_apart_and_not_changed_loads(saved):
    assert experiment.load(saved()).sample(3, seed=0).shape == (3, 2)


def test_code_in_a_lambda_layer_is_not_run(tmp_path):
    """It writes a file whenever the layer is called, also while Keras builds the network."""
    marker = tmp_path / "code has run"
    mark = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")
    inputs = keras.Input((3,))
    generator = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Lambda(mark)(inputs)))
    # A clone for the average would need the permission that loading does not have either.
    model = geans.GAN(generator, networks.mlp.discriminator((2,)), ema_half_life=None)
    model.compile()
    model.save(tmp_path / "model.keras")
    marker.unlink()

    keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    assert marker.exists(), "The test would prove nothing."
    marker.unlink()
    with pytest.raises(ValueError, match=r"model\.keras cannot be loaded.*(?i:lambda).*never run"):
        experiment.load(tmp_path)
    assert not marker.exists()


def first_layer(config):
    return config["config"]["generator"]["config"]["layers"][1]


FOREIGN = {
    "class of the standard library": (
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", "MARKER"]}},
        "Could not locate class 'Popen'",
    ),
    "function of the standard library": (
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        "Could not locate function 'system'",
    ),
    "class that is not registered": (
        {"module": "mine", "class_name": "Mark", "config": {}, "registered_name": "mine>Mark"},
        "Could not locate class 'Mark'",
    ),
    "function of keras that reads files": (
        {"module": "keras.utils", "class_name": "get_file", "config": {"fname": "MARKER"}},
        "Cannot deserialize `keras.utils.get_file`",
    ),
    "SavedModel beside the file": (
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "MARKER"}},
        "deserialization of a `TFSMLayer`",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_classes_are_refused(saved, tmp_path, case):
    marker = tmp_path / "marker"
    layer, message = FOREIGN[case]
    foreign = json.loads(json.dumps(layer).replace("MARKER", str(marker)))
    run_dir = saved(lambda config: first_layer(config).update(foreign))
    with pytest.raises(ValueError, match=rf"run/model\.keras cannot be loaded \(.*{message}"):
        experiment.load(run_dir)
    assert not marker.exists()


def test_weights_from_outside_the_file_are_refused(saved, tmp_path):
    """A link of HDF5 to another file would read what the sender of the model may not."""
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["0"] = np.ones((3, 8), "float32")

    def link(weights):
        found = []
        weights.visit(lambda name: found.append(name) if name.endswith("vars/0") else None)
        assert found
        for name in found:
            del weights[name]
            weights[name] = h5py.ExternalLink(str(secret), "0")

    with pytest.raises(ValueError, match=r"model\.keras cannot be loaded"):
        experiment.load(saved(change_weights=link))


def test_a_file_with_another_model_is_refused(tmp_path):
    networks.mlp.generator(3, (2,)).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="holds no adversarial model. Received: a Functional"):
        experiment.load(tmp_path)


DAMAGES = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "text": lambda content: b"not a model",
    "flipped bit": lambda content: content[:3_000] + bytes([content[3_000] ^ 1]) + content[3_001:],
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_file_is_named(saved, case):
    run_dir = saved()
    path = run_dir / "model.keras"
    path.write_bytes(DAMAGES[case](path.read_bytes()))
    with pytest.raises(ValueError, match=rf"{path} cannot be loaded"):
        experiment.load(run_dir)


def test_weights_that_are_missing_in_the_file_are_missed(saved):
    """Keras alone warns, and leaves an optimizer, or a network, as it was made."""

    def forget(weights):
        names = []
        weights.visit(lambda name: names.append(name) if name.endswith("optimizer/vars") else None)
        assert names
        for name in names:
            for number in list(weights[name]):
                del weights[name][number]

    with pytest.raises(ValueError, match="cannot be loaded .*Skipping variable loading for opt"):
        experiment.load(saved(change_weights=forget))


def test_a_folder_named_like_a_model_is_refused(saved):
    run_dir = saved()
    (run_dir / "model.keras").unlink()
    (run_dir / "model.keras").mkdir()
    with pytest.raises(ValueError, match="no trained model"):
        experiment.load(run_dir)
    shutil.rmtree(run_dir)
