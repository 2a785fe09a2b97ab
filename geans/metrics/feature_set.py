"""The features of many images, drawn batch by batch."""

import dataclasses
import hashlib

import numpy as np

from geans.metrics import reference_cache
from geans.metrics.feature_statistics import FeatureStatistics
from geans.metrics.features import FeatureNetwork, to_pixels
from geans.metrics.frechet import Gaussian
from geans.metrics.measurement import Origin

DIGEST_BYTES = 16


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features of some images, and where they come from.

    Rows lie in the order of their images' digests, so that nothing depends on a shuffled order.

    Args:
        network: What made the features.
        origin: Where the images come from.
        statistics: Count, mean and covariance of all features, in float64.
        features: float32 array (count, dimension), or `None` if only the statistics were kept.
        logits: float32 array (count, classes), or `None`.
    """

    network: FeatureNetwork
    origin: Origin
    statistics: Gaussian
    features: np.ndarray | None = None
    logits: np.ndarray | None = None

    @property
    def count(self):
        """Number of images."""
        return self.statistics.count


def extract(batches, network, origin, *, count=None, keep=True, progress=None):
    """Draws the features of images.

    Args:
        batches: Iterable of arrays or tensors of images, or of pairs of images and labels, as a
            `tf.data.Dataset` is; uint8, or floats in [-1, 1]. Or of points (n, d).
        network: A `features.FeatureNetwork`.
        origin: An `Origin`.
        count: Number of images at most; `None` for all.
        keep: Whether to keep every row, which metrics other than the Fréchet distance need. A
            million images need not fit in memory without.
        progress: Function that gets the number of images done, after every batch.

    Returns:
        A `FeatureSet`.

    Raises:
        ValueError: If there are fewer than 2 images, or the network does not take them.
    """
    statistics, rows, digests, done = None, [], [], 0
    for images in _first(count, batches):
        found = network(images)
        if statistics is None:
            dimension = found["features"].shape[1]
            # Nothing is lost to rounding if sums are of differences from a point among them.
            statistics = FeatureStatistics(dimension, center=found["features"][0])
        statistics.update_state(found["features"])
        done += len(images)
        if keep:
            rows.append(found)
            digests.append(_digests(images))
        if progress:
            progress(done)
    if done < 2:
        raise ValueError(f"Features need at least 2 images. Received: {done} of {origin}.")
    return FeatureSet(network, origin, statistics.result(), **_sorted(rows, digests))


def extract_cached(batches, network, origin, *, count=None, keep=True, progress=None):
    """`extract` for real images, whose features are kept on disk for the next time.

    They are found again by the pixels of the images and the checksum of the network, wherever the
    images come from and whatever their order, if the network still answers noise as it did then: a
    checksum of weights does not see a layer without any. Features without a checksum are not kept.

    Args:
        batches: As in `extract`; read twice if their features are new.
        network: As in `extract`.
        origin: As in `extract`.
        count: As in `extract`.
        keep: As in `extract`.
        progress: As in `extract`.

    Returns:
        A `FeatureSet`.

    Raises:
        ValueError: As in `extract`.
    """
    options = {"count": count, "keep": keep, "progress": progress}
    if network.checksum == "none":
        return extract(batches, network, origin, **options)
    key = _key(network, [_digests(images) for images in _first(count, batches)])
    arrays, probe = reference_cache.read(key), None
    if key["count"]:
        probe = _answer_to_noise(network, next(_first(1, batches)).shape[1:])
    needed = {"mean", "covariance", "count", "probe"} | ({"features"} if keep else set())
    if arrays is not None and arrays.keys() >= needed and _alike(arrays["probe"], probe):
        return _from_arrays(arrays, network, origin, keep)
    found = extract(batches, network, origin, **options)
    reference_cache.write(key, {**_to_arrays(found), "probe": probe})
    return found


def _answer_to_noise(network, shape):
    random = np.random.RandomState(0)
    if len(shape) == 3:
        return network(random.randint(256, size=(2, *shape)).astype("uint8"))["features"]
    return network(random.normal(size=(2, *shape)))["features"]


def _alike(one, other):
    # Another machine, or another number of images at once, rounds differently.
    return one.shape == other.shape and np.allclose(one, other, 1e-3, 1e-3 * np.abs(one).max())


def _key(network, digests):
    return {
        "features": network.name,
        "checksum": network.checksum,
        "resize": network.resize,
        "count": sum(map(len, digests)),
        "images": hashlib.sha256(b"".join(sorted(b for part in digests for b in part))).hexdigest(),
    }


def _to_arrays(found):
    arrays = {**dataclasses.asdict(found.statistics), "features": found.features}
    arrays["logits"] = found.logits
    return {name: array for name, array in arrays.items() if array is not None}


def _from_arrays(arrays, network, origin, keep):
    statistics = Gaussian(arrays["mean"], arrays["covariance"], int(arrays["count"]))
    rows = {name: arrays.get(name) for name in ("features", "logits") if keep}
    return FeatureSet(network, origin, statistics, **rows)


def _first(count, batches):
    left = float("inf") if count is None else count
    for batch in batches:
        images = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
        yield images[: int(min(left, len(images)))]
        left -= len(images)
        if left <= 0:
            return


def _digests(images):
    images = to_pixels(images) if images.ndim == 4 else images
    return [hashlib.blake2b(image.tobytes(), digest_size=DIGEST_BYTES).digest() for image in images]


def _sorted(rows, digests):
    if not rows:
        return {}
    flat = [digest for part in digests for digest in part]
    order = sorted(range(len(flat)), key=flat.__getitem__)
    return {name: np.concatenate([part[name] for part in rows])[order] for name in rows[0]}
