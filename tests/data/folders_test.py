"""Folders of images, through `images.from_folder` and by themselves."""

import os

import PIL.Image
import pytest
import tensorflow as tf

from geans.data import folders, image_files, images, pipeline
from tests.data.read_back import everything, to_bytes

QUIET = dict(shuffle=False, batch_size=1000)


def of_classes(folder, **counts):
    """Grey files of 10, 11, ... in subfolders by their names."""
    shade = 10
    for name, count in counts.items():
        (folder / name / "deeper").mkdir(parents=True)
        for index in range(count):
            PIL.Image.new("L", (4, 4), shade).save(folder / name / "deeper" / f"{index}.png")
            shade += 1
    return folder


def shades_and_labels(dataset):
    pictures, labels = everything(dataset)
    return to_bytes(pictures)[:, 0, 0, 0].tolist(), labels.tolist()


@pytest.mark.parametrize("limit_of_memory", [2**30, 1])
def test_subfolders_are_classes(tmp_path, monkeypatch, limit_of_memory):
    of_classes(tmp_path, dog=2, cat=3)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit_of_memory)
    options = dict(channels=1, labels=True, **QUIET)
    found = images.from_folder(tmp_path, **options)
    assert found.element_spec[1] == tf.TensorSpec((None,), tf.int64)
    assert shades_and_labels(found) == ([12, 13, 14, 10, 11], [0, 0, 0, 1, 1])
    found = images.from_folder(tmp_path, without=[1], **options)
    assert shades_and_labels(found) == ([12, 13, 14], [0, 0, 0])
    assert image_files.classes(tmp_path, image_files.find(tmp_path))[0] == ["cat", "dog"]


@pytest.mark.parametrize("limit_of_memory", [2**30, 1])
def test_subfolders_balance_without_being_yielded(tmp_path, monkeypatch, limit_of_memory):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit_of_memory)
    of_classes(tmp_path, cat=4, dog=2)
    found = everything(images.from_folder(tmp_path, channels=1, balanced=True, **QUIET))
    assert sorted(to_bytes(found)[:, 0, 0, 0].tolist()) == [10, 11, 12, 14, 14, 15]


def test_labels_belong_to_files_that_can_be_read(tmp_path):
    of_classes(tmp_path, cat=2, dog=2)
    (tmp_path / "cat" / "deeper" / "0.png").write_bytes(b"")
    options = dict(channels=1, labels=True, on_error="skip", **QUIET)
    assert shades_and_labels(images.from_folder(tmp_path, **options)) == ([11, 12, 13], [0, 1, 1])


def test_what_is_hidden_is_neither_an_image_nor_a_class(tmp_path):
    of_classes(tmp_path, cat=1, dog=1)
    of_classes(tmp_path, **{".ipynb_checkpoints": 1})
    (tmp_path / "cat" / "._0.png").write_bytes(b"what archives of other machines hold")
    os.symlink("/", tmp_path / ".link")
    found = images.from_folder(tmp_path, channels=1, labels=True, **QUIET)
    assert shades_and_labels(found) == ([10, 11], [0, 1])
    assert image_files.classes(tmp_path, image_files.find(tmp_path))[0] == ["cat", "dog"]


def test_one_subfolder_is_no_class(tmp_path):
    of_classes(tmp_path, cat=2)
    with pytest.raises(ValueError, match="two or more.*has 1 subfolder, 'cat'"):
        images.from_folder(tmp_path, labels=True)


@pytest.mark.parametrize("limit_of_memory", [2**30, 1])
def test_choices_that_choose_nothing(tmp_path, monkeypatch, limit_of_memory):
    of_classes(tmp_path, cat=2)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit_of_memory)
    nothing = dict(limit=None, class_shares=None, without=None, balanced=False)
    found = everything(images.from_folder(tmp_path, channels=1, **nothing, **QUIET))
    assert to_bytes(found)[:, 0, 0, 0].tolist() == [10, 11]
    with pytest.raises(ValueError, match="limit=0"):
        images.from_folder(tmp_path, limit=0)


def test_sizes():
    assert folders.sides_of(None) is None
    assert folders.sides_of(64) == (64, 64)
    assert folders.sides_of("64x48") == folders.sides_of([48, 64]) == (48, 64)
    for bad in (0, -1, 8_193, 3.0, True, (4,), (4, 0), "64", "4x", "x4", "4x4x4", "big"):
        with pytest.raises(ValueError, match="image size must be"):
            folders.sides_of(bad)


def test_files_and_labels(tmp_path):
    found = image_files.find(of_classes(tmp_path, cat=2, dog=3))
    files, labels = folders.chosen(tmp_path, found, limit=3, labels=True)
    assert [file.parts[-3] for file in files] == ["cat", "dog", "dog"]
    assert labels.tolist() == [0, 1, 1]
    assert folders.folder_shape(tmp_path) == (4, 4, 1)


def test_samples_are_spaced_evenly():
    assert folders.spaced(12, 4).tolist() == [2, 5, 8, 11]
    for count in (None, 12, 13):
        assert folders.spaced(12, count).tolist() == list(range(12))
    assert len(folders.spaced(100_003, 2_000)) == 2_000


def test_transparency_is_said_to_be_shown_on_white(tmp_path, caplog):
    for name, color in (("a", "#ff000000"), ("b", "#ff0000ff"), ("c", "#ff0000")):
        PIL.Image.new("RGBA" if len(color) == 9 else "RGB", (4, 4), color).save(
            tmp_path / f"{name}.png"
        )
    for options in ({"channels": 3}, {"channels": 4}, {"image_size": 4, "channels": 4}):
        folders.folder_shape(tmp_path, **options)
    assert not caplog.records
    assert folders.folder_shape(tmp_path) == folders.folder_shape(tmp_path) == (4, 4, 3)
    (record,) = caplog.records
    assert "2 of 3 images have an alpha channel" in record.getMessage()
    assert 'pass channels=4: "data_options": {"channels": 4}' in record.getMessage()
