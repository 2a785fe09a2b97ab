import pathlib

import numpy as np
import PIL.Image
import pytest

from geans.data import image_files, pipeline
from geans.experiment.sources import Source
from tests.data.read_back import to_bytes

TFDS = pathlib.Path(__file__).resolve().parents[3] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")


@pytest.fixture
def animals(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        PIL.Image.new("RGB", (8, 8), "red").save(tmp_path / name / "a.png")
    return tmp_path


def test_each_loads_its_images(animals):
    folder = Source.parse(f"folder:{animals}", image_size=4)
    assert folder.sample_shape() == (4, 4, 3)
    assert folder.class_names() == ["cat", "dog"]
    images, labels = folder.dataset(labels=True).element_spec
    assert images.shape == (None, 4, 4, 3) and labels.dtype == "int64"
    assert Source.parse(f"folder:{animals}", image_size="6x4").sample_shape() == (4, 6, 3)
    np.savez(animals / "a.npz", images=np.zeros((3, 4, 4, 1), "uint8"), kind=[0, 1, 1])
    arrays = Source.parse("arrays:a.npz", data_dir=animals, options={"classes": "kind"})
    assert arrays.sample_shape() == (4, 4, 1) and arrays.class_names() == ["0", "1"]
    embedded = Source.parse("embedded:fashion")
    assert embedded.sample_shape() == (28, 28, 1)
    assert len(embedded.class_names()) == 10


@pytest.mark.slow
@needs_tfds
def test_the_data_dir_is_passed_on(monkeypatch):
    source = Source.parse("tfds:mnist", data_dir=TFDS, image_size=8)
    assert source.class_names() == list("0123456789")
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    dataset = source.dataset(batch_size=100)
    assert int(dataset.cardinality()) == 600
    assert next(iter(dataset)).shape == (100, 8, 8, 1)


@needs_tfds
def test_labels_of_tfds_must_be_of_classes():
    with pytest.raises(ValueError, match='celeb_a has no "label" that is one of some classes'):
        Source.parse("tfds:celeb_a").class_names()


@needs_tfds
def test_the_reference_of_tfds_is_of_any_split():
    source = Source.parse("tfds:mnist", data_dir=TFDS, options={"split": "train[:10]"})
    assert source.reference()[0].split == "train[:10]"
    origin, batches = source.reference(split="test[:20]")
    assert origin.split == "test[:20]" and len(next(iter(batches))) == 20


@pytest.mark.parametrize(
    ("spec", "message"),
    [("embedded:mnist", "'mnist'"), ("folder:absent", "no folder 'absent'")],
)
def test_what_is_not_there(spec, message):
    with pytest.raises(ValueError, match=message):
        Source.parse(spec, image_size=8).dataset()


def test_labels_stand_for_classes_of_digits28():
    digits = Source.parse("tfds:mnist").digits28_classes()
    clothing = Source.parse("tfds:fashion_mnist").digits28_classes()
    assert len(digits) == len(clothing) == 10 and not set(digits) & set(clothing)
    assert Source.parse("embedded:fashion").digits28_classes() == clothing
    assert Source.parse("folder:x").digits28_classes() is None


@pytest.mark.parametrize(
    ("options", "trained_on", "expected"),
    [
        ({}, False, [20, 50, 80, 110]),
        ({"limit": 6}, False, [20, 50, 80, 110]),
        ({"limit": 6}, True, [20, 40, 80, 100]),
        ({"mirror": True, "balanced": True, "without": [0]}, False, [70, 80, 100, 110]),
    ],
    ids=str,
)
def test_the_reference_of_a_folder_reads_evenly_spaced_files(
    tmp_path, monkeypatch, options, trained_on, expected
):
    """And no others, and mirrors none."""
    for index in range(12):
        path = tmp_path / str(index // 6) / f"{index:02}.png"
        path.parent.mkdir(exist_ok=True)
        PIL.Image.fromarray(10 * index + np.eye(4, dtype="uint8")).save(path)
    read_image, read = image_files.read_image, []
    monkeypatch.setattr(
        image_files, "read_image", lambda path, shape: read.append(path) or read_image(path, shape)
    )
    source = Source.parse(f"folder:{tmp_path}", options=options)
    origin, batches = source.reference(samples=4, trained_on=trained_on)
    found = to_bytes(np.concatenate(list(batches.as_numpy_iterator())))
    assert found[:, 0, 1, 0].tolist() == expected and len(read) == 4
    np.testing.assert_array_equal(found[0, :, :, 0] - expected[0], np.eye(4))
    assert origin.name == source.spec
    with pytest.raises(ValueError, match="has no splits"):
        source.reference(split="test")


def test_images_beyond_a_limit_are_held_out():
    source = Source.parse("embedded:fashion", options={"limit": 9_990})
    images, labels = source.held_out(500, labels=True)
    trained = next(iter(source.dataset(9_990))).numpy()
    known = {image.tobytes() for image in trained}
    # Ten are left, one of each class.
    assert len(images) == len(labels) == 10 and sorted(labels) == list(range(10))
    assert known.isdisjoint(image.tobytes() for image in images)
    assert source.held_out(3)[0].shape == (3, 28, 28, 1) and source.held_out(3)[1] is None
    assert Source.parse("embedded:fashion").held_out(3) is None
    assert Source.parse("embedded:fashion", options={"limit": 10_000}).held_out(3) is None


@pytest.mark.slow
@needs_tfds
def test_the_test_split_is_held_out_unless_it_is_trained_on():
    images, labels = Source.parse("tfds:mnist", data_dir=TFDS).held_out(7, labels=True)
    assert images.shape == (7, 28, 28, 1) and len(labels) == 7
    options = {"without": [0, 1, 2, 3, 4, 5, 6, 7, 8], "limit": 50}
    chosen = Source.parse("tfds:mnist", data_dir=TFDS, options=options)
    assert set(chosen.held_out(20, labels=True)[1]) == {9}
    options = {"split": "train+test"}
    assert Source.parse("tfds:mnist", data_dir=TFDS, options=options).held_out(7) is None
