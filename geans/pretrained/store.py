"""Files of trained weights, whose SHA-256 is checked before anything is read from them."""

import functools
import hashlib
import io
import json
import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from geans import files, values
from geans.types import PathLike

FOLDER = pathlib.Path(__file__).parent
TABLE = FOLDER / "models.json"


@functools.cache
def _table():
    return json.loads(TABLE.read_text(encoding="utf-8"))


def names() -> list[str]:
    """Returns the names of all pretrained models, sorted."""
    return sorted(_table())


def entry(name: str) -> dict[str, Any]:
    """Returns what the table says of a model; raises a `ValueError` if the name is unknown.

    Returns:
        Dict with

        - `preset`: the fields of the `presets.Preset` that was trained;
        - `shape`: `[height, width, channels]` of a sample, of translations a pair of those;
        - `files`: dict from `"generator"` and `"discriminator"` to the `file`, its `sha256` and, if
          it is not in the package, the `url` to fetch it from;
        - what the model card needs.
    """
    values.check_name("pretrained model", name, names())
    return _table()[name]


def weights(name: str, part: str) -> list[np.ndarray]:
    """Returns the weights of a model's `"generator"` (EMA) or `"discriminator"`: float32 arrays.

    A file that is not in the package is fetched once and kept in Keras' cache directory.

    Raises:
        ValueError: If the file is missing, or is not the one that was published.
    """
    file = entry(name)["files"][part]
    return read(_fetched(file) if file.get("url") else FOLDER / file["file"], file["sha256"])


def _fetched(file):
    import keras  # Takes seconds, and names are asked for without.

    name = f"{file['sha256'][:16]}_{file['file']}"  # A new version is another file.
    try:
        path = keras.utils.get_file(
            name,
            file["url"],
            file_hash=file["sha256"],
            hash_algorithm="sha256",
            cache_subdir="geans",
        )
    # Keras raises a bare `Exception` if the file is missing or the server cannot be reached.
    except Exception as error:
        raise ValueError(f"{file['url']} cannot be fetched: {error}") from error
    return pathlib.Path(path)


def read(path: PathLike, sha256: str) -> list[np.ndarray]:
    """Returns the arrays of a file of `write`, as float32.

    Raises:
        ValueError: If the file is missing, or its SHA-256 is another; nothing is then read from it.
    """
    path = files.path_of(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read: {error.strerror}. Install geans again."
        ) from error
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(
            f"{path} is not the file that was published: its SHA-256 is {found}, not {sha256}. "
            "Delete it, and install geans again."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return [arrays[str(index)].astype("float32") for index in range(len(arrays.files))]


def write(path: PathLike, arrays: Iterable[npt.ArrayLike]) -> str:
    """Writes arrays as float16 into a `.npz` file, and returns its SHA-256.

    Raises:
        ValueError: If an array holds values that float16 cannot.
    """
    halves: dict[str, Any] = {}
    for index, array in enumerate(arrays):
        with np.errstate(over="ignore"):
            half = np.asarray(array).astype("float16")
        if not np.isfinite(half).all():
            raise ValueError(f"Array {index}, of shape {half.shape}, has values beyond float16.")
        halves[str(index)] = half
    path = files.path_of(path)
    with files.replacing(path) as unfinished:
        np.savez_compressed(unfinished, **halves)
    return hashlib.sha256(path.read_bytes()).hexdigest()
