import dataclasses
import json

import pytest

from geans import presets

MINIMAL = {"name": "x", "data": "mixture:ring", "expected_minutes": 1, "expected_score": "-"}


@pytest.mark.parametrize("name", presets.names())
def test_json_round_trip(name, tmp_path):
    preset = presets.get(name)
    (tmp_path / "preset.json").write_text(json.dumps(dataclasses.asdict(preset)))
    assert presets.read(tmp_path / "preset.json") == preset


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": "3"}, "epochs must be int. Received: epochs='3'"),
        ({"epochs": 3.5}, "epochs must be int"),
        ({"epochs": True}, "epochs must be int"),
        ({"r1": "high"}, "r1 must be float"),
        ({"update_every": None}, "update_every must be int or str"),
        ({"generator_options": []}, "generator_options must be dict"),
        ({"colour": "red"}, r"Unknown: \['colour'\]"),
    ],
)
def test_a_bad_field_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        presets.from_dict({**MINIMAL, **change})


@pytest.mark.parametrize("word", ["growing", "growing:", "growing:3", "growing:1", "batch", "8"])
def test_windows_that_make_no_sense(word):
    with pytest.raises(ValueError, match=f"'growing:K' .*update_every='{word}'"):
        presets.from_dict({**MINIMAL, "update_every": word})


@pytest.mark.parametrize("value", [1, 8, "epoch", "growing:2", "growing:16"])
def test_windows_that_make_sense(value):
    assert presets.from_dict({**MINIMAL, "update_every": value}).update_every == value


def test_missing_fields_are_named():
    with pytest.raises(ValueError, match=r"missing: \['data', 'expected_minutes'"):
        presets.from_dict({"name": "x"})


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_a_damaged_file_is_named(text, tmp_path):
    (tmp_path / "preset.json").write_text(text)
    with pytest.raises(ValueError, match="preset"):
        presets.read(tmp_path / "preset.json")
    with pytest.raises(ValueError, match="missing.json"):
        presets.read(tmp_path / "missing.json")


def test_an_integer_is_a_fine_float():
    assert presets.from_dict({**MINIMAL, "r1": 1}).r1 == 1


def test_every_field_is_explained():
    fields = {field.name for field in dataclasses.fields(presets.Preset)}
    assert set(presets.field_texts()) == fields
    assert presets.field_texts()["r1"] == "Gamma of the R1 penalty, on real samples; 0 for none."


def test_plain_fields_are_numbers_and_words():
    kinds = dict(presets.plain_fields())
    assert kinds["epochs"] is int and kinds["image_size"] is int and kinds["beta_1"] is float
    assert "generator_options" not in kinds
