import io

import numpy as np
import pytest
from PIL import Image

from geans import plotting


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def test_a_row_shows_the_frames_of_a_clip_in_order():
    clips = noise(5, 3, 8, 8, 1)
    picture = rendered(plotting.clip_rows(clips))
    # Four screen pixels each, and a gap of 2.
    assert picture.shape == (5 * 34 + 2, 3 * 34 + 2, 3)
    fourth_clip_second_frame = picture[2 + 3 * 34 : 34 + 3 * 34 : 4, 2 + 34 : 34 + 34 : 4]
    expected = np.rint((clips[3, 1] + 1) * 127.5)
    np.testing.assert_array_equal(fourth_clip_second_frame, np.broadcast_to(expected, (8, 8, 3)))


def test_a_title_lies_above_the_rows():
    clips = noise(2, 4, 8, 8, 3)
    plain, titled = (rendered(plotting.clip_rows(clips, title=title)) for title in (None, "clips"))
    np.testing.assert_array_equal(titled[-len(plain) :], plain)
    assert (titled[: -len(plain)] < 128).any()


def test_frames_of_an_animation_show_all_clips_at_one_time(tmp_path):
    grey = np.linspace(-1, 1, 12).reshape(4, 3, 1, 1, 1)
    clips = np.broadcast_to(grey, (4, 3, 8, 8, 1))
    path = tmp_path / "new" / "clips.gif"
    plotting.clip_animation(clips, path, seconds_per_frame=0.1, seconds_at_end=1)
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (3, (70, 70), 0)
        for time in range(3):
            gif.seek(time)
            assert gif.info["duration"] == (1000 if time == 2 else 100)
            found = np.asarray(gif.convert("L"))[[10, 10, 50, 50], [10, 50, 10, 50]]
            np.testing.assert_array_equal(found, np.rint((grey[:, time, 0, 0, 0] + 1) * 127.5))
    assert [file.name for file in path.parent.iterdir()] == ["clips.gif"]


def test_columns(tmp_path):
    clips = np.zeros((4, 2, 8, 8, 3))
    clips[:, 1] = 1
    plotting.clip_animation(clips, tmp_path / "row.gif", columns=4)
    assert Image.open(tmp_path / "row.gif").size == (4 * 34 + 2, 34 + 2)


@pytest.mark.parametrize("shape", [(8, 28, 28, 1), (0, 8, 28, 28, 1), (2, 0, 8, 8, 1)])
def test_wrong_shapes(shape, tmp_path):
    for draw in (plotting.clip_rows, lambda clips: plotting.clip_animation(clips, "a.gif")):
        with pytest.raises(ValueError, match=rf"Received: shape \({shape[0]}, {shape[1]}"):
            draw(np.zeros(shape))


def test_two_channels_are_no_picture():
    with pytest.raises(ValueError, match="1, 3 or 4 channels"):
        plotting.clip_rows(np.zeros((2, 4, 8, 8, 2)))


def test_wrong_suffix(tmp_path):
    with pytest.raises(ValueError, match="end in .gif"):
        plotting.clip_animation(np.zeros((1, 2, 8, 8, 1)), tmp_path / "clips.mp4")
