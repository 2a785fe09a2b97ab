"""Data: `tf.data.Dataset`s ready for `fit`, and the mixtures whose modes can be counted.

Every dataset of this package is finite and of known cardinality, keeps its last smaller batch
unless `drop_remainder=True`, shuffles anew each epoch, and repeats its batches for the same seed.
Images and clips are float32 in [-1, 1], channels last.
"""

from geans.data import images, mixtures, pipeline, stacked, translation, video

__all__ = ["images", "mixtures", "pipeline", "stacked", "translation", "video"]
