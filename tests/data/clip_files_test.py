"""Further through `video.from_folder`, in `video_test.py`."""

import numpy as np
import PIL.Image
import pytest

from geans.data import clip_files


def save(path, frames=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    shades = [PIL.Image.new("L", (8, 8), 10 * time) for time in range(frames)]
    shades[0].save(path, **({"save_all": True, "append_images": shades[1:]} if frames > 1 else {}))


def test_recordings_are_gifs_and_folders_of_frames(tmp_path):
    for name in ("b/9.png", "b/10.jpg", "b/11.JPEG", "0.png", "b/x.gif", "c/d/1.png"):
        save(tmp_path / name)
    found = {
        str(each.path.relative_to(tmp_path)): [file.name for file in each.files]
        for each in clip_files.find(tmp_path)
    }
    assert found == {
        ".": ["0.png"],
        "b": ["9.png", "10.jpg", "11.JPEG"],
        "b/x.gif": ["x.gif"],
        "c/d": ["1.png"],
    }
    assert list(found) == sorted(found)


def test_length_and_clips(tmp_path):
    save(tmp_path / "a.gif", frames=7)
    (recording,) = clip_files.find(tmp_path)
    assert recording.check_length(7) == 7
    with pytest.raises(ValueError, match="7 frames are too few for clips of 8"):
        recording.check_length(8)
    clips = np.array(list(recording.clips((3, 4, 4, 1))))
    assert clips.shape == (2, 3, 4, 4, 1) and clips.dtype == np.uint8
    assert clips[..., 0, 0, 0].tolist() == [[0, 10, 20], [30, 40, 50]]


def test_an_animation_among_frames_is_one_frame(tmp_path):
    """An animated PNG, of which the first frame counts, as among images."""
    save(tmp_path / "clip" / "1.png", frames=3)
    save(tmp_path / "clip" / "2.png")
    (recording,) = clip_files.find(tmp_path)
    assert recording.check_length(2) == 2
    assert [clip.shape for clip in recording.clips((2, 8, 8, 1))] == [(2, 8, 8, 1)]
