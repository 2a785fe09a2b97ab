import numpy as np
import pytest

from geans.data import images, npz_files
from tests.data.read_back import to_bytes


@pytest.fixture
def faces(tmp_path):
    shades = np.arange(6, dtype="uint8")[:, None, None, None] * np.ones((1, 8, 12, 3), "uint8")
    arrays = {"images": shades, "hair": np.array([0, 1, 2, 0, 1, 2]), "mask": np.arange(6) % 2}
    np.savez(tmp_path / "faces.npz", **arrays, hair_names=np.array(["none", "short", "long"]))
    return tmp_path / "faces.npz"


def test_images_and_the_labels_of_their_names(faces):
    quiet = {"shuffle": False, "batch_size": 6}
    (found,) = map(to_bytes, images.from_npz(faces, **quiet).as_numpy_iterator())
    assert found.shape == (6, 8, 12, 3) and found[:, 0, 0, 0].tolist() == list(range(6))
    options = {"classes": "hair", "labels": True, "image_size": (4, 6)}
    ((small, labels),) = images.from_npz(faces, **options, **quiet)
    assert small.shape == (6, 4, 6, 3) and labels.numpy().tolist() == [0, 1, 2, 0, 1, 2]
    assert images.from_npz(faces, classes="mask", without=[1]).element_spec.dtype == "float32"
    assert npz_files.class_names(faces, "hair") == ["none", "short", "long"]
    assert npz_files.class_names(faces, "mask") == ["0", "1"]


def test_what_is_missing_is_named(faces):
    with pytest.raises(ValueError, match="Unknown array of .*'image'. Did you mean 'images'"):
        images.from_npz(faces, "image")
    with pytest.raises(ValueError, match="Pass classes"):
        images.from_npz(faces, labels=True)
    with pytest.raises(ValueError, match="no file .*other.npz"):
        images.from_npz(faces.with_name("other.npz"))
    faces.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cannot be read"):
        images.from_npz(faces)
