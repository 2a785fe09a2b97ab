"""What the runs of presets are called, and which presets can resume a run."""

import dataclasses
import os
import re

from geans import files
from geans.presets import data_files
from geans.presets.preset import Preset, read
from geans.types import PathLike

FREE = ("epochs", "picture_every", "evaluate_every")
"""Fields that may change when a run is resumed, beside the path of moved data."""


def run_name(preset: Preset, data: str | None = None) -> str:
    """Returns the name of the directory of a preset's run, on its own data or on others.

    Example:
        >>> from geans import presets
        >>> preset = presets.get("gean_fashion")
        >>> run_name(preset), run_name(preset, "folder:/home/me/photos")
        ('gean_fashion', 'gean_photos')
    """
    if data in (None, preset.data):
        return preset.name
    own, other = map(name_of_data, (preset.data, data))
    return f"{preset.name.removesuffix(f'_{own}')}_{other}"


def check_resume(preset: Preset, run_dir: PathLike) -> None:
    """Raises a `ValueError` if a preset cannot resume the run in a directory."""
    before = read(files.path_of(run_dir) / "preset.json")
    data_files.moved(before, preset.data)
    fields = [each.name for each in dataclasses.fields(preset) if each.name not in (*FREE, "data")]
    pairs = {name: (getattr(before, name), getattr(preset, name)) for name in fields}
    changed = [f"{name}={now!r}, was {was!r}" for name, (was, now) in pairs.items() if was != now]
    if changed:
        raise ValueError(
            f"A resumed run keeps its options, but these differ: {'; '.join(changed)}. Only "
            f"{', '.join(FREE)} may change, and the path of moved data. For others, start a new "
            "run in another --run_dir."
        )
    done = _epochs_done(run_dir)
    if preset.epochs < done:
        raise ValueError(
            f"{run_dir} has trained {done} epochs already. Received: epochs={preset.epochs}, the "
            f"number in all. Pass --epochs={done} or more, or start a new run in another --run_dir."
        )
    if preset.epochs > before.epochs and preset.learning_rate_decay != "constant":
        raise ValueError(
            f"The learning rate reaches 0 at epoch {before.epochs}, so that epochs up to "
            f"{preset.epochs} would change nothing. Start a new run with --epochs={preset.epochs}."
        )


def finished(preset: Preset, run_dir: PathLike) -> str:
    """Returns a text that says how to train longer, if all epochs of a run are done, else ""."""
    done = _epochs_done(run_dir)
    # The last thing a run does is to remove all checkpoints but one.
    whole = (files.path_of(run_dir) / "model.keras").is_file() and len(_checkpoints(run_dir)) == 1
    if not whole or done < preset.epochs:
        return ""
    longer = f"add --epochs={2 * done}, the number in all"
    if preset.learning_rate_decay != "constant":
        longer = f"start a new run with --epochs={2 * done}: its learning rate has reached 0"
    return f"{run_dir} is finished: {done} of {preset.epochs} epochs. To train longer, {longer}."


def _epochs_done(run_dir):
    found = _checkpoints(run_dir)
    return int(found[-1].name.split("_")[1]) if found else 0


def _checkpoints(run_dir):
    return sorted((files.path_of(run_dir) / "checkpoints").glob("epoch_*_step_*"))


def name_of_data(data: str) -> str:
    """Returns a name for runs on the data of a source string: that of its file or folder."""
    data = data.removeprefix(data_files.DOWNSCALED)
    path = os.path.abspath(files.path_of(data.partition(":")[2]))
    return re.sub(r"[^\w.-]+", "_", os.path.basename(path).removesuffix(".npz"))
