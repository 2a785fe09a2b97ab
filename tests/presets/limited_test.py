import numpy as np

from geans import data, presets


def labels_of(name, **changes):
    options = {**presets.get(name).data_options, **changes, "labels": True, "shuffle": False}
    _, labels = next(iter(data.images.embedded(batch_size=10_000, **options)))
    return np.asarray(labels)


def test_few_images_have_all_classes():
    assert np.bincount(labels_of("small_fashion")).tolist() == [30] * 10


def test_the_rarest_class_has_a_twentieth_of_the_most_frequent():
    sizes = np.bincount(labels_of("rare_fashion", balanced=False))
    assert (sizes[0], sizes[-1]) == (1_000, 50)
    np.testing.assert_allclose(sizes[1:] / sizes[:-1], 0.05 ** (1 / 9), atol=0.01)


def test_balanced_the_rare_ones_come_as_often():
    sizes = np.bincount(labels_of("rare_fashion"))
    assert sizes.max() - sizes.min() <= 1
