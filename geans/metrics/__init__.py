# The function hides its module of the same name on purpose: `metrics.mode_coverage(samples, ring)`.
from geans.metrics.mode_coverage import (
    NOTHING,
    ModeCoverage,
    mode_coverage,
    mode_coverage_or_nothing,
)

__all__ = ["NOTHING", "ModeCoverage", "mode_coverage", "mode_coverage_or_nothing"]
