"""Choice of training examples by class: fewer of some, or all classes equally often."""

import numpy as np
import tensorflow as tf

from geans import values


def checked_labels(name, labels, count) -> np.ndarray:
    """Returns `labels` as int64; raises `ValueError` if they are not integers of shape (count,)."""
    labels = np.asarray(labels)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name} must be integers of shape ({count},), one per image. "
            f"Received: {labels.dtype} of shape {labels.shape}"
        )
    return labels.astype("int64")


def chosen(count, labels=None, *, limit=None, class_shares=None, without=None):
    """Returns the ascending indices of the examples that a limit and a choice of classes keep.

    The choice is deterministic: the first examples of each class, or evenly spaced ones if there
    are no labels. The limit is applied last.

    Args:
        count: Number of examples.
        labels: Integers (count,), or `None`.
        limit: Maximum number of examples, shared among the classes in proportion to their sizes
            (rounded by largest remainder); `None` for all.
        class_shares: Share of each class to keep, above 0 and up to 1, in the order of the labels;
            at least one example stays. `None` for all.
        without: List of labels to leave out; `None` for none.

    Raises:
        ValueError: If an argument is invalid, labels are missing, or no class would remain.

    Example:
        >>> chosen(8, [0, 0, 0, 0, 1, 1, 1, 1], class_shares=[1, 0.5], limit=3).tolist()
        [0, 1, 4]
    """
    if limit is not None:
        values.check_count("limit", limit)
    if labels is None:
        for name, choice in (("class_shares", class_shares), ("without", without)):
            if choice is not None:
                raise ValueError(f"{name} needs labels, of which these examples have none.")
        kept = min(count, limit or count)
        return np.arange(kept) * count // kept if kept else np.arange(0)
    classes, ranks, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if class_shares is not None:
        _check_shares(class_shares, classes)
        sizes = np.maximum(1, np.rint(sizes * np.asarray(class_shares)).astype("int64"))
    if without is not None:
        _check_without(without, classes)
        sizes = np.where(np.isin(classes, without), 0, sizes)
    if limit is not None and limit < sizes.sum():
        sizes = _in_proportion(sizes, limit)
    return np.flatnonzero(_turns(ranks) < sizes[ranks])


def balanced_order(labels, mix):
    """Returns indices, int64 (count,), in which all classes come equally often, up to one.

    Frequent classes are sampled in part; the examples of rare ones repeat equally often, up to one.

    Args:
        labels: Integers (count,).
        mix: Function of a tensor and a number that permutes the tensor, differently for different
            numbers. The identity gives one example of each class in turn.

    Example:
        >>> balanced_order([7, 7, 7, 7, 7, 3], lambda tensor, number: tensor).numpy().tolist()
        [5, 0, 5, 1, 5, 2]
    """
    _, ranks, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    examples = mix(tf.range(len(ranks), dtype="int64"), 0)
    examples = tf.gather(examples, tf.argsort(tf.gather(ranks, examples), stable=True))
    # Which classes have the one more is drawn, too.
    turns, places = np.divmod(np.arange(len(ranks)), len(sizes))
    classes = tf.gather(mix(tf.range(len(sizes)), 1), places)
    starts = tf.gather(np.cumsum(sizes) - sizes, classes)
    return mix(tf.gather(examples, starts + turns % tf.gather(sizes, classes)), 2)


def _check_shares(shares, classes):
    listed = isinstance(shares, (list, tuple)) and len(shares) == len(classes)
    if not listed or not all(values.is_number(share) and 0 < share <= 1 for share in shares):
        raise ValueError(
            f"class_shares must be a list of {len(classes)} numbers above 0 and up to 1, one per "
            f"class. Received: class_shares={shares!r}."
        )


def _check_without(without, classes):
    known = classes.tolist()
    listed = isinstance(without, (list, tuple)) and all(map(values.is_integer, without))
    if not listed or not set(without) < set(known):
        shown = ", ".join(map(str, known[:20])) + (", ..." if len(known) > 20 else "")
        raise ValueError(
            f"without must be a list of some, but not all, of the labels {shown}. "
            f"Received: without={without!r}."
        )


def _in_proportion(sizes, limit):
    quotas = sizes * limit / sizes.sum()
    kept = np.floor(quotas).astype("int64")
    most = np.argsort(kept - quotas, stable=True)
    kept[most[: limit - kept.sum()]] += 1
    return kept


def _turns(ranks):
    """Returns how many examples of its class precede each one."""
    order = np.argsort(ranks, stable=True)
    turns = np.empty_like(order)
    starts = np.searchsorted(ranks[order], ranks[order])
    turns[order] = np.arange(len(ranks)) - starts
    return turns
