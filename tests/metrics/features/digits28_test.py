import functools
import hashlib
import json
import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import data
from geans.metrics import features
from geans.metrics.features import digits28

ROOT = pathlib.Path(__file__).parents[3]
TFDS = ROOT / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")
CARD = (ROOT / "docs/digits28.md").read_text()
OPTIONS = {"labels": True, "shuffle": False, "batch_size": 10_000}


@functools.cache
def clothing():
    """Fashion-MNIST's test images, uint8, and their labels."""
    images, labels = next(iter(data.images.embedded("fashion", **OPTIONS)))
    return features.to_pixels(images.numpy()), labels.numpy()


@functools.cache
def digits():
    """MNIST's."""
    batches = data.images.from_tfds("mnist", data_dir=TFDS, split="test", **OPTIONS)
    images, labels = next(iter(batches))
    return features.to_pixels(images.numpy()), labels.numpy()


@functools.cache
def network():
    return digits28.network()


def statistics(images):
    found = network()(images)["features"].astype("float64")
    return found.mean(axis=0), np.cov(found, rowvar=False)


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def distance(real, fake):
    """Fréchet's, of two Gaussians (Heusel et al. 2017)."""
    (mean, covariance), (other_mean, other_covariance) = statistics(real), statistics(fake)
    common = root(root(covariance) @ other_covariance @ root(covariance))
    return float(
        np.sum((mean - other_mean) ** 2) + np.trace(covariance + other_covariance - 2 * common)
    )


def blurred(images, stddev):
    offsets = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (offsets / stddev) ** 2)
    kernel = np.outer(kernel, kernel)[..., None, None] / kernel.sum() ** 2
    return np.rint(tf.nn.conv2d(images.astype("float32"), kernel, 1, "SAME")).astype("uint8")


def noisy(images, stddev):
    noise = np.random.default_rng(0).normal(0, stddev, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype("uint8")


def stated(classes, among=20):
    title = {"mnist": "digits", "fashion_mnist": "clothing"}[classes]
    (row,) = re.findall(rf"^\| {title} \| .*", CARD, re.MULTILINE)
    return float(row.split("|")[2 if among == 20 else 3].strip(" %"))


def test_the_weights_are_small_and_the_checksum_is_that_of_their_file():
    content = digits28.PATH.read_bytes()
    assert len(content) < 600_000
    assert network().checksum == hashlib.sha256(content).hexdigest()[:12]
    assert network().checksum in CARD


@pytest.mark.slow
def test_accuracy_on_clothing_is_the_stated_one():
    images, labels = clothing()
    found = digits28.classify(images)
    accuracy = 100 * np.mean(found == labels + 10)
    assert accuracy == pytest.approx(stated("fashion_mnist"), abs=0.02) and accuracy >= 92


@pytest.mark.slow
@needs_tfds
def test_accuracy_on_digits_is_the_stated_one():
    images, labels = digits()
    found = digits28.classify(images)
    accuracy = 100 * np.mean(found == labels)
    assert accuracy == pytest.approx(stated("mnist"), abs=0.02) and accuracy >= 99.2


def test_the_card_says_what_the_training_has_said():
    rows = [json.loads(line) for line in (ROOT / "benchmarks/classifiers.jsonl").open()]
    (shipped,) = (row for row in rows if row["shipped"])
    for classes, accuracy in shipped["accuracy"].items():
        assert stated(classes) == pytest.approx(100 * accuracy["among_20"])
        assert stated(classes, among=10) == pytest.approx(100 * accuracy["among_10"])
    assert shipped["seed"] == 0 and len({row["seed"] for row in rows}) == len(rows)


@pytest.mark.slow
def test_classes_may_be_restricted():
    images = clothing()[0][:200]
    assert set(digits28.classify(images).tolist()) <= set(range(10, 20))
    assert set(digits28.classify(images, "mnist").tolist()) <= set(range(10))
    logits = network()(images)["logits"]
    found = digits28.classify(images, "fashion_mnist")
    np.testing.assert_array_equal(found, 10 + logits[:, 10:].argmax(axis=1))


@pytest.mark.parametrize("classes", ["letters", 3, ["digits"]])
def test_unknown_classes_are_refused(classes):
    with pytest.raises(ValueError, match="mnist, fashion_mnist or None. Received: "):
        digits28.classify(np.zeros((1, 28, 28, 1)), classes)


@pytest.mark.parametrize("shape", [(2, 32, 32, 1), (2, 28, 28, 3), (28, 28, 1), (0, 28, 28, 1)])
def test_other_images_are_refused(shape):
    with pytest.raises(ValueError, match="Received: (shape|0 images)"):
        digits28.classify(np.zeros(shape))


def test_the_precision_of_training_does_not_matter():
    images = clothing()[0][:5]
    expected = network()(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = digits28.network()(images)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(found["features"], expected["features"])
    np.testing.assert_array_equal(found["logits"], expected["logits"])


def test_features_pass_in_batches():
    images = clothing()[0][:1_003]
    last = network()(images[1_000:])["features"]
    np.testing.assert_allclose(network()(images)["features"][1_000:], last, rtol=1e-4, atol=1e-5)


CHANGES = {
    "nothing": lambda images, labels: images,
    "noise of 10 of 255": lambda images, labels: noisy(images, 10),
    "noise of 40 of 255": lambda images, labels: noisy(images, 40),
    "blur of 0.75 pixels": lambda images, labels: blurred(images, 0.75),
    "blur of 1.5 pixels": lambda images, labels: blurred(images, 1.5),
    "one class of ten missing": lambda images, labels: images[labels < 9],
    "five classes missing": lambda images, labels: images[labels < 5],
    "only 100 different images": lambda images, labels: np.resize(images[:100], images.shape),
    "only 10 different images": lambda images, labels: np.resize(images[:10], images.shape),
}


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("column", "load"), [(2, clothing), pytest.param(3, digits, marks=needs_tfds)]
)
def test_distances_are_the_stated_ones_and_order_sensibly(column, load):
    images, labels = load()
    found = {
        name: distance(images[::2], change(images[1::2], labels[1::2]))
        for name, change in CHANGES.items()
    }
    for name, value in found.items():
        (row,) = (line for line in CARD.splitlines() if line.startswith(f"| {name} |"))
        assert value == pytest.approx(float(row.split("|")[column]), rel=0.03, abs=0.005)
    unchanged = found.pop("nothing")
    assert all(value > 10 * unchanged for value in found.values())
    for less, more in zip(list(found)[::2], list(found)[1::2], strict=True):
        assert found[more] > 3 * found[less]


@pytest.mark.nightly
@needs_tfds
def test_training_digits_are_near_test_digits_and_clothing_far():
    options = {"split": "train[:10000]", "data_dir": TFDS, **OPTIONS}
    training = features.to_pixels(next(iter(data.images.from_tfds("mnist", **options)))[0].numpy())
    # Measured .076 and 99.8.
    assert distance(training, digits()[0]) < 0.15
    assert distance(digits()[0], clothing()[0]) > 90


@pytest.mark.nightly
@pytest.mark.parametrize("load", [clothing, pytest.param(digits, marks=needs_tfds)])
def test_the_covariance_of_ten_thousand_is_well_conditioned(load):
    values = np.linalg.eigvalsh(statistics(load()[0])[1])
    # Measured 1,560 and 1,860.
    assert len(values) == digits28.DIMENSION and values[-1] < 4_000 * values[0]
