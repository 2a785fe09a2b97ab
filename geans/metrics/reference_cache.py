"""Cache on disk of the features of real images."""

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
"""Version in every key, to be raised when the file format changes."""


def directory():
    """Returns the cache's folder: `GEANS_CACHE`, or `geans` in `XDG_CACHE_HOME` or `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("GEANS_CACHE") or pathlib.Path(home, "geans"))


def read(key):
    """Returns the dict of arrays written under a key, a dict of plain values; `None` if missing."""
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
    """Writes arrays under a key atomically; logs a warning if that fails."""
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
