import numpy as np
import pytest
import tensorflow as tf

from geans.data import jittering


def ramps(count=40, size=6):
    """Images whose pixels say where they are: one channel the row, one the column."""
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    return np.tile(np.stack([rows, columns], axis=-1).astype("float32"), (count, 1, 1, 1))


def once(dataset):
    return [tuple(map(np.asarray, batch)) for batch in dataset]


def pairs(images, batch_size=16):
    return tf.data.Dataset.from_tensor_slices((images, -images)).batch(batch_size)


def test_nothing_asked_nothing_changed():
    dataset = pairs(ramps())
    assert jittering.varied(dataset, 0, False, 0) is dataset


def test_flipped_or_not_and_both_of_a_pair_alike():
    images = ramps()
    first, second = map(
        np.concatenate, zip(*once(jittering.varied(pairs(images), 0, True, 3)), strict=True)
    )
    np.testing.assert_array_equal(first, -second)
    mirrored = first[:, 0, 0, 1] == 5
    np.testing.assert_array_equal(first[~mirrored], images[~mirrored])
    np.testing.assert_array_equal(first[mirrored], images[mirrored, :, ::-1])
    assert 10 < mirrored.sum() < 30  # Of 40; less than 2 in 1,000 seeds are outside.


def test_a_window_of_the_enlarged_image():
    """Enlarged by 2, rows begin at one of three places; each is a part of the resized image."""
    images = ramps(count=60)
    larger = tf.image.resize(images[:1], (8, 8)).numpy()[0]
    windows = {(i, j): larger[i : i + 6, j : j + 6] for i in range(3) for j in range(3)}
    seen = set()
    for batch, other in once(jittering.varied(pairs(images), 2, False, 0)):
        np.testing.assert_allclose(batch, -other, atol=1e-6)
        for image in batch:
            near = [place for place, w in windows.items() if np.allclose(image, w, atol=1e-5)]
            assert len(near) == 1
            seen.add(near[0])
    assert len(seen) == 9


def test_the_seed_decides_epoch_by_epoch():
    def two_epochs(seed):
        dataset = jittering.varied(pairs(ramps()), 3, True, seed)
        return [np.concatenate([batch for batch, _ in once(dataset)]) for _ in range(2)]

    first, again, other = two_epochs(1), two_epochs(1), two_epochs(2)
    np.testing.assert_array_equal(first, again)
    assert np.any(first[0] != first[1]) and np.any(first[0] != other[0])


def test_shape_and_length_are_kept():
    dataset = jittering.varied(pairs(ramps()), 3, True, None)
    assert len(dataset) == 3
    assert [tuple(each.shape) for each in dataset.element_spec] == [(None, 6, 6, 2)] * 2


@pytest.mark.parametrize("jitter", [-1, 1.5, True, None, 10_000])
def test_bad_numbers_are_refused(jitter):
    with pytest.raises(ValueError, match="pixels from 0 to 1024. Received: jitter="):
        jittering.varied(pairs(ramps()), jitter, False, 0)
