import types

import pytest

from geans import pretrained
from geans.cli import trained


def passed(run_dir=None, pretrained=None):
    return types.SimpleNamespace(run_dir=run_dir, pretrained=pretrained)


def test_a_name_of_the_package_is_enough():
    name = pretrained.names()[0]
    assert trained.source(passed(pretrained=name)) == name


@pytest.mark.parametrize(
    "values, message",
    [
        (passed(), "Pass --run_dir"),
        (passed("runs/x", "faces"), "one of --run_dir, --pretrained, not both"),
        (passed(pretrained="fases"), "Unknown pretrained model"),
        (passed("runs/missing"), "holds no trained model"),
    ],
)
def test_what_names_no_model_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        trained.source(values)
