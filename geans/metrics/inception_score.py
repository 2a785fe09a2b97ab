"""Inception score: how sure a classifier is of each sample, and how differently it answers."""

import dataclasses

import numpy as np

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class InceptionScore:
    """What `inception_score` found.

    Attributes:
        mean: Mean score of the splits, from 1 to the number of classes.
        stddev: Standard deviation of the splits (divided by their number); 0 of one split.
    """

    mean: float
    stddev: float


def inception_score(logits, *, splits=10, seed=None):
    """exp of the mean over samples of KL(p(y|x) || p(y)), for each split of the samples.

    1 if all samples are classified alike, however surely; K if each is surely one of K classes
    and all classes are equally frequent. p(y) is the mean within the split, so that few samples
    give lower scores: 50,000 in 10 splits are usual. It never looks at real data.

    The original takes the splits in the order of the samples, as `seed=None` does; torch-fidelity
    shuffles first, by default like `seed=2020`. Where samples come class by class, shuffle: a
    split that misses classes scores too low.

    Args:
        logits: Of a classifier, shape (n, classes), finite, n >= splits. Published scores take the
            1,008 logits of "inception-2015-12-05", without biases.
        splits: Parts of sizes as equal as possible, split i from sample floor(i n / splits) on.
        seed: Shuffle the samples before splitting by this integer from 0 to 2^32 - 1; `None`:
            keep their order.

    Returns:
        An `InceptionScore`.

    Raises:
        ValueError: If logits are fewer than splits, not finite, or not of rank 2, or a number is
            none.

    Example:
        >>> inception_score(np.zeros((20, 5)))
        InceptionScore(mean=1.0, stddev=0.0)

    Reference:
        Salimans et al. 2016, "Improved techniques for training GANs", section 4; Barratt and
        Sharma 2018, "A note on the inception score", for what it does not see.
    """
    values.check_count("splits", splits)
    logits = feature_arrays.checked("logits", logits, least=splits)
    values.check_seed(seed, optional=True, bits=32)
    if seed is not None:
        # The frozen generator, so that a seed means the same for ever, and in torch-fidelity.
        logits = logits[np.random.RandomState(seed).permutation(len(logits))]
    bounds = [len(logits) * split // splits for split in range(splits + 1)]
    scores = [
        _score(logits[start:end].astype("float64"))
        for start, end in zip(bounds, bounds[1:], strict=False)
    ]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(logits):
    log_conditional = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    log_marginal = np.logaddexp.reduce(log_conditional, axis=0) - np.log(len(logits))
    divergences = np.sum(np.exp(log_conditional) * (log_conditional - log_marginal), axis=1)
    return np.exp(np.mean(divergences))
