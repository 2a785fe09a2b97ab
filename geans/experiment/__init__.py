"""Runs: training presets, and loading and evaluating the results."""

from geans.experiment.checks import Finding
from geans.experiment.copying import neighbours
from geans.experiment.diagnosis import diagnose
from geans.experiment.evaluation import evaluate, evaluate_folders
from geans.experiment.evaluation import write as write_measurements
from geans.experiment.loading import from_pretrained, load, preset_of, trained
from geans.experiment.making import (
    count_updates,
    fitted,
    from_preset,
    make_data,
    make_mixture,
    make_model,
    with_classes,
)
from geans.experiment.recipes import recipe
from geans.experiment.running import run
from geans.experiment.sources import SOURCES, Source

__all__ = [
    "SOURCES",
    "Finding",
    "Source",
    "count_updates",
    "diagnose",
    "evaluate",
    "evaluate_folders",
    "fitted",
    "from_preset",
    "from_pretrained",
    "load",
    "make_data",
    "make_mixture",
    "make_model",
    "neighbours",
    "preset_of",
    "recipe",
    "run",
    "trained",
    "with_classes",
    "write_measurements",
]
