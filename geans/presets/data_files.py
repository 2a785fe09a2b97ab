"""Source strings that name files: folders, clips, arrays, and pairs of images."""

import dataclasses
import os

from geans.files import path_of
from geans.presets.preset import Preset
from geans.types import PathLike
from geans.values import did_you_mean

DOWNSCALED = "downscaled:"
"""What comes before the source of the images of pairs for super-resolution."""

KINDS = ("folder", "arrays", "video", "pairs", "unpaired")
"""Prefixes of sources that are, or may be, files."""

IMAGES = ("folder", "arrays", "tfds", "embedded")
"""Prefixes of sources of single images, which have recipes and may be mirrored."""


def located(preset: Preset, data_dir: PathLike | None = None) -> Preset:
    """Returns the preset with the absolute path of its data, if they are files.

    Args:
        preset: A `Preset`.
        data_dir: Directory in which arrays and pairs of images are looked up.

    Raises:
        ValueError: If the files do not exist, or the data are not a source string.
    """
    if preset.data.startswith(DOWNSCALED):
        images = located(_of_images(preset), data_dir)
        return dataclasses.replace(preset, data=f"{DOWNSCALED}{images.data}")
    kind, colon, path = preset.data.partition(":")
    if not colon:
        near = f" Did you mean 'folder:{kind}'?" if path_of(kind).is_dir() else ""
        raise ValueError(
            f"data must be a source string, such as folder:photos or tfds:mnist.{near} "
            f"Received: data={preset.data!r}."
        )
    if not _names_files(preset.data):
        return preset
    root = data_dir or "" if kind in ("arrays", "pairs", "unpaired") else ""
    path = os.path.abspath(path_of(root) / path_of(path))
    if not os.path.exists(path):
        near = did_you_mean(preset.data, ["video:moving_digits"])
        raise ValueError(
            f"There is no file or folder {path!r}.{near} Say where the data are: "
            f"--data={kind}:PATH, or --data_dir for arrays and pairs. "
            f"Received: data={preset.data!r}."
        )
    return dataclasses.replace(preset, data=f"{kind}:{path}")


def moved(preset: Preset, data: str | None, data_dir: PathLike | None = None) -> Preset:
    """Returns the preset of a run with the files `data`, to where its own have moved.

    Args:
        preset: The `Preset` of the run.
        data: Source string of the same kind; `None` for the preset's own.
        data_dir: As in `located`.

    Raises:
        ValueError: If the data are not files, of another kind, or do not exist.
    """
    if data in (None, preset.data):
        return located(preset, data_dir)
    if data.startswith(DOWNSCALED) and preset.data.startswith(DOWNSCALED):
        images = moved(_of_images(preset), data.removeprefix(DOWNSCALED), data_dir)
        return dataclasses.replace(preset, data=f"{DOWNSCALED}{images.data}")
    kinds = {each.partition(":")[0] for each in (data, preset.data)}
    if len(kinds) > 1 or not _names_files(data) or not _names_files(preset.data):
        raise ValueError(
            f"The run was trained on {preset.data}, and --data says where the same files are now. "
            f"Received: data={data!r}. To train on other data, start a new run."
        )
    return located(dataclasses.replace(preset, data=data), data_dir)


def _of_images(preset):
    return dataclasses.replace(preset, data=preset.data.removeprefix(DOWNSCALED))


def _names_files(data):
    kind, _, path = data.partition(":")
    if kind == "unpaired":
        return path.endswith(".npz")
    return kind in KINDS and path not in ("", "moving_digits")
