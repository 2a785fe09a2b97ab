import pathlib

import own_images
import pytest

from geans import experiment, presets

DATA = pathlib.Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.mark.parametrize("name", own_images.IMAGES)
def test_the_images_are_there(name):
    preset = presets.from_dict({"name": "own", "data_options": {}, **own_images.IMAGES[name]})
    if preset.data.startswith("tfds:") or not (DATA / preset.data.partition(":")[2]).is_file():
        pytest.skip(f"needs {preset.data}")
    shape = experiment.Source.of(preset, DATA).sample_shape()
    assert shape[-1] == (1 if name == "silhouettes" else 3)
