"""The one preset on clips, on digits that come with the package, under every update rule."""

import dataclasses
import json

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from geans import experiment, presets

RULES = {
    "every step": {"rule": "gan", "update_every": 1, "order": "alternating"},
    "window of 2": {"rule": "gean", "update_every": 2},
    "epoch": {"rule": "gean", "update_every": "epoch"},
}


def small(**changes):
    preset = presets.get("video_digits")
    options = {"digits": "digits", "frames": 4}
    fields = {"image_size": 16, "samples_per_epoch": 96, "epochs": 2, "picture_every": 1}
    widths = {"generator_options": {"width": 4}, "discriminator_options": {"width": 4}}
    return dataclasses.replace(preset, **{"data_options": options, **fields, **widths, **changes})


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_run_under_every_rule(tmp_path, rule):
    model = experiment.run(small(**RULES[rule]), tmp_path)
    loaded = experiment.load(tmp_path)
    clips = model.sample(5, seed=1)
    assert clips.shape == (5, 4, 16, 16, 1)
    np.testing.assert_array_equal(loaded.sample(5, seed=1), clips)
    exported = tf.saved_model.load(tmp_path / "saved_model")
    np.testing.assert_allclose(exported.sample(5, 1), clips, atol=1e-5)
    found = json.loads((tmp_path / "metrics.json").read_text())
    names = ("frame_change", "clip_change", "clip_difference")
    assert set(found) == {*names, *(f"real_{name}" for name in names)}
    # Digits move on: the last frame differs more from the first than the second does.
    assert 0.2 < found["real_frame_change"] < found["real_clip_change"] < 1.5
    with PIL.Image.open(tmp_path / "samples.png") as picture:
        assert (picture.width, picture.height) == (4 * (4 * 16 + 2) + 2, 8 * (4 * 16 + 2) + 2)
    with PIL.Image.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames == 4


def test_evaluate_compares_the_motion(tmp_path):
    experiment.run(small(epochs=1), tmp_path)
    written = json.loads((tmp_path / "metrics.json").read_text())
    measured = experiment.evaluate(tmp_path)
    assert {each.metric: each.value for each in measured} == pytest.approx(written)
    assert {each.features for each in measured} == {"differences of frames"}
    with pytest.raises(ValueError, match=r"An image has a shape \(height, width, channels\)"):
        experiment.evaluate(tmp_path, metrics=["frechet_distance"])


def test_a_folder_of_clips(tmp_path):
    pages = [
        PIL.Image.fromarray(np.random.default_rng(time).integers(0, 256, (16, 16)).astype("uint8"))
        for time in range(32)
    ]
    (tmp_path / "clips").mkdir()
    pages[0].save(tmp_path / "clips" / "a.gif", save_all=True, append_images=pages[1:])
    preset = small(data=f"video:{tmp_path / 'clips'}", data_options={"frames": 4}, epochs=1)
    model = experiment.run(preset, tmp_path / "run")
    assert model.sample(1).shape == (1, 4, 16, 16, 3)
    assert "real_frame_change" in json.loads((tmp_path / "run" / "metrics.json").read_text())
