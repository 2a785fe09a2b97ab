"""Networks that map images to the features that metrics compare."""

from geans.metrics.features.network import FeatureNetwork, to_pixels
from geans.metrics.features.table import NETWORKS, default_for, get

__all__ = ["NETWORKS", "FeatureNetwork", "default_for", "get", "to_pixels"]
