"""Data sources: what a string such as `tfds:mnist` names, with all that a run asks of it.

A new kind of source is one file beside these, with a subclass of `Source`, and one entry here.
"""

from geans.experiment.sources.base import Measured, Source, sample_shape
from geans.experiment.sources.clips import Clips
from geans.experiment.sources.images import Embedded, Folder, Tfds
from geans.experiment.sources.modes import Mixture, Stacked
from geans.experiment.sources.translations import Pairs, Unpaired

SOURCES = {
    "embedded": Embedded,
    "tfds": Tfds,
    "folder": Folder,
    "mixture": Mixture,
    "stacked": Stacked,
    "pairs": Pairs,
    "unpaired": Unpaired,
    "video": Clips,
}
"""Prefixes of source strings, and the classes of what they name."""

__all__ = ["SOURCES", "Measured", "Source", "sample_shape"]
