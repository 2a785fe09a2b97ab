import pathlib

import numpy as np
import pytest

from geans.data import stacked

TFDS = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")


def everything(dataset):
    return np.concatenate(list(dataset.as_numpy_iterator()))


def as_rows(images):
    """Every image as a tuple of bytes, sorted."""
    return sorted(np.rint((image + 1) * 127.5).astype("uint8").tobytes() for image in images)


def test_embedded_digits_are_complete():
    images, labels = stacked.optical_digits()
    assert images.shape == (1797, 8, 8) and images.dtype == np.uint8
    # Sixteen steps of grey, white included.
    assert set(np.unique(images)) == set(np.rint(np.arange(17) * 255 / 16))
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_a_fifth_of_them_is_held_out_always_the_same():
    assert stacked.held_out().sum() == 360
    assert np.flatnonzero(stacked.held_out())[:4].tolist() == [2, 12, 13, 20]


def test_every_channel_is_a_digit_of_its_own():
    digits = stacked.digits()
    images = digits.sample(2_000, seed=1)
    assert images.shape == (2_000, 8, 8, 3) and images.dtype == np.float32
    known = {row: index for index, row in enumerate(as_rows(2.0 * digits.digits / 255 - 1))}
    assert len(known) == 1_797  # No image twice, so that an index says which it is.
    rows = {image.tobytes(): index for index, image in enumerate(digits.digits)}
    pixels = np.rint((images + 1) * 127.5).astype("uint8")
    chosen = np.array([[rows[p[..., c].tobytes()] for c in range(3)] for p in pixels])
    labels = stacked.optical_digits()[1][chosen]
    correlation = np.corrcoef(labels.T)[np.triu_indices(3, k=1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(len(images))
    # Drawn from the images: each of them is expected 3.3 times, and 3.5 % never.
    never = np.mean(np.bincount(chosen.ravel(), minlength=1_797) == 0)
    assert never == pytest.approx(0.035, abs=0.02)


def test_an_epoch_is_the_sample_of_its_seed_in_another_order():
    digits = stacked.digits()
    dataset = digits.dataset(batch_size=64, size=150, seed=3)
    assert dataset.element_spec.shape.as_list() == [None, 8, 8, 3]
    assert [len(batch) for batch in dataset] == [64, 64, 22]
    first, second = everything(dataset), everything(dataset)
    assert (first != second).any()
    assert as_rows(first) == as_rows(second) == as_rows(digits.sample(150, seed=3))
    assert as_rows(first) != as_rows(digits.sample(150, seed=4))


def test_one_channel_is_the_digits_themselves():
    plain = stacked.digits(channels=1)
    assert plain.modes == 10
    assert set(as_rows(plain.sample(50))) <= set(as_rows(plain.digits / 127.5 - 1))


def test_nothing_is_loaded_before_it_is_needed():
    missing = stacked.mnist(data_dir="/nowhere")
    assert (missing.modes, missing.samples_to_measure) == (1_000, 26_000)


@pytest.mark.slow
@needs_tfds
def test_mnist():
    mnist = stacked.mnist(data_dir=TFDS)
    assert mnist.digits.shape == (60_000, 28, 28) and mnist.digits.dtype == np.uint8
    assert mnist.digits.mean() == pytest.approx(33.318, abs=0.001)  # Known of its training set.
    images = next(mnist.dataset(batch_size=5, size=10).as_numpy_iterator())
    assert images.shape == (5, 28, 28, 3) and images.min() == -1 and images.max() == 1


@pytest.mark.parametrize("channels", [0, 2, 4, "3"])
def test_other_channels_could_not_be_seen(channels):
    with pytest.raises(ValueError, match="channels must be 1 or 3"):
        stacked.digits(channels=channels)


def test_mistakes():
    with pytest.raises(ValueError, match=r"\['mnist', 'digits'\]. Received: 'fashion'"):
        stacked.Stacked("fashion")
    with pytest.raises(ValueError, match="size must be a positive integer"):
        stacked.digits().dataset(size=0)
    with pytest.raises(ValueError, match="count must be a positive integer"):
        stacked.digits().sample(2.5)
