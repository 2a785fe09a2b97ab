import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from geans.data import images, pipeline
from tests.data.read_back import everything, to_bytes

TFDS = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")
QUIET = dict(shuffle=False, batch_size=1000)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def save(pixels, path, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PIL.Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)


# --- embedded ---


def test_embedded_fashion_is_complete_and_in_range():
    pictures, labels = everything(images.embedded("fashion", labels=True, **QUIET))
    assert pictures.shape == (10_000, 28, 28, 1) and pictures.dtype == np.float32
    assert pictures.min() == -1.0 and pictures.max() == 1.0
    assert np.bincount(labels).tolist() == [1000] * 10


@pytest.mark.slow
@needs_tfds
def test_embedded_fashion_is_the_test_split():
    ours = everything(images.embedded("fashion", labels=True, **QUIET))
    theirs = everything(
        images.from_tfds("fashion_mnist", split="test", data_dir=TFDS, labels=True, **QUIET)
    )
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_embedded_file_is_small_enough_to_ship():
    file = pathlib.Path(images.__file__).with_name(images.EMBEDDED["fashion"])
    assert file.stat().st_size < 5_000_000


@pytest.mark.slow
@pytest.mark.parametrize("size", [14, 32])
def test_embedded_resizes_as_pillow_does(size):
    small, large = images.embedded(**QUIET), images.embedded(image_size=size, **QUIET)
    assert large.element_spec == tf.TensorSpec((None, size, size, 1), tf.float32)
    small, large = (to_bytes(everything(dataset))[:100, :, :, 0] for dataset in (small, large))
    # In floats: between its two passes over bytes Pillow would clip and round.
    bicubic = PIL.Image.Resampling.BICUBIC
    floats = [PIL.Image.fromarray(image.astype("float32")) for image in small]
    expected = np.stack([image.resize((size, size), bicubic) for image in floats])
    np.testing.assert_allclose(large, np.clip(expected, 0, 255), atol=0.51)


def test_unknown_embedded_name_lists_the_names():
    with pytest.raises(ValueError, match=r"'fashon'.*\['fashion'\]"):
        images.embedded("fashon")


# --- tensorflow-datasets ---


@needs_tfds
@pytest.mark.parametrize("limit", [2**30, 1], ids=["in memory", "streamed"])
def test_tfds_yields_labelled_images(monkeypatch, limit):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit)
    dataset = images.from_tfds(
        "mnist", split="test[:100]", data_dir=TFDS, labels=True, batch_size=64, seed=0
    )
    assert dataset.element_spec == (
        tf.TensorSpec((None, 28, 28, 1), tf.float32),
        tf.TensorSpec((None,), tf.int64),
    )
    assert int(dataset.cardinality()) == 2
    pictures, labels = everything(dataset)
    assert pictures.shape == (100, 28, 28, 1) and set(labels) == set(range(10))
    assert pictures.min() == -1.0 and pictures.max() == 1.0


@needs_tfds
def test_tfds_streams_the_images_it_would_keep_in_memory(monkeypatch):
    def read():
        split = dict(split="test[:70]", data_dir=TFDS, image_size=20)
        return everything(images.from_tfds("mnist", **split, **QUIET))

    kept = read()
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    assert kept.shape == (70, 20, 20, 1)
    np.testing.assert_array_equal(kept, read())


@needs_tfds
@pytest.mark.parametrize("limit", [2**30, 1], ids=["in memory", "streamed"])
def test_tfds_repeats_for_its_seed_and_shuffles_anew(monkeypatch, limit):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit)

    def two_epochs(seed):
        dataset = images.from_tfds("mnist", split="test[:50]", data_dir=TFDS, seed=seed)
        return [everything(dataset), everything(dataset)]

    first, second = two_epochs(seed=7)
    np.testing.assert_array_equal([first, second], two_epochs(seed=7))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, two_epochs(seed=8)[0])


