"""Presets trained on normal images, for `metrics.anomaly_scores`."""

import dataclasses

from geans.presets import zoo


def anomaly_mnist():
    """DCGAN on MNIST without the digit 0, the anomaly; see `benchmarks/anomaly.py`."""
    return dataclasses.replace(zoo.dcgan(), name="anomaly_mnist", data_options={"without": [0]})
