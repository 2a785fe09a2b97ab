"""Files that are written whole or not at all."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path, and renames the file written there to `path` if all went well.

    The temporary file is hidden, ends like `path`, and is deleted when writing fails.

    Args:
        path: The file to write or replace, in a directory that exists.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/notes.txt") as unfinished:
    ...         _ = unfinished.write_text("done")
    ...     os.listdir(folder)
    ['notes.txt']
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
