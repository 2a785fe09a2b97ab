"""Features of many images, computed batch by batch."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from geans.metrics import reference_cache
from geans.metrics.feature_statistics import FeatureStatistics
from geans.metrics.features import FeatureNetwork, to_pixels
from geans.metrics.frechet import Gaussian
from geans.metrics.measurement import Origin

DIGEST_BYTES = 16


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of images and their origin, with rows sorted by the digests of the images.

    Args:
        network: The `FeatureNetwork`.
        origin: The `Origin` of the images.
        statistics: `Gaussian` of all features, in float64.
        features: float32 array (count, dimension), or `None` if only the statistics were kept.
        logits: float32 array (count, classes), or `None`.
    """

    network: FeatureNetwork
    origin: Origin
    statistics: Gaussian
    features: np.ndarray | None = None
    logits: np.ndarray | None = None

    @property
    def count(self) -> int:
        """Returns the number of images."""
        return self.statistics.count  # type: ignore[return-value]


def extract(
    batches: Iterable[Any],
    network: FeatureNetwork,
    origin: Origin,
    *,
    count: int | None = None,
    keep: bool = True,
    progress: Callable[[int], Any] | None = None,
) -> FeatureSet:
    """Computes the features of images, a `FeatureSet`.

    Args:
        batches: Iterable of batches: images, uint8 or floats in [-1, 1], (images, labels) pairs, as
            of a `tf.data.Dataset`, or points (n, d).
        network: A `features.FeatureNetwork`.
        origin: An `Origin`.
        count: Maximum number of images; `None` for all.
        keep: Whether to keep every row; only the Fréchet distance works without, with less memory.
        progress: Function called after every batch with the number of images done.

    Raises:
        ValueError: If there are fewer than 2 images, or the network does not accept them.
    """
    statistics: Any = None
    rows, digests, done = [], [], 0
    for images in _first(count, batches):
        found = network(images)
        if statistics is None:
            dimension = found["features"].shape[1]
            # Centring on one of the features avoids loss of precision.
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


def extract_cached(
    batches: Iterable[Any],
    network: FeatureNetwork,
    origin: Origin,
    *,
    count: int | None = None,
    keep: bool = True,
    progress: Callable[[int], Any] | None = None,
) -> FeatureSet:
    """Returns `extract` of real images, from the cache on disk if possible.

    The key is the images' pixels, in any order, and the network's checksum; the network must also
    answer fixed noise as it did then. Features of networks without a checksum are not cached.

    Args:
        batches: As in `extract`; read twice if their features are not cached.
        network, origin, count, keep, progress: As in `extract`.
    """
    options: dict[str, Any] = {"count": count, "keep": keep, "progress": progress}
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
