import dataclasses

import pytest

from geans import experiment, presets


@pytest.mark.parametrize("name", ["conditional", "gean_conditional", "cgan", "acgan"])
def test_there_are_as_many_classes_as_the_data_have(name):
    preset = presets.get(name)
    assert experiment.with_classes(preset).model_options["num_classes"] == 10


def test_gean_differs_from_gan_in_the_rule_alone():
    gan, gean = presets.get("conditional"), presets.get("gean_conditional")
    rule = {name: getattr(gan, name) for name in ("name", "rule", "update_every", "order")}
    assert dataclasses.replace(gean, **rule) == gan


def test_codes_are_found_without_labels():
    preset = presets.get("infogan")
    assert preset.model_options == {"num_categories": 10, "num_continuous": 2}
