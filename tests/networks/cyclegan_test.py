import keras
import numpy as np
import pytest

from geans.networks import cyclegan


def small(seed=0, channels=(3, 3)):
    return cyclegan.generator((16, 16, channels[0]), channels[1], width=2, blocks=1, seed=seed)


def images(seed, channels=3):
    return keras.random.normal((2, 16, 16, channels), seed=seed)


def test_the_layers_of_the_paper():
    """c7s1-64, d128, d256, R256 x 6, u128, u64, c7s1-3 for 128 pixels."""
    network = cyclegan.generator((128, 128, 3))
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    layers = [layer for layer in network.layers if isinstance(layer, kinds)]
    widths = [64, 128, 256, *[256] * 12, 128, 64, 3]
    sizes = [128, 64, 32, *[32] * 12, 64, 128, 128]
    kernels = [7, 3, 3, *[3] * 12, 3, 3, 7]
    assert [layer.filters for layer in layers] == widths
    assert [layer.output.shape[1] for layer in layers] == sizes
    assert [layer.kernel_size[0] for layer in layers] == kernels


def test_number_of_weights():
    network = cyclegan.generator((16, 16, 1), 3, width=2, blocks=3)
    ends = (49 * 1 * 2 + 2 * 2) + (49 * 2 * 3 + 3)
    down = (9 * 2 * 4 + 2 * 4) + (9 * 4 * 8 + 2 * 8)
    block = 2 * (9 * 8 * 8 + 2 * 8)
    up = (9 * 8 * 4 + 2 * 4) + (9 * 4 * 2 + 2 * 2)
    assert network.count_params() == ends + down + 3 * block + up


def test_each_image_is_translated_alone():
    network = small()
    together = network(images(0), training=True)
    alone = [network(images(0)[i : i + 1], training=True)[0] for i in range(2)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_side_by_side_is_both():
    first, second = small(seed=1, channels=(1, 3)), small(seed=2, channels=(3, 1))
    both = cyclegan.side_by_side(first, second)
    found = both([images(0, 1), images(1, 3)])
    np.testing.assert_array_equal(found[0], first(images(0, 1)))
    np.testing.assert_array_equal(found[1], second(images(1, 3)))
    assert both.count_params() == first.count_params() + second.count_params()
    assert both.get_layer("first") is first and both.get_layer("second") is second


@pytest.mark.slow
def test_side_by_side_is_saved_and_cloned_with_its_parts(tmp_path):
    both = cyclegan.side_by_side(small(1), small(2))
    both.save(tmp_path / "both.keras")
    loaded = keras.saving.load_model(tmp_path / "both.keras")
    cloned = keras.models.clone_model(both)
    cloned.set_weights(both.get_weights())
    inputs = [images(0), images(1)]
    for copy in (loaded, cloned):
        np.testing.assert_array_equal(copy(inputs), both(inputs))
        np.testing.assert_array_equal(copy.get_layer("second")(inputs[0]), small(2)(inputs[0]))


def test_only_two_plain_networks_are_joined():
    network = small()
    for second in (network, "network", cyclegan.side_by_side(small(), small())):
        with pytest.raises(ValueError, match="one input and one output, that are not the same"):
            cyclegan.side_by_side(network, second)


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((30, 30, 3), {}, "divisible by 4"),
        ((32, 32, 3), {"output_channels": 0}, "output_channels=0"),
        ((32, 32, 3), {"width": 0}, "width=0"),
        ((32, 32, 3), {"blocks": 0}, "blocks=0"),
    ],
)
def test_what_has_no_meaning_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        cyclegan.generator(shape, **options)
