import itertools

import pytest

from geans.networks import checks


@pytest.mark.parametrize(
    "size, count", [(8, 1), (12, 1), (16, 2), (20, 2), (28, 2), (32, 3), (36, 2), (44, 2), (64, 4)]
)
def test_halvings_leave_at_least_4_pixels(size, count):
    assert checks.halvings("output_shape", (size, size, 3)) == count
    assert size % 2**count == 0 and size >> count >= 4


@pytest.mark.parametrize(
    "height, width, count", [(48, 64, 3), (64, 48, 3), (28, 32, 2), (8, 256, 1), (64, 20, 2)]
)
def test_both_sides_are_halved(height, width, count):
    assert checks.halvings("output_shape", (height, width, 3)) == count
    assert min(height, width) >> count >= 4 and height % 2**count == width % 2**count == 0


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 0), (7.0, 5, 1), (7, 5, True), "753", 7, None])
def test_what_is_no_shape_of_images(shape):
    checks.check_image_shape("input_shape", (7, 5, 1))
    with pytest.raises(ValueError, match=r"height, width, channels.*Received: input_shape="):
        checks.check_image_shape("input_shape", shape)


@pytest.mark.parametrize(
    "shape",
    [
        (30, 30, 1),
        (32, 30, 1),
        (64, 4, 1),
        (4, 4, 1),
        (0, 0, 1),
        (28, 28, 0),
        (28, 28),
        (28.0, 28.0, 1),
        28,
        "8",
    ],
)
def test_shapes_that_cannot_be_halved(shape):
    with pytest.raises(ValueError, match="divisible by 4.* Received: input_shape="):
        checks.halvings("input_shape", shape)


@pytest.mark.parametrize("size", [0, -1, 1.0, "1", True, None, 2**16 + 1])
def test_no_sizes(size):
    with pytest.raises(ValueError, match=f"65,536. Received: latent_dim={size!r}"):
        checks.check_sizes(width=3, latent_dim=size)


@pytest.mark.parametrize("normalization", ["spectral", True, 0, ["batch"]])
def test_unknown_normalization(normalization):
    with pytest.raises(ValueError, match='"batch" or None. Received: normalization='):
        checks.check_normalization(normalization, "batch")


def test_sizes_and_normalizations_that_pass():
    checks.check_sizes(width=1, latent_dim=2**16)
    checks.check_normalization("batch", "batch")
    checks.check_normalization(None, "batch")


def first_seeds(network, seed):
    return list(itertools.islice(checks.layer_seeds(network, seed), 20))


def test_seeds_of_layers():
    drawn = first_seeds("generator", 3)
    assert drawn == first_seeds("generator", 3)
    assert len({*drawn, *first_seeds("discriminator", 3), *first_seeds("generator", 4)}) == 60
    assert first_seeds("generator", None) == [None] * 20
