# The function hides its module of the same name on purpose: `metrics.mode_coverage(samples, ring)`.
from geans.metrics.diversity import ms_ssim_diversity, ms_ssim_per_class
from geans.metrics.mode_coverage import (
    NOTHING,
    ModeCoverage,
    mode_coverage,
    mode_coverage_or_nothing,
)
from geans.metrics.neighbours import (
    DataCopying,
    NearestNeighbours,
    data_copying,
    nearest_neighbours,
)

__all__ = [
    "NOTHING",
    "DataCopying",
    "ModeCoverage",
    "NearestNeighbours",
    "data_copying",
    "mode_coverage",
    "mode_coverage_or_nothing",
    "ms_ssim_diversity",
    "ms_ssim_per_class",
    "nearest_neighbours",
]
