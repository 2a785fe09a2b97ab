"""Runs on clips, of digits that come with the package."""

import dataclasses
import json

import numpy as np
import PIL.Image
import pytest

from geans import experiment, presets
from geans.experiment import evaluation


def small(**changes):
    preset = presets.get("video_digits")
    options = {"digits": "digits", "frames": 4}
    fields = {"image_size": 16, "samples_per_epoch": 96, "epochs": 2, "picture_every": 1}
    widths = {"generator_options": {"width": 4}, "discriminator_options": {"width": 4}}
    return dataclasses.replace(preset, **{"data_options": options, **fields, **widths, **changes})


@pytest.mark.slow
def test_a_run_directory_of_clips(tmp_path):
    experiment.run(small(), tmp_path)
    found = json.loads((tmp_path / "metrics.json").read_text())
    names = ("frame_change", "clip_change", "clip_difference")
    assert set(found) == {*names, *(f"real_{name}" for name in names)}
    measured = experiment.evaluate(tmp_path)
    assert {each.metric: each.value for each in measured} == pytest.approx(found)
    # Digits move on: the last frame differs more from the first than the second does.
    assert 0.2 < found["real_frame_change"] < found["real_clip_change"] < 1.5
    with PIL.Image.open(tmp_path / "samples.png") as picture:
        assert (picture.width, picture.height) == (4 * (4 * 16 + 2) + 2, 8 * (4 * 16 + 2) + 2)
    with PIL.Image.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames == 4


def test_a_folder_of_clips(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (32, 16, 16)).astype("uint8")
    pages = [PIL.Image.fromarray(page) for page in noise]
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=pages[1:])
    preset = small(data=f"video:{tmp_path}", data_options={"frames": 4, "channels": 1})
    dataset = experiment.make_data(preset)
    assert experiment.make_model(preset, dataset).sample(1).shape == (1, 4, 16, 16, 1)
    real = experiment.Source.of(preset).real_clips()
    np.testing.assert_array_equal(np.rint((real + 1) * 127.5), noise.reshape(8, 4, 16, 16, 1))
    measured = experiment.Source.of(preset).measure(None, real).numbers
    assert measured["real_frame_change"] == pytest.approx(1, abs=0.1)


def test_features_of_images_do_not_know_clips():
    preset = small(evaluate_every=1)
    with pytest.raises(ValueError, match=r"An image has a shape \(height, width, channels\)"):
        evaluation.reference(experiment.Source.of(preset), (4, 16, 16, 1))


def test_clips_are_never_augmented_like_images():
    preset = small(augmentation="diff_augment")
    with pytest.raises(ValueError, match="Augmentation needs images of shape"):
        experiment.make_model(preset, experiment.make_data(preset))
