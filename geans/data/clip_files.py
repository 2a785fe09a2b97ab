"""Files of a folder of clips: GIFs, and subfolders of frames."""

import dataclasses
import itertools
import pathlib
import re

import numpy as np
import PIL.ImageSequence

from geans.data import image_files


@dataclasses.dataclass(frozen=True)
class Recording:
    """GIF, or the frames of a folder.

    Args:
        path: Path of the GIF or the folder.
        files: The GIF, or the frames in the order of the numbers in their names.
    """

    path: pathlib.Path
    files: tuple

    def check_length(self, frames):
        """Returns the number of frames; raises `ValueError` if there are fewer than `frames`."""
        if self.path in self.files:
            with image_files.opened(self.path) as image:
                count = image.n_frames
        else:
            count = len(self.files)
        if count < frames:
            raise ValueError(f"{count} frames are too few for clips of {frames}")
        return count

    def clips(self, shape):
        """Yields consecutive uint8 clips of `shape` (frames, height, width, channels)."""
        frames = self._frames(shape[1:])
        while len(clip := list(itertools.islice(frames, shape[0]))) == shape[0]:
            yield np.stack(clip)

    def _frames(self, shape):
        for file in self.files:
            with image_files.opened(file) as image:
                pages = PIL.ImageSequence.Iterator(image) if file == self.path else [image]
                for page in pages:
                    yield image_files.fitted(page, shape)


def find(folder):
    """Returns all recordings of a folder and its subfolders, sorted; see `image_files.find`."""
    recordings = {}
    for file in image_files.find(folder):
        path = file if file.suffix.lower() == ".gif" else file.parent
        recordings.setdefault(path, []).append(file)
    return [
        Recording(path, tuple(sorted(files, key=_numbers)))
        for path, files in sorted(recordings.items())
    ]


def _numbers(path):
    """Sorts frame 2 before frame 10."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if part.isdecimal() else part for part in parts], path.name
