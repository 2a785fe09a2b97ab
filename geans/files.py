"""Paths of files, and their atomic writing."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from geans.types import PathLike


def path_of(path: PathLike) -> pathlib.Path:
    """Returns a `pathlib.Path`, `~` expanded; raises a `ValueError` if `path` is not a path."""
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"Pass the path of a file or a folder. Received: path={path!r}.")
    return pathlib.Path(os.path.expanduser(path))


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path whose file replaces `path` if no error occurs, else is deleted.

    The temporary file is hidden, ends like `path` and is in the same directory, which must exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, replacing(f"{folder}/a.txt") as path:
        ...     _ = path.write_text("done")
    """
    path = path_of(path)
    # In the same directory, because a rename is atomic only within one file system.
    unfinished = path.with_name(f".part-{os.getpid()}.{path.name}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
