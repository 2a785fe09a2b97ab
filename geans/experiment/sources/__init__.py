"""Data sources: what strings such as `tfds:mnist` name.

To add a source, subclass `Source` in a new file here and add an entry to `SOURCES`.
"""

from geans.experiment.sources.base import Measured, Source, sample_shape
from geans.experiment.sources.clips import Clips
from geans.experiment.sources.downscaled import Downscaled
from geans.experiment.sources.images import Arrays, Embedded, Folder, Tfds
from geans.experiment.sources.modes import Mixture, Stacked
from geans.experiment.sources.translations import Pairs, Unpaired

SOURCES = {
    "embedded": Embedded,
    "tfds": Tfds,
    "folder": Folder,
    "arrays": Arrays,
    "mixture": Mixture,
    "stacked": Stacked,
    "pairs": Pairs,
    "unpaired": Unpaired,
    "downscaled": Downscaled,
    "video": Clips,
}
"""Prefixes of source strings, and their classes."""

__all__ = ["SOURCES", "Measured", "Source", "sample_shape"]
