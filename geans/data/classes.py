"""Which examples to train on, by their classes: fewer of them, fewer of some, or all alike."""

import numpy as np
import tensorflow as tf

from geans import values


def checked_labels(name, labels, count):
    """Labels as int64, or an error.

    Args:
        name: What errors call them.
        labels: One integer per example.
        count: Number of examples.

    Raises:
        ValueError: If they are something else.

    Example:
        >>> checked_labels("labels", [0, 2], 2).tolist()
        [0, 2]
    """
    labels = np.asarray(labels)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name} must be integers of shape ({count},), one per image. "
            f"Received: {labels.dtype} of shape {labels.shape}"
        )
    return labels.astype("int64")


def chosen(count, labels=None, *, limit=None, class_shares=None, without=None):
    """The examples that a limit and a choice of classes leave, in their own order.

    Nothing is random: of a class its first examples are taken, and examples without labels evenly
    from first to last.

    Args:
        count: Number of examples.
        labels: Integers (count,), or `None` where there are none.
        limit: Number of examples to keep at most, every class in proportion to its size (rounded by
            largest remainder); `None` for all.
        class_shares: Share of each class to keep, above 0 and up to 1, in the order of the labels;
            at least one example stays. `None` for all. It comes before the limit.
        without: List of labels whose examples are left out altogether, such as the class that an
            anomaly score shall find; `None` for none. It comes before the limit, too.

    Returns:
        Indices, ascending.

    Raises:
        ValueError: If `limit` is no positive integer, `class_shares` is not one share per class, or
            `without` holds what is no label, or every one.

    Example:
        >>> chosen(8, [0, 0, 0, 0, 1, 1, 1, 1], class_shares=[1, 0.5], limit=3).tolist()
        [0, 1, 4]
        >>> chosen(4, [7, 3, 3, 5], without=[3]).tolist()
        [0, 3]
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
    """An order of as many examples as there are in which all classes come equally often (to one).

    Of a frequent class it holds a part; a rare one it repeats, each example equally often (to one).

    Args:
        labels: Integers (count,).
        mix: Function of a tensor and a number, which permutes the tensor, differently for
            different numbers. One that returns it as it is gives one of each class in turn.

    Returns:
        int64 tensor (count,) of indices.

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
    """How many examples of its class come before each one."""
    order = np.argsort(ranks, stable=True)
    turns = np.empty_like(order)
    starts = np.searchsorted(ranks[order], ranks[order])
    turns[order] = np.arange(len(ranks)) - starts
    return turns
