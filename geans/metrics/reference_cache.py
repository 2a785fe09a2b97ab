"""Features of real images, kept between runs: they cost minutes and never change."""

import hashlib
import json
import logging
import os
import pathlib
import zipfile
import zlib

import numpy as np

from geans import files

LAYOUT = 2
"""Number in every key, to be raised when the files change."""


def directory():
    """Where the files are: `GEANS_CACHE`, or `geans` in `XDG_CACHE_HOME` or `~/.cache`.

    Example:
        >>> directory().name != ""
        True
    """
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("GEANS_CACHE") or pathlib.Path(home, "geans"))


def read(key):
    """The arrays that were written under a key, a dict; `None` if there are none.

    Args:
        key: Dict of plain values that says all on which the arrays depend.
    """
    path = _path(key)
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        _log().warning("Features of real images cannot be looked up: %s", error)
        return None
    # An array alone has no files; zipfile and zlib have errors of their own.
    except (AttributeError, EOFError, OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        _log().warning("%s is damaged and will be written anew: %s", path, error)
        return None


def write(key, arrays):
    """Keeps arrays under a key, whole or not at all; where that fails, says so and goes on."""
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as unfinished:
            np.savez(unfinished, **arrays)
            path.with_suffix(".json").write_text(json.dumps(key, indent=2) + "\n")
    except OSError as error:
        _log().warning("Features of real images are not kept for the next time: %s", error)


def _path(key):
    text = json.dumps({"layout": LAYOUT, **key}, sort_keys=True)
    return directory() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def _log():
    return logging.getLogger(__name__)
