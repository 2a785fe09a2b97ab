"""Files of NumPy arrays, which need not be trusted."""

import contextlib
import zipfile

import numpy as np

from geans import values
from geans.data import image_files


@contextlib.contextmanager
def opened(path):
    """Opens a `.npz` file without pickled objects; raises `ValueError` if it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except FileNotFoundError as error:
        raise ValueError(
            f"There is no file {image_files.shown(path)}. A relative path is looked up in the "
            "directory of the data: --data_dir on the command line."
        ) from error
    # What np.load raises for files that are not archives, are cut short, or hold Python objects.
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{image_files.shown(path)} cannot be read: {error}") from error


def arrays(path, *names):
    """Returns arrays of a `.npz` file; raises `ValueError` if it cannot be read or has no such."""
    with opened(path) as file:
        for name in names:
            values.check_name(f"array of {image_files.shown(path)}", name, file.files)
        return [file[name] for name in names]


def names(path):
    """Returns the names of the arrays; raises `ValueError` if the file cannot be read."""
    with opened(path) as file:
        return file.files


def class_names(path, classes):
    """Returns the names of classes: the array of that name with `_names`, or else numbers.

    Args:
        path: The `.npz` file.
        classes: Name of an array of integers from 0.
    """
    (labels,) = arrays(path, classes)
    with opened(path) as file:
        if f"{classes}_names" in file.files:
            return file[f"{classes}_names"].astype(str).tolist()
    return [str(index) for index in range(int(labels.max()) + 1)]
