import numpy as np
import pytest
import tensorflow as tf

from geans.data import resizing


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


def test_one_image_and_many_are_resized_alike(monkeypatch):
    images = noise(5, 12, 20, 3)
    whole = resizing.crop_and_resize(images, 8)
    monkeypatch.setattr(resizing, "_AT_ONCE", 2)
    np.testing.assert_array_equal(resizing.crop_and_resize(images, 8), whole)
    one = resizing.crop_and_resize(tf.constant(images[3]), 8)
    np.testing.assert_array_equal(one.numpy(), whole[3])


def test_the_centre_of_what_is_not_square_is_kept():
    images = noise(2, 6, 9, 1)
    np.testing.assert_array_equal(resizing.crop_and_resize(images, 6), images[:, :, 1:7])


def test_images_are_cropped_to_the_aspect_of_the_size():
    images = noise(2, 6, 9, 1)
    np.testing.assert_array_equal(resizing.crop_and_resize(images, (6, 3)), images[:, :, 3:6])
    np.testing.assert_array_equal(resizing.crop_and_resize(images, "9x3"), images[:, 1:4])
    assert resizing.crop_and_resize(images, (4, 10)).shape == (2, 4, 10, 1)
    assert resizing.crop_and_resize(images, (6, 9)) is images
    assert resizing.crop_and_resize(images[0], (1, 8192)).shape == (1, 8192, 1)


def test_edges_do_not_wrap_round():
    edge = np.repeat(np.array([[0, 255]], "uint8"), 8, axis=1)[None, :, :, None].repeat(16, axis=1)
    resized = resizing.crop_and_resize(edge, 24)[0, 0, :, 0].astype(int)
    assert (np.diff(resized) >= 0).all() and set(resized[[0, -1]]) == {0, 255}


def test_sizes():
    images = noise(2, 6, 6, 1)
    assert resizing.crop_and_resize(images, None) is images
    assert resizing.crop_and_resize(images, 6) is images
    with pytest.raises(ValueError, match="positive integer.*Received: 0"):
        resizing.crop_and_resize(images, 0)