@needs_tfds
def test_tfds_prepared_data_is_never_downloaded(monkeypatch):
    import tensorflow_datasets as tfds

    def download(*args, **kwargs):
        raise AssertionError("prepared data was downloaded again")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", download)
    dataset = images.from_tfds("mnist", split="test[:5]", data_dir=TFDS)
    assert everything(dataset).shape == (5, 28, 28, 1)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("mnits", {}, r"'mnits'.*list_builders\(\)"),
        ("ag_news_subset", {}, r'no 8-bit "image" feature.*description'),
        ("cats_vs_dogs", {}, r"\(None, None, 3\).*\s*image_size"),
        ("div2k", dict(image_size=8), r'no 8-bit "image" feature.*hr'),
        ("lsun/bedroom", dict(image_size=8, labels=True), r'no "label" feature'),
        ("mnist", dict(image_size=0), "positive integer.* Received: 0"),
    ],
)
def test_unsuitable_tfds_datasets_are_refused_before_any_download(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        images.from_tfds(name, data_dir=tmp_path, **options)
    assert not list(tmp_path.iterdir())


@needs_tfds
def test_unknown_tfds_split_lists_the_splits():
    with pytest.raises(ValueError, match="'trian'.*train"):
        images.from_tfds("mnist", split="trian", data_dir=TFDS)


# --- arrays ---


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 4, 6, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_arrays_become_normalised_images(shape, dtype):
    pixels = noise(*shape) if dtype == "uint8" else np.linspace(-1, 1, 120).reshape(shape)
    dataset = images.from_arrays(pixels.astype(dtype), **QUIET)
    assert dataset.element_spec == tf.TensorSpec((None, 4, 6, 1), tf.float32)
    expected = pixels / 127.5 - 1 if dtype == "uint8" else pixels.astype(dtype)
    np.testing.assert_allclose(everything(dataset), expected.reshape(5, 4, 6, 1), atol=1e-6)


def test_arrays_keep_their_labels():
    pixels = np.arange(100, dtype="uint8").reshape(100, 1, 1)
    for pictures, labels in images.from_arrays(pixels, np.arange(100, dtype="uint8"), seed=0):
        assert labels.dtype == tf.int64
        np.testing.assert_array_equal(to_bytes(pictures.numpy())[:, 0, 0, 0], labels)


def spoiled(value):
    pixels = np.zeros((4, 2, 2, 1), "float32")
    pixels[2, 1, 0, 0] = value
    return pixels


@pytest.mark.parametrize(
    "pixels, labels, message",
    [
        (spoiled(np.nan), None, r"nan at index \(2, 1, 0, 0\)"),
        (spoiled(-np.inf), None, r"-inf at index \(2, 1, 0, 0\)"),
        (spoiled(255.0), None, r"0 to 255.*images / 127\.5 - 1"),
        (spoiled(-1.5), None, r"-1\.5 to 0"),
        (np.zeros((4, 2, 2), "int64"), None, r"int64.*\s*.*astype"),
        (np.zeros((4, 2, 2), "bool"), None, "bool"),
        (np.zeros((4, 2)), None, r"\(4, 2\)"),
        (np.zeros((4, 2, 2, 2, 1)), None, r"\(4, 2, 2, 2, 1\)"),
        (np.zeros((0, 2, 2)), None, "no examples"),
        (np.zeros((4, 2, 2)), np.zeros(3, int), r"\(3,\)"),
        (np.zeros((4, 2, 2)), np.zeros((4, 10), int), r"\(4, 10\)"),
        (np.zeros((4, 2, 2)), np.zeros(4), "float64"),
    ],
)
def test_unsuitable_arrays_are_refused(pixels, labels, message):
    with pytest.raises(ValueError, match=message):
        images.from_arrays(pixels, labels)


# --- choosing ---


def numbered(labels):
    """Pictures of one pixel that say their place."""
    return images.from_arrays(np.arange(12, dtype="uint8").reshape(12, 1, 1), **labels, **QUIET)


CLASSES = np.arange(12) // 6


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"limit": 4}, [0, 1, 6, 7]),
        ({"class_shares": [1, 1 / 6]}, [0, 1, 2, 3, 4, 5, 6]),
        ({"class_shares": [0.5, 1 / 6], "balanced": True}, [0, 6, 1, 6]),
        ({"without": [0]}, [6, 7, 8, 9, 10, 11]),
    ],
)
@pytest.mark.parametrize("yield_labels", [True, False])
def test_arrays_are_chosen_by_their_labels(options, expected, yield_labels):
    found = everything(numbered({"labels": CLASSES, "yield_labels": yield_labels, **options}))
    pictures, labels = found if yield_labels else (found, CLASSES[expected])
    assert to_bytes(pictures).ravel().tolist() == expected
    assert labels.tolist() == CLASSES[expected].tolist()


def test_without_labels_a_limit_takes_images_evenly():
    pictures = everything(numbered({"limit": 3}))
    assert to_bytes(pictures).ravel().tolist() == [0, 4, 8]


@pytest.mark.parametrize("option", [{"balanced": True}, {"class_shares": [1, 1]}, {"without": [0]}])
def test_without_labels_nothing_can_be_done_by_class(option, tmp_path):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name}.* needs labels"):
        numbered(option)
    save(noise(8, 8), tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"Labels are the subfolders.*'a.png' in none"):
        images.from_folder(tmp_path, **option)


def test_a_few_embedded_images_have_all_classes():
    _, labels = everything(images.embedded(limit=300, labels=True, **QUIET))
    assert np.bincount(labels).tolist() == [30] * 10
    assert images.embedded(limit=300).element_spec == tf.TensorSpec((None, 28, 28, 1), tf.float32)


def test_unbalanced_clothing_balanced():
    options = dict(class_shares=[1] * 9 + [0.05], labels=True, **QUIET)
    _, labels = everything(images.embedded(**options))
    assert np.bincount(labels).tolist() == [1000] * 9 + [50]
    _, labels = everything(images.embedded(balanced=True, **options))
    assert np.bincount(labels).tolist() == [905] * 10


@needs_tfds
def test_a_class_of_tfds_is_held_out():
    options = dict(split="test[:200]", data_dir=TFDS, **QUIET)
    pictures, labels = everything(images.from_tfds("mnist", labels=True, **options))
    left = everything(images.from_tfds("mnist", without=[3], **options))
    np.testing.assert_array_equal(left, pictures[labels != 3])


@needs_tfds
def test_tfds_uses_labels_that_it_does_not_yield():
    options = dict(split="test[:200]", data_dir=TFDS, limit=20, **QUIET)
    pictures, labels = everything(images.from_tfds("mnist", labels=True, **options))
    np.testing.assert_array_equal(everything(images.from_tfds("mnist", **options)), pictures)
    assert set(labels) == set(range(10))


@needs_tfds
@pytest.mark.parametrize("option", [{"limit": 9}, {"balanced": True}])
def test_what_is_streamed_cannot_be_chosen_from(monkeypatch, option):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    with pytest.raises(ValueError, match=r"too large for memory.*train\[:300\]"):
        images.from_tfds("mnist", data_dir=TFDS, split="test", **option)


def test_a_folder_is_read_evenly(tmp_path):
    for shade in range(6):
        save(np.full((4, 4), 10 * shade, "uint8"), tmp_path / f"{shade}.png")
    found = everything(images.from_folder(tmp_path, channels=1, limit=3, **QUIET))
    assert to_bytes(found)[:, 0, 0, 0].tolist() == [0, 20, 40]
