"""Folders of many files, of which only a sample is read before training."""

import logging
import os

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import geans
from geans.data import disk_cache, folders, image_files, images, lazy_images, pipeline
from tests.data.read_back import everything, to_bytes

QUIET = dict(channels=1, shuffle=False)
COUNT = 10


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A folder of grey files of 0, 10, 20, ..., in two classes, of which two are looked at."""
    for index in range(COUNT):
        folder = tmp_path / ("cat" if index < 6 else "dog")
        folder.mkdir(exist_ok=True)
        PIL.Image.new("L", (4, 4), 10 * index).save(folder / f"{index}.png")
    monkeypatch.setattr(folders, "MANY", 3)
    monkeypatch.setattr(folders, "SAMPLE", 2)  # The files 4 and 9.
    return tmp_path


@pytest.fixture(params=["in memory", "in a file", "not kept"])
def room(request, monkeypatch):
    if request.param != "in memory":
        monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    if request.param == "not kept":
        monkeypatch.setattr(disk_cache, "SHARE", 0.0)
    return request.param


@pytest.fixture
def reads(monkeypatch):
    """The numbers in the names of the files that are decoded."""
    read_image, found = image_files.read_image, []

    def noted(path, shape):
        found.append(int(path.stem))
        return read_image(path, shape)

    monkeypatch.setattr(image_files, "read_image", noted)
    return found


def damage(folder, *indices):
    for index in indices:
        (path,) = folder.rglob(f"{index}.png")
        path.write_bytes(path.read_bytes()[:-30])


def shades(dataset):
    """What each image of a dataset, or of pairs with labels, shows, and the labels."""
    found = everything(dataset)
    pictures, *labels = found if isinstance(found, tuple) else (found,)
    return [to_bytes(pictures)[:, 0, 0, 0].tolist(), *(each.tolist() for each in labels)]


@pytest.mark.parametrize(
    "options",
    [{}, {"labels": True}, {"balanced": True}, {"mirror": True}, {"labels": True, "limit": 7}],
    ids=str,
)
def test_batches_are_those_of_a_small_folder(many, room, monkeypatch, options):
    options = dict(channels=1, batch_size=4, seed=3, **options)
    found = images.from_folder(many, **options)
    monkeypatch.setattr(folders, "MANY", 1000)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 2**30)
    expected = images.from_folder(many, **options)
    assert found.element_spec == expected.element_spec
    assert int(found.cardinality()) == int(expected.cardinality())
    for _ in range(2):
        assert [len(each) for each in shades(found)] == [len(each) for each in shades(expected)]
        for one, other in zip(found, expected, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_before_training_only_a_sample_is_read(many, room, reads, caplog):
    dataset = images.from_folder(many, **QUIET)
    assert sorted(reads) == [4, 9]
    assert f"'{many}' has 10 images, of which 2 were checked." in caplog.text
    reads.clear()
    assert shades(dataset.take(1)) == shades(dataset) == [list(range(0, 100, 10))]
    assert sorted(reads) == sorted([*range(COUNT)] * (2 if room == "not kept" else 1))


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_file_found_damaged_in_training_is_replaced(many, room, caplog, on_error):
    damage(many, 5, 6)
    dataset = images.from_folder(many, labels=True, on_error=on_error, batch_size=4, **QUIET)
    assert "cannot be read" not in caplog.text
    expected = [[0, 10, 20, 30, 40, 70, 70, 70, 80, 90], [0] * 5 + [1] * 5]
    for _ in range(2):
        assert [len(labels) for _, labels in dataset] == [4, 4, 2]
        assert shades(dataset) == expected
    lines = [record.getMessage() for record in caplog.records if "cannot" in record.getMessage()]
    assert len(lines) == 1 and lines[0].startswith("2 of 10 files cannot be read as images.")
    assert "/cat/5.png' (" in lines[0] and "/dog/6.png' (" in lines[0] and "truncated" in lines[0]


def test_the_replacement_does_not_depend_on_the_order(many, room):
    damage(many, 0, 3, 5, 6)
    expected = sorted([10, 10, 20, 40, 40, 70, 70, 70, 80, 90])
    for seed in range(3):
        dataset = images.from_folder(many, channels=1, batch_size=3, seed=seed)
        assert sorted(shades(dataset)[0]) == sorted(shades(dataset)[0]) == expected


def test_after_the_last_file_comes_the_first(many):
    files = image_files.find(many)
    damage(many, 9)
    pictures, places = lazy_images.LazyImages(files, (4, 4, 1)).take(np.array([9, 1]))
    assert pictures[:, 0, 0, 0].tolist() == [0, 10] and places.tolist() == [0, 1]


@pytest.mark.parametrize("tries", [3, 100])
def test_a_folder_that_is_gone_is_an_error(many, monkeypatch, tries):
    monkeypatch.setattr(lazy_images, "TRIES", tries)
    dataset = images.from_folder(many, batch_size=2, **QUIET)
    for file in image_files.find(many):
        os.unlink(file)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=rf"{tries} images in a row(.|\n)*0\.p"
    ):
        everything(dataset)


def test_damage_in_the_sample_is_found_before_training(many, caplog):
    damage(many, 4)
    with pytest.raises(ValueError, match=r"1 of 2 files cannot be read(.|\n)*/cat/4\.png"):
        images.from_folder(many, **QUIET)
    dataset = images.from_folder(many, on_error="skip", **QUIET)
    assert shades(dataset) == [[0, 10, 20, 30, 50, 60, 70, 80, 90]]
    assert "They are left out" in caplog.text


def test_sizes_and_colours_are_those_of_the_sample(many):
    PIL.Image.new("RGB", (6, 4), "red").save(many / "cat" / "0.png")
    assert images.folder_shape(many) == (4, 4, 1)
    PIL.Image.new("RGB", (4, 4), "red").save(many / "cat" / "4.png")
    assert images.folder_shape(many) == (4, 4, 3)
    PIL.Image.new("RGB", (6, 4), "red").save(many / "cat" / "4.png")
    with pytest.raises(ValueError, match="differ in size"):
        images.folder_shape(many)


def test_of_large_photographs_fewer_are_decoded(many, monkeypatch, reads):
    monkeypatch.setattr(folders, "SAMPLE", 5)
    monkeypatch.setattr(folders, "_SAMPLE_PIXELS", 2 * 4 * 4)
    for file in image_files.find(many):
        PIL.Image.new("RGB", (4, 4), "grey").save(file)
    assert images.folder_shape(many) == (4, 4, 1)
    assert sorted(reads) == [5, 9]
    reads.clear()
    images.from_folder(many, **QUIET)
    assert sorted(reads) == [5, 9]


@pytest.mark.parametrize("many_files", [3, 1000])
def test_some_samples_are_read_alone(many, monkeypatch, reads, many_files):
    monkeypatch.setattr(folders, "MANY", many_files)
    assert shades(images.from_folder(many, 4, samples=3, **QUIET)) == [[30, 60, 90]]
    assert sorted(reads) == [3, 6, 9]
    with pytest.raises(ValueError, match="samples=0"):
        images.from_folder(many, samples=0)


def test_a_damaged_sample_of_many_is_a_warning(many, caplog):
    damage(many, 3)
    assert shades(images.from_folder(many, 4, samples=3, **QUIET)) == [[60, 90]]
    assert "/cat/3.png" in caplog.text


def test_it_trains(many, caplog, make_model):
    damage(many, 5)
    dataset = images.from_folder(many, batch_size=4, seed=0, channels=1)
    points = dataset.map(lambda batch: tf.reshape(batch, (-1, 16))[:, :2])
    with caplog.at_level(logging.WARNING):
        make_model(geans.GAN).fit(points, epochs=2, verbose=0)
    assert "/cat/5.png" in caplog.text


def test_replicas_share_it(many, reads):
    dataset = images.from_folder(many, 4, batch_size=4, **QUIET)
    reads.clear()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    distributed = strategy.experimental_distribute_dataset(dataset)
    for _ in range(2):
        seen = [
            part for batch in distributed for part in strategy.experimental_local_results(batch)
        ]
        assert to_bytes(np.concatenate(seen))[:, 0, 0, 0].tolist() == list(range(0, 100, 10))
    assert sorted(reads) == list(range(COUNT))


ENDS = """
import sys, time
from geans.data import folders, image_files, images

folders.MANY = 3
read_image = image_files.read_image
dataset = images.from_folder(sys.argv[1], 4, batch_size=1)
image_files.read_image = lambda *args: time.sleep(0.2) or read_image(*args)
iterator = iter(dataset)
next(iterator)
print("end")
"""


@pytest.mark.slow
def test_python_ends_while_batches_are_made(many, run_python):
    assert run_python(ENDS, many, many) == "end\n"
