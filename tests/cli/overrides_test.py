import dataclasses

import pytest
from absl import flags

from geans import presets
from geans.cli import overrides


def parse(*arguments, without=()):
    values = flags.FlagValues()
    overrides.define_flags(values, without=without)
    values(["test", *arguments])
    return values


def test_only_what_is_given_changes():
    preset = presets.get("gan_ring")
    assert overrides.apply(preset, parse()) == preset
    changed = overrides.apply(preset, parse("--epochs=3", "--r1=0.5", "--loss=hinge"))
    assert (changed.epochs, changed.r1, changed.loss) == (3, 0.5, "hinge")
    assert changed.batch_size == preset.batch_size


@pytest.mark.parametrize(("text", "value"), [("4", 4), ("epoch", "epoch"), ("growing:8",) * 2])
def test_update_every_is_a_number_or_a_word(text, value):
    preset = overrides.apply(presets.get("gean_ring"), parse(f"--update_every={text}"))
    assert preset.update_every == value


def test_image_sizes_are_squares_or_of_width_and_height():
    preset = presets.get("gan_fashion")
    for text, size in (("64", 64), ("64x48", "64x48")):
        assert overrides.apply(preset, parse(f"--image_size={text}")).image_size == size
    with pytest.raises(ValueError, match="'WIDTHxHEIGHT'.*Received: image_size='64x'"):
        overrides.apply(preset, parse("--image_size=64x"))


def test_options_are_json_and_added_to_the_presets():
    preset = presets.get("dcgan")
    changed = overrides.apply(preset, parse("--width=8", '--generator_options={"width": 32}'))
    assert changed.generator_options == preset.generator_options | {"width": 32}
    assert changed.discriminator_options == preset.discriminator_options | {"width": 8}
    for text in ("width=8", "[8]", "", "{"):
        with pytest.raises(ValueError, match="--data_options must be a JSON object"):
            overrides.apply(preset, parse(f"--data_options={text}"))


def test_every_field_is_a_flag_except_for_descriptions_and_those_left_out():
    fields = {field.name for field in dataclasses.fields(presets.Preset)}
    assert set(parse(without=("seed",))) == fields - {"name", "seed"} | {"width"}
    preset = presets.get("gan_ring")
    assert overrides.apply(preset, parse("--epochs=2", without=("seed",))).seed == preset.seed
