import dataclasses
import pathlib

import pytest

from geans import experiment, presets
from geans.experiment import Source

DATA = pathlib.Path(__file__).resolve().parents[2] / "../shared/data"
NAMES = {
    "faces": (10_000, (64, 64, 3)),
    "figures": (20_000, (32, 32, 3)),
    "emoji": (990, (64, 64, 3)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_data_and_networks_fit(name):
    preset = presets.get(name)
    path = DATA / preset.data.partition(":")[2]
    if not path.is_file():
        pytest.skip(f"needs {path}")
    count, shape = NAMES[name]
    dataset = experiment.make_data(preset, DATA)
    assert (len(dataset), Source.of(preset, DATA).sample_shape()) == (-(-count // 16), shape)
    fitted = experiment.with_classes(dataclasses.replace(preset, precision="float32"), DATA)
    model = experiment.make_model(fitted, dataset)
    options = {"labels": 3} if name == "figures" else {}
    assert model.sample(1, seed=0, **options).shape == (1, *shape)
    assert len(fitted.model_options.get("class_names", [])) == (27 if name == "figures" else 0)


def test_only_few_images_are_augmented():
    assert [bool(presets.get(name).augmentation) for name in NAMES] == [False, False, True]
