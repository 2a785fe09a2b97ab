import pathlib

import pytest
import tensorflow as tf

from geans.data import prepared

TFDS = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), [("mnist", True), ("div2k", False)])
def test_only_labels_of_classes_tell_classes(tmp_path, name, expected):
    assert prepared.has_classes(prepared.builder(name, tmp_path)) is expected


@needs_tfds
@pytest.mark.parametrize("labels", [True, False])
def test_images_stay_encoded(labels):
    examples = prepared.encoded_examples(prepared.builder("mnist", TFDS), "test[:3]", labels)
    assert len(examples) == 3
    assert set(examples.element_spec) == ({"image", "label"} if labels else {"image"})
    assert examples.element_spec["image"].dtype == tf.string


def test_a_size_makes_images_equal(tmp_path):
    cats = prepared.builder("cats_vs_dogs", tmp_path)
    assert prepared.image_shape(cats, 8, labels=True) == (8, 8, 3)
    with pytest.raises(ValueError, match="Pass image_size"):
        prepared.image_shape(cats, None, labels=True)
