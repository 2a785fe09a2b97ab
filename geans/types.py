"""Types that recur in signatures; they need neither Keras nor TensorFlow."""

import os
from typing import Any, TypeAlias

PathLike: TypeAlias = str | os.PathLike[str]
"""Path of a file or a folder."""

Config: TypeAlias = dict[str, Any]
"""What `get_config` returns, or Keras makes of an object."""

Shape: TypeAlias = tuple[int, ...]
"""Shape of one sample."""

Size: TypeAlias = int | tuple[int, int]
"""Side of squares, or `(height, width)`, in pixels."""
