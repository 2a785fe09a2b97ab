# Functions hide their modules of the same name on purpose: `metrics.mode_coverage(samples, ring)`.
from geans.metrics.diversity import ms_ssim_diversity, ms_ssim_per_class
from geans.metrics.feature_statistics import FeatureStatistics
from geans.metrics.frechet import (
    ClassDistances,
    Gaussian,
    frechet_bias,
    frechet_distance,
    frechet_distance_of,
    frechet_distance_per_class,
)
from geans.metrics.inception_score import InceptionScore, inception_score
from geans.metrics.kernel import KernelDistance, kernel_distance
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
from geans.metrics.precision_recall import PRDC, prdc

__all__ = [
    "ClassDistances",
    "DataCopying",
    "FeatureStatistics",
    "Gaussian",
    "InceptionScore",
    "KernelDistance",
    "ModeCoverage",
    "NOTHING",
    "NearestNeighbours",
    "PRDC",
    "data_copying",
    "frechet_bias",
    "frechet_distance",
    "frechet_distance_of",
    "frechet_distance_per_class",
    "inception_score",
    "kernel_distance",
    "mode_coverage",
    "mode_coverage_or_nothing",
    "ms_ssim_diversity",
    "ms_ssim_per_class",
    "nearest_neighbours",
    "prdc",
]
