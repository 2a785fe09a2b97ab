"""The network of the FID: TensorFlow's Inception of 2015-12-05, as a Keras model.

It differs from `keras.applications.InceptionV3` in widths, weights and pooling, and so do its
numbers. The weights are those of TensorFlow's graph, from the file converted by pytorch-fid.
"""

import hashlib

import keras
import numpy as np
import tensorflow as tf

from geans.metrics.features import inception_model, torch_file
from geans.metrics.features.network import FeatureNetwork

NAME = "inception-2015-12-05"
BATCH_SIZE = 32

FILE = "pt_inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
# The same file under another name.
MIRROR = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


def network(weights=None, *, resize="tensorflow1"):
    """Returns the network of the FID, the KID and the Inception score as a `FeatureNetwork`.

    It takes images (n, height, width, 1 or 3) of any size; grey ones are repeated to 3 channels.
    Features are the 2,048 means of the last block ("pool_3"). The 1,008 logits are *without* the
    bias, as in the original Inception score and torch-fidelity ("logits_unbiased").

    Args:
        weights: Path of a file with the PyTorch port's weights; by default pytorch-fid's file,
            91 MiB, is downloaded once into Keras' cache, `~/.keras/models`.
        resize: Protocol, without antialiasing; their numbers differ. "tensorflow1" (original
            FID, torch-fidelity): bilinear with pixels' corners as origins as in TensorFlow 1, then
            (pixel - 128) / 128. "pytorch" (pytorch-fid): bilinear with pixels' centres as
            origins, then pixel / 127.5 - 1.

    Raises:
        ValueError: If the weights cannot be downloaded or read, or are not this network's; when
            called, if there is no image, or images have neither one channel nor three.

    Reference: Szegedy et al. 2016 (arXiv 1512.00567), section 6; Heusel et al. 2017 (arXiv
        1706.08500), section 4; pytorch-fid's `fid_inception_v3`; torch-fidelity's
        `FeatureExtractorInceptionV3`.
    """
    if resize not in tuple(PREPARATIONS):
        raise ValueError(f"resize must be one of {tuple(PREPARATIONS)}. Received: {resize!r}")
    path = _download() if weights is None else weights
    tensors = torch_file.read(path)
    model = inception_model.build()
    inception_model.assign(model, tensors)
    description, prepare = PREPARATIONS[resize]
    return FeatureNetwork(
        NAME,
        _function(model, prepare),
        checksum=_sha256(path)[:12],
        resize=description,
        image_shape=(None, None, None),
    )


def _download():
    try:
        return keras.utils.get_file(FILE, URL, file_hash=SHA256, cache_subdir="models")
    except Exception as error:  # `get_file` raises nothing narrower.
        raise ValueError(
            f"The weights of {NAME} could not be downloaded ({error}). Get the file from {URL} or "
            f"{MIRROR} (SHA-256 {SHA256}), and pass its path as weights= (--weights "
            "on the command line)."
        ) from error


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tensorflow1(pixels):
    # Its defaults are TensorFlow 1's; `tf.image.resize` knows half-pixel centres only.
    resized = tf.raw_ops.ResizeBilinear(images=pixels, size=inception_model.IMAGE_SHAPE[:2])
    return (resized - 128) / 128


def _pytorch(pixels):
    return tf.image.resize(pixels, inception_model.IMAGE_SHAPE[:2], antialias=False) / 127.5 - 1


# From protocol to its description in records, and its preparation of pixels in [0, 255].
PREPARATIONS = {
    "tensorflow1": ("299x299 bilinear, TensorFlow 1, grey to RGB", _tensorflow1),
    "pytorch": ("299x299 bilinear, PyTorch, grey to RGB", _pytorch),
}


def _function(model, prepare):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, None))])
    def batch_features(images):
        # Images come from 8 bits, and rounding gives exactly these back.
        pixels = tf.round((images + 1) * 127.5)
        pixels = tf.broadcast_to(pixels, tf.concat([tf.shape(pixels)[:3], [3]], 0))
        return model(prepare(pixels), training=False)

    def features(images):
        if 0 in images.shape or images.shape[-1] not in (1, 3):
            raise ValueError(
                f"Features {NAME!r} take images of shape (n, height, width, 1 or 3), at least one. "
                f"Received: shape {tuple(images.shape)}. Remove an alpha channel."
            )
        starts = range(0, len(images), BATCH_SIZE)
        batches = [batch_features(images[start : start + BATCH_SIZE]) for start in starts]
        return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}

    return features
