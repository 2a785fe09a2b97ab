import gallery
import numpy as np
import pytest

from tests.plotting.images_test import rendered

STRIPS = {
    "grey": np.full((4, 8, 8, 1), -1.0),
    "colour": np.full((2, 16, 16, 3), 255, "uint8"),
    "last": np.zeros((4, 8, 8, 1)),
}


def test_every_strip_has_its_title_and_its_images():
    figure = gallery.gallery(STRIPS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(STRIPS)
    pixels = rendered(figure)
    assert pixels.shape[1] == 2 * 640 + 3 * 10
    # The first strip: four black squares with white gaps between them.
    row = pixels[10 + 26 + 80, 10:650, 0] < 128
    assert 600 < row.sum() < 640
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) == 4


def test_strips_keep_their_shape_in_one_column():
    heights = [axes.get_position().height for axes in gallery.gallery(STRIPS, 1).axes]
    # Images of one strip are squares: two of them are twice as high as four.
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(("strips", "columns"), [({}, 2), (STRIPS, 0)])
def test_no_gallery(strips, columns):
    with pytest.raises(ValueError, match="at least one strip and one column"):
        gallery.gallery(strips, columns)
