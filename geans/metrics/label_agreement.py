"""Agreement of labels or codes with the classes recognised in generated images."""

import dataclasses

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class LabelAgreement:
    """Result of `label_agreement`.

    Args:
        accuracy: Label accuracy, the share of images whose class is their label, in [0, 1].
        majority_accuracy: Share of images whose class is their code's most frequent one, in [0, 1].
        mutual_information: Of code and class, in nats, from 0 (independent) to the logarithm of the
            smaller number of them.
        classes_named: Number of classes that are the most frequent one of some code.
    """

    accuracy: float
    majority_accuracy: float
    mutual_information: float
    classes_named: int


def label_agreement(labels: npt.ArrayLike, classes: npt.ArrayLike) -> LabelAgreement:
    """Compares labels or codes with the classes that a classifier recognises.

    Returns a `LabelAgreement`, whose mutual information is biased upwards, by about
    (codes - 1) (classes - 1) / (2 n).

    Args:
        labels: Integers >= 0, shape (n,), given to the generator.
        classes: Integers >= 0, shape (n,), from a classifier of the images.

    Raises:
        ValueError: If an argument is invalid or empty, or the lengths differ.

    Reference: Shannon 1948; Miller 1955 for the bias.

    Example:
        >>> found = label_agreement([0, 0, 1, 1], [5, 5, 3, 3])
        >>> found.accuracy, found.majority_accuracy, found.classes_named
        (0.0, 1.0, 2)
    """
    labels, classes = _checked("labels", labels), _checked("classes", classes)
    if len(labels) != len(classes) or not len(labels):
        raise ValueError(
            "Labels and classes belong to the same images, at least one. Received: "
            f"{len(labels)} labels and {len(classes)} classes."
        )
    counts = np.zeros((labels.max() + 1, classes.max() + 1))
    np.add.at(counts, (labels, classes), 1)
    joint = counts / len(labels)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    used = counts[counts.sum(axis=1) > 0]
    return LabelAgreement(
        accuracy=float(np.mean(labels == classes)),
        majority_accuracy=float(counts.max(axis=1).sum() / len(labels)),
        mutual_information=float(np.sum(joint[seen] * np.log(joint[seen] / independent[seen]))),
        classes_named=len(set(used.argmax(axis=1).tolist())),
    )


def _checked(name, integers) -> np.ndarray:
    integers = np.asarray(integers)
    if integers.ndim != 1 or integers.dtype.kind not in "iu" or (integers < 0).any():
        raise ValueError(
            f"{name} must be integers from 0, of shape (n,). Received: {integers.dtype} of shape "
            f"{integers.shape}."
        )
    return integers
