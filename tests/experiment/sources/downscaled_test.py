import numpy as np
import PIL.Image
import pytest

from geans.experiment.sources import Source
from tests.data.translation_test import noise


def downscaled(spec, tmp_path=None, **options):
    return Source.parse(f"downscaled:{spec}", data_dir=tmp_path, options=options)


@pytest.fixture
def arrays(tmp_path):
    """Images with and without a split in the name of their array."""
    held_out = {"photo_train": noise(6, 8, 8, 3), "photo_test": noise(3, 8, 8, 3, seed=1)}
    np.savez(tmp_path / "a.npz", images=noise(20, 8, 8, 1, seed=2), **held_out)
    return tmp_path


def test_images_are_the_targets_of_smaller_ones(arrays):
    source = downscaled("arrays:a.npz", arrays, factor=2)
    assert source.sample_shape() == ((4, 4, 1), (8, 8, 1))
    assert downscaled("arrays:a.npz", arrays).sample_shape() == ((2, 2, 1), (8, 8, 1))
    small, large = next(source.dataset(batch_size=20).as_numpy_iterator())
    means = large.reshape((20, 4, 2, 4, 2, 1)).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=1e-6)


def test_every_kind_of_images_is_taken(tmp_path):
    (tmp_path / "photos").mkdir()
    PIL.Image.new("RGB", (12, 8), "red").save(tmp_path / "photos/1.png")
    source = downscaled(f"folder:{tmp_path / 'photos'}")
    assert source.sample_shape() == ((2, 3, 3), (8, 12, 3))
    assert source.examples.split == "train"
    assert downscaled("embedded:fashion", limit=20).sample_shape() == ((7, 7, 1), (28, 28, 1))
    assert downscaled("tfds:mnist").images.path == "mnist"


@pytest.mark.parametrize("name, expected", [("photo_train", 3), ("images", 5)])
def test_examples_are_held_out_if_there_are_such(arrays, name, expected):
    """The array of the split "test", or what is beyond the limit."""
    source = downscaled("arrays:a.npz", arrays, name=name, limit=15, mirror=True, factor=2)
    examples = source.examples
    assert examples.split == "held out" and len(examples.second) == expected
    assert examples.first.shape[1:3] == (4, 4)
    (batch,) = source.dataset(batch_size=20).as_numpy_iterator()
    trained = {image.tobytes() for image in batch[1]}
    trained |= {image[:, ::-1].tobytes() for image in batch[1]}
    assert not trained & {image.tobytes() for image in examples.second}


def test_without_such_they_are_of_the_training(arrays):
    examples = downscaled("arrays:a.npz", arrays, mirror=True).examples
    assert examples.split == "train" and len(examples.second) == 20


@pytest.mark.parametrize(
    "spec, options, message",
    [
        ("pairs:a.npz", {}, "takes a source of images, one of folder:.*'downscaled:pairs:a.npz'"),
        ("downscaled:arrays:a.npz", {}, "takes a source of images"),
        ("arrays", {}, "takes a source of images"),
        ("arrays:a.npz", {"factor": 3}, "factor=3 for 8x8 pixels"),
        ("arrays:a.npz", {"faktor": 2}, "data_options do not fit.*'faktor'"),
    ],
)
def test_what_cannot_be_loaded(arrays, spec, options, message):
    with pytest.raises(ValueError, match=message):
        downscaled(spec, arrays, **options).dataset()
