import io

import numpy as np
import pytest
from PIL import Image

from geans import plotting


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


class TestImageGrid:
    def test_every_pixel_is_a_block_of_screen_pixels(self):
        images = noise(64, 28, 28, 1)
        picture = rendered(plotting.image_grid(images))
        # 720 // (8 * 28) = 3 screen pixels each, and a gap of 2.
        assert picture.shape == (8 * 86 + 2, 8 * 86 + 2, 3)
        second = picture[2:86, 88:172]
        expected = np.rint((images[1] + 1) * 127.5).repeat(3, axis=0).repeat(3, axis=1)
        np.testing.assert_array_equal(second, expected.repeat(3, axis=2))
        assert (picture[:2] == 255).all() and (picture[86:88] == 255).all()

    # Sizes for which inches and pixels do not round alike, with and without a title.
    @pytest.mark.parametrize("side", [1, 7, 37, 100, 129])
    @pytest.mark.parametrize("title", [None, "epoch 3"])
    def test_crisp_at_every_size(self, side, title):
        images = noise(3, side, side, 3)
        picture = rendered(plotting.image_grid(images, columns=3, title=title))
        scale = (picture.shape[1] - 8) // (3 * side)
        block = picture[-2 - scale * side : -2, 2 : 2 + scale * side]
        np.testing.assert_array_equal(block[::scale, ::scale], np.rint((images[0] + 1) * 127.5))
        np.testing.assert_array_equal(block[scale - 1 :: scale], block[::scale])

    @pytest.mark.parametrize("title", [None, "a title"])
    def test_row_labels_stand_beside_their_rows(self, title):
        images = -np.ones((5, 30, 30, 3))
        plain = rendered(plotting.image_grid(images, columns=2, title=title))
        labels = ["1.25", "", "x"]
        picture = rendered(plotting.image_grid(images, 2, row_labels=labels, title=title))
        added = picture.shape[1] - plain.shape[1]
        np.testing.assert_array_equal(picture[-368:, added:], plain[-368:])
        margin = (picture[:, :added] < 128).any(axis=(1, 2))[-368:]
        # Rows of 4 * 30 pixels, and gaps of 2.
        assert [margin[top : top + 122].any() for top in (0, 122, 244)] == [True, False, True]
        assert (picture[:, :3] == 255).all()

    @pytest.mark.parametrize("label", ["anomaly 0.61", "m" * 9, "i" * 20, " "])
    def test_the_margin_is_as_wide_as_the_widest_label(self, label):
        picture = rendered(plotting.image_grid(-np.ones((1, 30, 30, 3)), 1, row_labels=[label]))
        added = picture.shape[1] - 124
        inked = np.flatnonzero((picture[:, :added] < 128).any(axis=(0, 2)))
        if label.strip():
            assert 3 <= inked[0] <= 11 and 3 <= added - inked[-1] <= 11
        assert added < 140

    def test_every_row_needs_a_label(self):
        with pytest.raises(ValueError, match="3 rows need as many labels. Received: 2 row_labels"):
            plotting.image_grid(noise(5, 8, 8, 1), columns=2, row_labels=["a", "b"])

    def test_white_is_white_black_is_black(self):
        assert (rendered(plotting.image_grid(np.ones((4, 8, 8, 3)))) == 255).all()
        black = rendered(plotting.image_grid(-np.ones((1, 8, 8, 3))))
        assert (black[2:-2, 2:-2] == 0).all()

    def test_values_beyond_the_range_are_clipped(self):
        wild = np.array([-9.0, -np.inf, np.inf, 1.5]).reshape(1, 2, 2, 1)
        tame = np.array([-1.0, -1.0, 1.0, 1.0]).reshape(1, 2, 2, 1)
        np.testing.assert_array_equal(
            rendered(plotting.image_grid(wild)), rendered(plotting.image_grid(tame))
        )

    def test_nan_is_magenta(self):
        images = np.zeros((1, 8, 8, 3))
        images[0, 0, 0, 1] = np.nan
        picture = rendered(plotting.image_grid(images))
        assert picture[2, 2].tolist() == [255, 0, 255]
        assert picture[-3, -3].tolist() == [128, 128, 128]

    def test_alpha_lies_on_white(self):
        red = np.array([1.0, -1.0, -1.0])
        images = np.stack([[*red, -1.0], [*red, 0.0], [*red, 1.0]]).reshape(1, 1, 3, 4)
        picture = rendered(plotting.image_grid(images))
        row = picture[3, [3, 7, 11]].tolist()
        assert row == [[255, 255, 255], [255, 128, 128], [255, 0, 0]]

    def test_bytes(self):
        values = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
        picture = rendered(plotting.image_grid(values))
        np.testing.assert_array_equal(picture[2:-2:4, 2:-2:4, 0], values[0, ..., 0])

    @pytest.mark.parametrize(
        "count, shape, columns, rows_and_columns",
        [
            (64, (28, 28, 1), None, (8, 8)),
            (10, (28, 28, 1), 5, (2, 5)),
            (3, (28, 28, 1), 8, (1, 3)),
            (7, (28, 28, 1), 3, (3, 3)),
            (8, (32, 64, 3), None, (4, 2)),
        ],
    )
    def test_rows_and_columns(self, count, shape, columns, rows_and_columns):
        picture = rendered(plotting.image_grid(noise(count, *shape), columns))
        rows, columns = rows_and_columns
        assert (picture.shape[0] - 2) % rows == 0 and (picture.shape[1] - 2) % columns == 0
        height, width = (picture.shape[0] - 2) // rows - 2, (picture.shape[1] - 2) // columns - 2
        assert height * shape[1] == width * shape[0]

    @pytest.mark.parametrize("shape", [(28, 28, 1), (2, 8, 8, 2), (0, 8, 8, 1), (2, 4, 8, 8, 3)])
    def test_wrong_shapes(self, shape):
        with pytest.raises(ValueError, match=rf"Received: shape \({shape[0]}, {shape[1]}"):
            plotting.image_grid(np.zeros(shape))

    def test_no_columns(self):
        with pytest.raises(ValueError, match="columns=0"):
            plotting.image_grid(np.zeros((2, 8, 8, 1)), columns=0)
