import dataclasses

import numpy as np
import pytest

from geans import models, presets, rules
from geans.experiment import families, precision
from geans.models import finiteness
from tests.experiment.small_presets import fashion

SHAPE = (28, 28, 1)


def small(model, **options):
    return fashion(model=model, model_options=options)


@pytest.mark.parametrize(
    ("preset", "model_class", "inputs"),
    [
        (small("plain"), models.GEAN, SHAPE),
        (small("conditional"), models.ConditionalGAN, [SHAPE, ()]),
        (small("conditional", conditioning="channels"), models.ConditionalGAN, [SHAPE, ()]),
        (small("acgan", num_classes=4), models.ACGAN, SHAPE),
        (small("infogan", num_categories=5), models.InfoGAN, SHAPE),
    ],
)
def test_every_family_makes_networks_that_fit(preset, model_class, inputs):
    found, players, options = families.make(preset, SHAPE)
    assert found is model_class
    shape = players[1].input_shape
    listed = shape if isinstance(shape, list) else [shape]
    expected = inputs if isinstance(inputs, list) else [inputs]
    assert [tuple(each[1:]) for each in listed] == expected
    model = found(*players, **options)
    assert model.sample(3, seed=0).shape == (3, *SHAPE)


def test_presets_know_the_words():
    assert presets.preset.WORDS == {
        "model": tuple(families.FAMILIES),
        "rule": tuple(families.RULES),
        "update": rules.UPDATES,
        "order": rules.ORDERS,
        "on_nan": finiteness.ON_NAN,
        "learning_rate_decay": ("constant", "linear"),
        "precision": (*precision.POLICIES, "auto"),
    }


def test_balanced_conditions():
    for name, key in (("acgan", "labels"), ("infogan", "category")):
        found, players, options = families.make(small(name), SHAPE)
        classes, codes = families.balanced_conditions(found(*players, **options), 12)
        assert classes == 10
        np.testing.assert_array_equal(codes[key], [*range(10), 0, 1])


BAD = {
    "model": ({"model": "dcgan"}, "Unknown model 'dcgan'.*acgan"),
    "rule": ({"rule": "adam"}, "Unknown rule 'adam'"),
    "gan with windows": ({"rule": "gan", "update_every": 4}, "moves at every step.*4"),
    "option": (
        {"model": "acgan", "model_options": {"classes": 10}},
        "model_options do not fit.*'classes'",
    ),
    "conditioning": (
        {"model": "conditional", "model_options": {"conditioning": "film"}},
        "'projection' or 'channels'. Received: 'film'",
    ),
    "discriminator": (
        {"model": "acgan", "discriminator_options": {"depth": 3}},
        "discriminator_options do not fit.*'depth'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_presets_that_make_no_sense(case):
    changes, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        families.make(dataclasses.replace(presets.get("gean_fashion"), **changes), SHAPE)
