"""Presets of GANs of normal images, for `metrics.anomaly_scores`."""

import dataclasses

from geans.presets import zoo


def anomaly_mnist():
    """DCGAN on MNIST without the digit 0, which an anomaly score is then to find.

    `benchmarks/anomaly.py` holds out each digit in turn.
    """
    return dataclasses.replace(zoo.dcgan(), name="anomaly_mnist", data_options={"without": [0]})
