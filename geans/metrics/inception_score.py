"""Inception score: how confident and how diverse a classifier's predictions of samples are."""

import dataclasses

import numpy as np
import numpy.typing as npt

from geans import values
from geans.metrics import feature_arrays


@dataclasses.dataclass(frozen=True)
class InceptionScore:
    """Result of `inception_score`.

    Attributes:
        mean: Mean score of the splits, from 1 to the number of classes.
        stddev: Standard deviation of the splits (divided by their number); 0 for one split.
    """

    mean: float
    stddev: float


def inception_score(
    logits: npt.ArrayLike, *, splits: int = 10, seed: int | None = None
) -> InceptionScore:
    """Computes exp of the mean over samples of KL(p(y|x) || p(y)), for each split of the samples.

    It is 1 if all samples are classified alike, and K if each surely belongs to one of K equally
    frequent classes. Fewer samples give lower scores; 50,000 in 10 splits are usual. It ignores
    real data. Shuffle samples that are sorted by class. Returns an `InceptionScore`.

    Args:
        logits: Shape (n, classes), finite, n >= splits. Published scores use the 1,008 logits of
            "inception-2015-12-05", without biases.
        splits: Number of parts of nearly equal size; split i starts at sample floor(i n / splits).
        seed: Integer from 0 to 2^32 - 1 to shuffle first (torch-fidelity's default is 2020); `None`
            keeps the order, as the original does.

    Raises:
        ValueError: If an argument is invalid.

    Reference: Salimans et al. 2016 (arXiv 1606.03498), section 4; Barratt and Sharma 2018 (arXiv
        1801.01973) for its limits.

    Example:
        >>> inception_score(np.zeros((20, 5)))
        InceptionScore(mean=1.0, stddev=0.0)
    """
    values.check_count("splits", splits)
    logits = feature_arrays.checked("logits", logits, least=splits)
    values.check_seed(seed, optional=True, bits=32)
    if seed is not None:
        # A frozen generator: seeds give the same split in every version, and in torch-fidelity.
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
