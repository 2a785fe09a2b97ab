"""`tf.data.Dataset`s ready for `fit`, and Gaussian mixtures whose modes can be counted.

Every dataset is finite, of known cardinality, reshuffled each epoch, and repeats its batches for
the same seed; a smaller last batch is kept unless `drop_remainder=True`. Images and clips are
float32 in [-1, 1], channels last.
"""

from geans.data import images, mixtures, pairs, pipeline, stacked, translation, video

__all__ = ["images", "mixtures", "pairs", "pipeline", "stacked", "translation", "video"]
