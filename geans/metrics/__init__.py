# Functions hide their modules of the same name on purpose: `metrics.mode_coverage(samples, ring)`.
from geans.metrics import artifacts, features
from geans.metrics.anomaly import Anomalies, anomaly_scores, auroc
from geans.metrics.class_coverage import ClassCoverage, coverage_per_class
from geans.metrics.diversity import ms_ssim_diversity, ms_ssim_per_class
from geans.metrics.evaluation import METRICS, Metric, measure
from geans.metrics.feature_set import FeatureSet, extract, extract_cached
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
from geans.metrics.label_agreement import LabelAgreement, label_agreement
from geans.metrics.measurement import Measurement, Origin
from geans.metrics.mode_coverage import (
    NOTHING,
    ModeCoverage,
    mode_coverage,
    mode_coverage_or_nothing,
)
from geans.metrics.motion import Motion, motion
from geans.metrics.neighbours import (
    DataCopying,
    NearestNeighbours,
    data_copying,
    nearest_neighbours,
)
from geans.metrics.overfitting import Overfitting, overfitting
from geans.metrics.precision_recall import PRDC, prdc
from geans.metrics.reconstruction import (
    mean_absolute_error,
    peak_signal_to_noise_ratio,
    structural_similarity,
)

__all__ = [
    "Anomalies",
    "ClassCoverage",
    "ClassDistances",
    "DataCopying",
    "FeatureSet",
    "FeatureStatistics",
    "Gaussian",
    "InceptionScore",
    "KernelDistance",
    "LabelAgreement",
    "METRICS",
    "Measurement",
    "Metric",
    "ModeCoverage",
    "Motion",
    "NOTHING",
    "NearestNeighbours",
    "Origin",
    "Overfitting",
    "PRDC",
    "anomaly_scores",
    "artifacts",
    "auroc",
    "coverage_per_class",
    "data_copying",
    "extract",
    "extract_cached",
    "features",
    "frechet_bias",
    "frechet_distance",
    "frechet_distance_of",
    "frechet_distance_per_class",
    "inception_score",
    "kernel_distance",
    "label_agreement",
    "mean_absolute_error",
    "measure",
    "mode_coverage",
    "mode_coverage_or_nothing",
    "motion",
    "ms_ssim_diversity",
    "ms_ssim_per_class",
    "nearest_neighbours",
    "overfitting",
    "peak_signal_to_noise_ratio",
    "prdc",
    "structural_similarity",
]
