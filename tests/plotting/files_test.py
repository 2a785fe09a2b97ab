import os

import numpy as np
import pytest
from PIL import Image

from geans import plotting


class TestSave:
    def test_makes_folders_and_leaves_nothing_else(self, tmp_path):
        path = tmp_path / "run" / "pictures" / "grid.png"
        plotting.save(plotting.image_grid(np.ones((1, 8, 8, 1))), path)
        assert [file.name for file in path.parent.iterdir()] == ["grid.png"]
        assert Image.open(path).size == (36, 36)

    def test_failure_keeps_the_old_picture(self, tmp_path):
        class Broken:
            def savefig(self, file, **options):
                file.write_bytes(b"half a picture")
                raise OSError("disk full")

        (tmp_path / "a.png").write_bytes(b"old")
        with pytest.raises(OSError, match="disk full"):
            plotting.save(Broken(), tmp_path / "a.png")
        assert os.listdir(tmp_path) == ["a.png"]
        assert (tmp_path / "a.png").read_bytes() == b"old"

    def test_who_reads_the_old_picture_is_not_disturbed(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_bytes(b"old")
        with open(path, "rb") as reader:
            plotting.save(plotting.image_grid(np.ones((1, 8, 8, 1))), path)
            assert reader.read() == b"old"
        assert Image.open(path).size == (36, 36)

    def test_wrong_suffix(self, tmp_path):
        with pytest.raises(ValueError, match="end in .png"):
            plotting.save(plotting.image_grid(np.ones((1, 8, 8, 1))), tmp_path / "curves.pdf")


class TestAnimation:
    def frames(self, folder, sides=(8, 8, 8)):
        paths = [folder / f"{index}.png" for index in range(len(sides))]
        for index, (path, side) in enumerate(zip(paths, sides, strict=True)):
            Image.new("RGB", (side, side), (50 * index, 0, 0)).save(path)
        return paths

    def test_frames_durations_and_loop(self, tmp_path):
        path = tmp_path / "new" / "all.gif"
        plotting.animation(self.frames(tmp_path), path, seconds_per_frame=0.1, seconds_at_end=3)
        with Image.open(path) as gif:
            assert (gif.n_frames, gif.info["loop"]) == (3, 0)
            durations, reds = [], []
            for index in range(3):
                gif.seek(index)
                durations.append(gif.info["duration"])
                reds.append(gif.convert("RGB").getpixel((4, 4))[0])
        assert durations == [100, 100, 3000]
        assert reds == [0, 50, 100]
        assert os.listdir(path.parent) == ["all.gif"]

    def test_one_frame(self, tmp_path):
        plotting.animation(self.frames(tmp_path, sides=(8,)), tmp_path / "one.gif")
        assert Image.open(tmp_path / "one.gif").n_frames == 1

    def test_smaller_frames_are_centred_on_white(self, tmp_path):
        plotting.animation(self.frames(tmp_path, sides=(4, 8)), tmp_path / "both.gif")
        with Image.open(tmp_path / "both.gif") as gif:
            first = np.asarray(gif.convert("RGB"))
        assert first.shape == (8, 8, 3)
        assert first[1, 1].tolist() == [255, 255, 255]
        assert first[2, 2].tolist() == first[5, 5].tolist() == [0, 0, 0]

    def test_errors(self, tmp_path):
        frames = self.frames(tmp_path)
        with pytest.raises(ValueError, match="at least one frame"):
            plotting.animation([], tmp_path / "a.gif")
        with pytest.raises(ValueError, match="seconds_per_frame=0.01"):
            plotting.animation(frames, tmp_path / "a.gif", seconds_per_frame=0.01)
        with pytest.raises(ValueError, match="end in .gif"):
            plotting.animation(frames, tmp_path / "a.mp4")
