import numpy as np
import PIL.Image
import pytest

from geans.data import video
from geans.experiment.sources import Source

FEW = {"digits": "digits", "frames": 4}


def pixels(dataset):
    return np.concatenate(list(dataset.as_numpy_iterator()))


def test_moving_digits_or_a_folder(tmp_path):
    pages = [PIL.Image.new("L", (8, 8), 30 * shade) for shade in range(8)]
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=pages[1:])
    options = {"frames": 4, "channels": 1}
    folder = Source.parse(f"video:{tmp_path}", image_size=16, options=options)
    assert folder.sample_shape() == (4, 16, 16, 1)
    assert Source.parse(f"video:{tmp_path}").sample_shape() == (8, 32, 32, 3)
    digits = Source.parse("video:moving_digits", size=70, options={"digits": "digits"})
    assert digits.sample_shape() == (8, 32, 32, 1)
    assert len(digits.dataset(batch_size=35)) == 2


def test_the_same_as_the_function():
    source = Source.parse("video:moving_digits", size=9, image_size=12, seed=3, options=FEW)
    made = video.moving_digits("digits", clips=9, frames=4, image_size=12, seed=3)
    np.testing.assert_array_equal(pixels(source.dataset()), pixels(made))


def test_motion_is_compared_with_that_of_real_clips():
    source = Source.parse("video:moving_digits", size=20, image_size=12, options=FEW)
    real = source.real_clips()
    measured = source.measure(None, real)
    assert (measured.real_count, measured.fake_count) == (20, 20)
    numbers = measured.numbers
    assert numbers["frame_change"] == numbers["real_frame_change"] > 0
    with pytest.raises(ValueError):
        source.measure(None, real[:1])
