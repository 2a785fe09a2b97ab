import io

import numpy as np
import pytest
from PIL import Image

from geans import plotting

FAKE_DISTANCES, HELD_OUT_DISTANCES = np.linspace(0, 9, 200), np.linspace(1, 10, 300)
HISTOGRAM = {"fake_distances": FAKE_DISTANCES, "held_out_distances": HELD_OUT_DISTANCES}


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def drawn(rows=2, count=3, shape=(28, 28, 1), **options):
    """Images of one grey level each: fakes 0, 10, ..., their neighbours 1, 2, ... above that."""
    levels = 10 * np.arange(rows)[:, None] + np.arange(1 + count)
    images = np.broadcast_to(
        levels[..., None, None, None].astype("uint8"), (rows, 1 + count, *shape)
    )
    distances = levels[:, 1:] / 4
    return plotting.neighbours(images[:, 0], images[:, 1:], distances, **options)


def center(picture, axes):
    box = axes.get_window_extent()
    return picture[len(picture) - int((box.y0 + box.y1) / 2), int((box.x0 + box.x1) / 2)].tolist()


@pytest.mark.parametrize("options", [{}, {"title": "Copies?"}, HISTOGRAM])
def test_each_image_is_in_its_place_over_its_distance(options):
    figure = drawn(rows=2, count=3, **options)
    picture = rendered(figure)
    shown = figure.axes[:8]
    assert [center(picture, axes)[0] for axes in shown] == [0, 1, 2, 3, 10, 11, 12, 13]
    captions = ["", "0.250", "0.500", "0.750", "", "2.75", "3.00", "3.25"]
    assert [axes.get_xlabel() for axes in shown] == captions
    lefts = [axes.get_position().x0 for axes in shown]
    assert lefts[:4] == sorted(lefts[:4]) == lefts[4:]
    assert shown[0].get_position().y0 > shown[4].get_position().y1


def test_colour_and_the_shape_of_images_are_kept():
    fake = np.zeros((1, 16, 32, 3), "uint8")
    fake[..., 0] = 200
    figure = plotting.neighbours(fake, fake[:, None], [[0.0]])
    assert center(rendered(figure), figure.axes[0]) == [200, 0, 0]
    box = figure.axes[0].get_window_extent()
    assert box.width == pytest.approx(2 * box.height)
    assert figure.axes[1].get_xlabel() == "0"


def test_large_distances_have_no_exponent():
    image = np.zeros((1, 8, 8, 1))
    figure = plotting.neighbours(image, image[:, None].repeat(3, 1), [[99.94, 99.96, 1234.5]])
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == ["99.9", "100", "1234"]


def test_histograms_are_shares_over_shared_bins():
    axes = drawn(**HISTOGRAM).axes[-1]
    assert [text.get_text() for text in axes.texts] == ["held-out images", "generated images"]
    held_out, fake = (patch.get_xy() for patch in axes.patches[:2])
    for outline, distances in ((held_out, HELD_OUT_DISTANCES), (fake, FAKE_DISTANCES)):
        share = np.mean((distances >= 2) & (distances < 4))
        # Area between 2 and 4, by the width of a bin, is the share of distances there.
        edges, heights = outline[1:-1:2, 0], outline[1:-1:2, 1]
        width = edges[1] - edges[0]
        inside = (edges >= 2 - width / 2) & (edges < 4 - width / 2)
        assert heights[inside].sum() == pytest.approx(share, abs=0.02)
    np.testing.assert_array_equal(held_out[:, 0], fake[:, 0])
    assert fake[:, 1].max() <= 0.05  # 50 bins of even distances: 2 % each.


def test_histogram_colours_are_those_of_real_and_fake():
    axes = drawn(**HISTOGRAM).axes[-1]
    colours = [text.get_color() for text in axes.texts]
    assert colours == [plotting.BLUE, plotting.VERMILION]


def test_triangles_mark_the_nearest_of_each_row():
    (marks,) = drawn(rows=3, **HISTOGRAM).axes[-1].lines
    assert marks.get_xdata().tolist() == [0.25, 2.75, 5.25]


def test_outliers_do_not_squeeze_the_rest():
    distances = np.append(FAKE_DISTANCES, 1e6)
    axes = drawn(fake_distances=distances, held_out_distances=HELD_OUT_DISTANCES).axes[-1]
    assert 9 < axes.get_xlim()[1] < 10.1


def test_nothing_but_copies():
    image = np.zeros((2, 8, 8, 1))
    zeros = {"fake_distances": np.zeros(20), "held_out_distances": np.zeros(20)}
    figure = plotting.neighbours(image, image[:, None], np.zeros((2, 1)), **zeros)
    assert figure.axes[-1].get_xlim() == (0, 1)
    assert rendered(figure).shape[2] == 3


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("options", [{}, {"title": "Copied fraction: 20 %"}, HISTOGRAM])
def test_nothing_overlaps_and_nothing_is_cut_off(rows, count, options):
    figure = drawn(rows, count, **options)
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes for text in axes.texts] + figure.texts
    boxes = [text.get_window_extent() for text in texts]
    for axes in figure.axes:
        for text in axes.texts:
            text.set_in_layout(False)
        boxes.append(axes.get_tightbbox())
    for i, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


@pytest.mark.parametrize(
    "fake, nearest, distances",
    [
        ((2, 8, 8, 1), (2, 3, 8, 8, 1), (2, 2)),
        ((2, 8, 8, 1), (2, 8, 8, 1), (2,)),
        ((2, 8, 8, 1), (2, 3, 9, 8, 1), (2, 3)),
        ((3, 8, 8, 1), (2, 3, 8, 8, 1), (2, 3)),
        ((2, 8, 8), (2, 3, 8, 8), (2, 3)),
    ],
)
def test_shapes_that_do_not_fit(fake, nearest, distances):
    with pytest.raises(ValueError, match=rf"Received: shapes \({fake[0]}, 8, 8.* and \(2,"):
        plotting.neighbours(np.zeros(fake), np.zeros(nearest), np.ones(distances))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_wrong_distances(value):
    image = np.zeros((1, 8, 8, 1))
    with pytest.raises(ValueError, match="distances must be finite numbers >= 0"):
        plotting.neighbours(image, image[:, None], [[value]])
    with pytest.raises(ValueError, match="fake_distances must be finite numbers >= 0"):
        drawn(fake_distances=[1.0, value], held_out_distances=[1.0])
    with pytest.raises(ValueError, match="held_out_distances must be finite numbers >= 0"):
        drawn(fake_distances=[1.0], held_out_distances=[value])


def test_the_histogram_needs_both_kinds_of_rank_one():
    for name in HISTOGRAM:
        with pytest.raises(ValueError, match="both or neither"):
            drawn(**{name: FAKE_DISTANCES})
        with pytest.raises(ValueError, match=r"shapes.*\(200, 1\)"):
            drawn(**{**HISTOGRAM, name: FAKE_DISTANCES[:, None]})
