"""Callbacks that observe a training run without changing its weights."""

from geans.callbacks.checkpoint import Checkpoint
from geans.callbacks.cost import Cost
from geans.callbacks.coverage import Coverage
from geans.callbacks.evaluate import Evaluate
from geans.callbacks.history_file import HistoryFile
from geans.callbacks.progress import Progress
from geans.callbacks.sample_grid import SampleGrid
from geans.callbacks.tensor_board import TensorBoard

__all__ = [
    "Checkpoint",
    "Cost",
    "Coverage",
    "Evaluate",
    "HistoryFile",
    "Progress",
    "SampleGrid",
    "TensorBoard",
]
