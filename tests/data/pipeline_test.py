import keras
import numpy as np
import pytest
import tensorflow as tf

from geans.data import pipeline

NUMBERS = np.arange(10, dtype="int64")


def batch_numbers(**batching):
    return pipeline.batches(NUMBERS, **batching)


def decode_numbers(**batching):
    return pipeline.decoded_batches(tf.data.Dataset.range(10), tf.identity, **batching)


def epoch(dataset):
    return [batch.tolist() for batch in dataset.as_numpy_iterator()]


both = pytest.mark.parametrize("make", [batch_numbers, decode_numbers])


def test_normalise_maps_bytes_to_the_range_of_tanh():
    normalised = pipeline.normalise(np.array([0, 51, 255], "uint8"))
    assert normalised.dtype == tf.float32
    np.testing.assert_allclose(normalised, [-1.0, -0.6, 1.0], atol=1e-7)


@both
def test_unshuffled_batches_keep_the_order_and_the_ragged_last_batch(make):
    assert epoch(make(batch_size=4, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@both
@pytest.mark.parametrize(
    "batch_size, drop_remainder, count",
    [(4, False, 3), (4, True, 2), (5, False, 2), (64, False, 1)],
)
def test_cardinality_is_known(make, batch_size, drop_remainder, count):
    dataset = make(batch_size=batch_size, drop_remainder=drop_remainder)
    assert int(dataset.cardinality()) == len(epoch(dataset)) == count


@both
def test_every_epoch_has_every_example_once_in_a_new_order(make):
    dataset = make(batch_size=4, seed=3)
    first, second = epoch(dataset), epoch(dataset)
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == NUMBERS.tolist()
    assert first != second


@both
def test_the_same_seed_gives_the_same_epochs(make):
    one, same, other = make(seed=3), make(seed=3), make(seed=4)
    epochs = [epoch(one), epoch(one)]
    assert epochs == [epoch(same), epoch(same)]
    assert epochs != [epoch(other), epoch(other)]


@both
def test_fit_sees_a_new_order_in_every_epoch(make):
    seen = []

    class Spy(keras.Model):
        def train_step(self, data):
            tf.py_function(lambda batch: seen.append(batch.numpy().tolist()), [data], [])
            return {"loss": 0.0}

    spy = Spy()
    spy.compile()
    spy.fit(make(batch_size=10, seed=3), epochs=2, shuffle=False, verbose=0)
    assert len(seen) == 2 and seen[0] != seen[1] and sorted(seen[0]) == sorted(seen[1])


def test_arrays_stay_aligned_and_only_bytes_are_normalised():
    images = np.arange(100, dtype="uint8").reshape(100, 1, 1, 1)
    dataset = pipeline.batches((images, np.arange(100)), batch_size=32, seed=0)
    for pixels, labels in dataset:
        assert pixels.dtype == tf.float32 and labels.dtype == tf.int64
        np.testing.assert_array_equal(pixels[:, 0, 0, 0], pipeline.normalise(labels))


def test_decoded_pairs_are_normalised_after_batching():
    def decode(number):
        return tf.fill((2, 2, 3), tf.cast(number, tf.uint8)), number

    dataset = pipeline.decoded_batches(tf.data.Dataset.range(256), decode, batch_size=100)
    assert dataset.element_spec[0] == tf.TensorSpec((None, 2, 2, 3), tf.float32)
    for pixels, labels in dataset:
        np.testing.assert_array_equal(pixels[:, 1, 1, 2], pipeline.normalise(labels))


RARE = np.array([0] * 90 + [1] * 10)


def test_balanced_classes_come_equally_often_in_epochs_as_long_as_before():
    dataset = pipeline.batches((RARE, np.arange(100)), batch_size=32, seed=3, balanced_by=RARE)
    assert int(dataset.cardinality()) == 4
    for _ in range(2):
        labels, examples = map(np.concatenate, zip(*dataset.as_numpy_iterator(), strict=True))
        assert np.bincount(labels).tolist() == [50, 50]
        assert np.bincount(examples)[90:].tolist() == [5] * 10
        np.testing.assert_array_equal(RARE[examples], labels)


def test_balanced_epochs_follow_from_the_seed():
    def epochs(seed):
        dataset = pipeline.batches(np.arange(100), batch_size=64, seed=seed, balanced_by=RARE)
        return [epoch(dataset), epoch(dataset)]

    assert epochs(3) == epochs(3) != epochs(4)
    frequent = [{each for each in sum(shown, []) if each < 90} for shown in epochs(3)]
    assert [len(part) for part in frequent] == [50, 50] and frequent[0] != frequent[1]


@pytest.mark.parametrize(
    ("classes", "message"), [(RARE[1:], r"\(100,\), one per image"), (RARE / 2, "float64")]
)
def test_classes_are_integers_one_per_example(classes, message):
    with pytest.raises(ValueError, match=f"balanced_by must be .*{message}"):
        pipeline.batches(np.arange(100), balanced_by=classes)


def test_a_small_shuffle_buffer_keeps_the_first_element_among_the_first():
    elements = tf.data.Dataset.range(1000)
    dataset = pipeline.decoded_batches(
        elements, tf.identity, shuffle_buffer=2, batch_size=1, seed=0
    )
    assert epoch(dataset)[0][0] < 2


def test_decode_all_joins_more_than_one_part_in_order():
    squares, numbers = pipeline.decode_all(tf.data.Dataset.range(3000), lambda n: (n * n, n))
    np.testing.assert_array_equal(numbers, np.arange(3000))
    np.testing.assert_array_equal(squares, np.arange(3000) ** 2)


@pytest.mark.parametrize("limit, fits", [(12, True), (11, False)])
def test_memory_is_counted_in_bytes_of_uint8(monkeypatch, limit, fits):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", limit)
    assert pipeline.fits_in_memory(2, (2, 3, 1)) is fits


PICTURES = np.random.default_rng(0).integers(0, 256, (40, 2, 3, 1)).astype("uint8")


def batch_pictures(**batching):
    return pipeline.batches((PICTURES, np.arange(40)), **batching)


def decode_pictures(**batching):
    elements = tf.data.Dataset.from_tensor_slices((PICTURES, np.arange(40)))
    return pipeline.decoded_batches(elements, lambda *parts: parts, **batching)


def flips(dataset):
    """Which pictures come mirrored, by number; the others must come as they are."""
    found = {}
    for batch, numbers in dataset.as_numpy_iterator():
        for picture, number in zip(batch, numbers, strict=True):
            upright = pipeline.normalise(PICTURES[number]).numpy()
            found[int(number)] = not np.array_equal(picture, upright)
            expected = upright[:, ::-1] if found[int(number)] else upright
            np.testing.assert_array_equal(picture, expected)
    return [found[number] for number in range(40)]


both_of_pictures = pytest.mark.parametrize("make", [batch_pictures, decode_pictures])


@both_of_pictures
def test_half_of_the_images_are_mirrored_others_in_every_epoch(make):
    dataset = make(batch_size=16, seed=1, mirror=True)
    assert dataset.element_spec == make(batch_size=16).element_spec
    assert int(dataset.cardinality()) == 3
    epochs = [flips(dataset) for _ in range(10)]
    assert 150 < np.sum(epochs) < 250  # Of 400; the standard deviation is 10.
    assert len({tuple(each) for each in epochs}) == 10
    assert not any(flips(make(batch_size=16, seed=1)))


@both_of_pictures
def test_the_same_seed_mirrors_the_same_images_from_any_epoch_on(make):
    def epochs(seed, skipped=0):
        dataset = make(batch_size=16, seed=seed, mirror=True)
        for _ in range(skipped):
            iter(dataset)  # As a resumed training does.
        return [flips(dataset) for _ in range(3 - skipped)]

    assert epochs(1) == epochs(1) != epochs(2)
    assert epochs(1)[2:] == epochs(1, skipped=2)


@both_of_pictures
def test_mirroring_leaves_the_order_alone(make):
    plain, mirrored = (make(batch_size=16, seed=4, mirror=each) for each in (False, True))
    for (_, one), (_, other) in zip(plain, mirrored, strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_of_one_tuple_are_mirrored_alike():
    clips = np.stack([PICTURES, PICTURES], axis=1)
    dataset = pipeline.batches((PICTURES / np.float32(255), clips), mirror=True, seed=0)
    for images, moving in dataset:
        for frame in tf.unstack(moving, axis=1):
            np.testing.assert_allclose(2 * images - 1, frame, atol=1e-6)


def test_only_images_are_mirrored():
    with pytest.raises(ValueError, match=r"needs images.*Received: shape \(None, 2\)"):
        pipeline.batches(np.zeros((10, 2)), mirror=True)
    with pytest.raises(ValueError, match="mirror must be True or False. Received: mirror='yes'"):
        pipeline.batches(PICTURES, mirror="yes")


@both
@pytest.mark.parametrize(
    "batching, message",
    [
        (dict(batch_size=0), "batch_size=0"),
        (dict(batch_size=-3), "batch_size=-3"),
        (dict(batch_size=11, drop_remainder=True), "10 examples for batches of 11"),
    ],
)
def test_batches_that_cannot_be_made_are_refused(make, batching, message):
    with pytest.raises(ValueError, match=message):
        make(**batching)


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\[3, 2\]"):
        pipeline.batches((np.zeros(3), np.zeros(2)))


@pytest.mark.parametrize(
    "make_empty",
    [
        lambda: pipeline.batches(np.zeros((0, 2))),
        lambda: pipeline.decoded_batches(tf.data.Dataset.range(0), tf.identity),
    ],
)
def test_no_examples_are_refused(make_empty):
    with pytest.raises(ValueError, match="no examples"):
        make_empty()


@pytest.mark.parametrize(
    "elements, cardinality",
    [
        (tf.data.Dataset.range(3).repeat(), -1),
        (tf.data.Dataset.range(3).filter(lambda number: number > 0), -2),
    ],
)
def test_elements_of_unknown_number_are_refused(elements, cardinality):
    with pytest.raises(ValueError, match=f"cardinality is {cardinality}"):
        pipeline.decoded_batches(elements, tf.identity)
