"""Atomic writing of files."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path whose file replaces `path` if no error occurs, else is deleted.

    The temporary file is hidden, ends like `path` and is in the same directory, which must exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, replacing(f"{folder}/a.txt") as path:
        ...     _ = path.write_text("done")
    """
    path = pathlib.Path(path)
    # In the same directory, because a rename is atomic only within one file system.
    unfinished = path.with_name(f".part-{os.getpid()}.{path.name}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
