import numpy as np
import pytest

from geans.data import pairs, pipeline
from tests.data.translation_test import noise, numbered, numbers, pixels

QUIET = {"shuffle": False, "batch_size": 1_000}


def test_pairs_stay_together():
    dataset = pairs.paired(numbered(50), 255 - numbered(50, channels=3), batch_size=8, seed=0)
    assert [tuple(each.shape) for each in dataset.element_spec] == [
        (None, 4, 4, 1),
        (None, 4, 4, 3),
    ]
    assert [len(source) for source, _ in dataset] == [8] * 6 + [2]
    source, target = pixels(dataset)
    assert sorted(source[:, 0, 0, 0]) == list(range(50)) != source[:, 0, 0, 0].tolist()
    np.testing.assert_array_equal(255 - target, np.repeat(source, 3, axis=-1))


def test_pairs_are_shifted_and_mirrored_alike():
    source = noise(20, 8, 8, 1)
    dataset = pairs.paired(source, source, jitter=2, flip=True, seed=0)
    first, second = pixels(dataset)
    np.testing.assert_array_equal(first, second)
    assert np.any(first != pixels(pairs.paired(source, source, seed=0))[0])


def test_domains_are_shuffled_apart():
    dataset = pairs.unpaired(numbered(200), numbered(200), batch_size=16, seed=0)
    first, second = numbers(dataset)
    assert sorted(first) == sorted(second) == list(range(200))
    # Of two independent orders one image in 200 meets itself.
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 8


@pytest.mark.parametrize("counts", [(7, 30), (30, 7)])
def test_an_epoch_is_the_smaller_domain_and_others_of_the_larger(counts):
    dataset = pairs.unpaired(*map(numbered, counts), batch_size=4, seed=0)
    assert len(dataset) == 2
    assert [(len(a), len(b)) for a, b in dataset] == [(4, 4), (3, 3)]
    epochs = [numbers(dataset) for _ in range(3)]
    smaller, larger = np.argsort(counts)
    assert all(sorted(epoch[smaller]) == list(range(7)) for epoch in epochs)
    assert all(len(set(epoch[larger])) == 7 for epoch in epochs)
    assert len(set().union(*(epoch[larger] for epoch in epochs))) > 7


def test_domains_may_differ_in_shape_and_are_varied_apart():
    first, second = noise(40, 8, 8, 1), np.repeat(noise(40, 8, 8, 1), 3, axis=-1)
    dataset = pairs.unpaired(first, second, flip=True, **QUIET, seed=0)
    a, b = pixels(dataset)
    mirrored = [(one != kept).any(axis=(1, 2, 3)) for one, kept in ((a, first), (b, second))]
    assert 8 < mirrored[0].sum() < 32 and np.any(mirrored[0] != mirrored[1])


@pytest.mark.slow
@pytest.mark.parametrize("make", [pairs.paired, pairs.unpaired])
def test_the_seed_decides_every_epoch(make):
    def two_epochs(seed):
        dataset = make(numbered(30), numbered(30), seed=seed, batch_size=7, flip=True)
        return [numbers(dataset) for _ in range(2)]

    first, again, other = two_epochs(1), two_epochs(1), two_epochs(2)
    assert first == again
    assert first[0] != first[1] and first[0] != other[0]


BAD = {
    "floats": (np.full((3, 4, 4, 1), 2.0), r"must lie in \[-1, 1\].* from 2 to 2"),
    "without channels": (numbered(3)[..., 0], r"must be an array.*\(3, 4, 4\)"),
    "empty": (numbered(0), r"must be an array.*\(0, 4, 4, 1\)"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("make", [pairs.paired, pairs.unpaired])
def test_unsuitable_arrays_are_refused(make, case):
    array, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make(numbered(3), array)


@pytest.mark.parametrize("target", [numbered(4), numbered(3, size=8)])
def test_pairs_must_fit(target):
    with pytest.raises(ValueError, match=r"same height and width.*\(3, 4, 4, 1\).*target"):
        pairs.paired(numbered(3), target)


def test_small_images_are_means_over_squares():
    """2x2 squares of 0, 51, 102 and 255: their mean is 102."""
    square = np.array([[0, 51], [102, 255]], "uint8")
    images = np.tile(square, (3, 4, 2))[..., None]
    images[1] = 255
    dataset = pairs.downscaled(pipeline.batches(images, **QUIET), 2)
    assert len(dataset) == 1
    small, large = pixels(dataset)
    np.testing.assert_array_equal(large, images)
    assert small.shape == (3, 4, 2, 1)
    assert np.all(small[[0, 2]] == 102) and np.all(small[1] == 255)


@pytest.mark.parametrize("factor", [1, 3, 2.0, True, "4", None])
def test_what_cannot_be_downscaled(factor):
    with pytest.raises(ValueError, match="factor=.* for 4x8 pixels.*--image_size"):
        pairs.downscale(np.zeros((2, 8, 4, 1), "float32"), factor)
