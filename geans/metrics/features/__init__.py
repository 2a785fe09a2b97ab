"""Networks that turn images into the features whose distributions metrics compare."""

from geans.metrics.features.network import FeatureNetwork, to_pixels

__all__ = ["FeatureNetwork", "to_pixels"]
