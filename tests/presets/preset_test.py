import dataclasses
import json
import math
import os

import pytest

from geans import presets
from geans.presets import preset as preset_module

MINIMAL = {"name": "x", "data": "mixture:ring", "r1": 1.5}


@pytest.mark.parametrize("name", presets.names())
def test_json_round_trip(name, tmp_path):
    preset = presets.get(name)
    (tmp_path / "preset.json").write_text(json.dumps(dataclasses.asdict(preset)))
    assert presets.read(tmp_path / "preset.json") == preset


HUGE = 10**400
BAD_FIELDS = {
    "word for integer": ({"epochs": "3"}, "epochs must be int. Received: epochs='3'"),
    "float for integer": ({"epochs": 3.5}, "epochs must be int. Received: epochs=3.5"),
    "bool for integer": ({"epochs": True}, "epochs must be int. Received: epochs=True"),
    "bool for float": ({"r1": False}, "r1 must be float. Received: r1=False"),
    "number for bool": ({"reuse_fakes": 1}, "reuse_fakes must be bool. Received: reuse_fakes=1"),
    "null": ({"batch_size": None}, "batch_size must be int. Received: batch_size=None"),
    "number for word": ({"loss": 1}, "loss must be str. Received: loss=1"),
    "word for float": ({"r1": "high"}, "r1 must be float. Received: r1='high'"),
    "null for either": ({"update_every": None}, "update_every must be int or str"),
    "list for options": ({"generator_options": []}, "generator_options must be dict"),
    "nan": ({"r1": math.nan}, "r1 must be from 0.*Received: r1=nan"),
    "infinity": ({"beta_1": math.inf}, "beta_1 must be from 0.*Received: beta_1=inf"),
    "negative": ({"r2": -0.5}, "r2 must be from 0.*Received: r2=-0.5"),
    "negative seed": ({"seed": -1}, "seed must be from 0.*Received: seed=-1"),
    "zero": ({"batch_size": 0}, "batch_size must be from 1.*Received: batch_size=0"),
    "no rate": ({"generator_learning_rate": 0}, "generator_learning_rate must be from 1e-38"),
    "share of 1": ({"warmup": 1.0}, "warmup must be from 0 to 0.99.*Received: warmup=1.0"),
    "huge": ({"latent_dim": 10**9}, "latent_dim must be from 1 to 65536.*=1000000000"),
    "huge for float": ({"r1": HUGE}, r"r1 must be from 0.*Received: r1=10{199}\.\.\."),
    "path for a name": ({"name": "../x"}, r"name must be of .*Received: name='\.\./x'"),
    "no name": ({"name": ""}, "name must be of .*Received: name=''"),
    "long name": ({"name": "x" * 1_000}, r"name must be of .*x{100}\.\.\."),
    "nan in options": ({"data_options": {"radius": math.nan}}, "data_options must hold finite"),
    "deep options": ({"data_options": {"a": [[[[[[[[1]]]]]]]]}}, "at most 8 deep"),
    "objects in options": ({"optimizer_options": {"a": {1, 2}}}, "optimizer_options must hold"),
    "unknown": ({"colour": "red"}, "no field 'colour'. Rename or remove it"),
    "misspelt": ({"epoch": 3}, r"no field 'epoch'\. Did you mean 'epochs'\?"),
    "several unknown": (
        {"epoch": 3, "lost": 1},
        r"'epoch', 'lost'\. .*'epochs'\? Did you mean 'loss'",
    ),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_a_bad_field_is_named(case):
    change, message = BAD_FIELDS[case]
    with pytest.raises(ValueError, match=message):
        presets.from_dict({**MINIMAL, **change})


def test_every_number_has_a_range():
    """And all presets of the package are within, their own lowest and highest values too."""
    numbers = {
        field.name
        for field in dataclasses.fields(presets.Preset)
        if field.type in (int, float, int | None, int | str, int | str | None)
    }
    assert set(preset_module.RANGES) == numbers
    for name, limits in preset_module.RANGES.items():
        for value in limits:
            kind = int if isinstance(value, int) else float
            assert getattr(presets.from_dict({**MINIMAL, name: kind(value)}), name) == value


@pytest.mark.parametrize(
    "word",
    ["growing", "growing:", "growing:3", "growing:1", "growing:" + "9" * 5_000, "batch", "8"],
)
def test_invalid_windows(word):
    with pytest.raises(ValueError, match=f"'growing:K' .*update_every='{word[:100]}"):
        presets.from_dict({**MINIMAL, "update_every": word})


@pytest.mark.parametrize("value", [1, 8, "epoch", "growing:2", "growing:16"])
def test_valid_windows(value):
    assert presets.from_dict({**MINIMAL, "update_every": value}).update_every == value


def test_missing_fields_are_named():
    with pytest.raises(ValueError, match="the fields name, data. Missing: data"):
        presets.from_dict({"name": "x"})


GOOD_TEXT = json.dumps(MINIMAL)
BAD_FILES = {
    "empty": (b"", "Expecting value"),
    "cut short": (GOOD_TEXT[:30].encode(), "line 1"),
    "no object": (b"[1]", r"a JSON object. Received: \[1\]"),
    "binary": (b"\x00\x01", "Expecting value"),
    "not UTF-8": (GOOD_TEXT.replace("x", "\xe4").encode("latin-1"), "'utf-8' codec"),
    "UTF-16": (GOOD_TEXT.encode("utf-16"), "'utf-8' codec"),
    "NaN": (GOOD_TEXT.replace("1.5", "NaN").encode(), "NaN is not a JSON number"),
    "infinity": (GOOD_TEXT.replace("1.5", "-Infinity").encode(), "-Infinity is not a JSON number"),
    "overflow": (GOOD_TEXT.replace("1.5", "1e999").encode(), "r1=inf"),
    "digits": (GOOD_TEXT.replace("1.5", "9" * 5_000).encode(), "digits"),
    "twice": (GOOD_TEXT.replace("}", ', "name": "y"}').encode(), "'name' is there twice"),
    "twice within": (b'{"data_options": {"a": 1, "a": 2}}', "'a' is there twice"),
    "nested": (b'{"name": ' + b"[" * 100_000, "recursion"),
    "large": (b" " * (2**20 + 1), "more than 1048576 bytes"),
    "wrong field": (GOOD_TEXT.replace("}", ', "epochs": 0}').encode(), "epochs=0"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_named(case, tmp_path):
    content, message = BAD_FILES[case]
    path = tmp_path / "preset.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        presets.read(path)
    assert str(raised.value).startswith(f"No preset can be read from {path}: ")
    assert len(str(raised.value)) < 1_000


def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("missing.json", "pipe.json", ""):
        with pytest.raises(ValueError, match=f"from {tmp_path / name}: "):
            presets.read(tmp_path / name)


def test_fields_of_earlier_versions_are_ignored(tmp_path):
    former = {"expected_minutes": 7, "expected_score": "good", "step_length": "fixed"}
    path = tmp_path / "preset.json"
    path.write_text(json.dumps(MINIMAL | former))
    assert presets.read(path) == presets.from_dict(MINIMAL)
    with pytest.raises(ValueError, match="no field 'step_length'"):
        presets.from_dict({**MINIMAL, "step_length": "curvature"})


def test_an_integer_is_a_fine_float():
    assert presets.from_dict({**MINIMAL, "r1": 1}).r1 == 1


def test_every_field_is_explained():
    fields = {field.name for field in dataclasses.fields(presets.Preset)}
    assert set(presets.field_texts()) == fields
    assert presets.field_texts()["r1"] == "Gamma of the R1 penalty, on real samples; 0 disables it."


def test_plain_fields_are_numbers_and_words():
    kinds = dict(presets.plain_fields())
    assert kinds["epochs"] is int and kinds["image_size"] is int and kinds["beta_1"] is float
    assert "generator_options" not in kinds
