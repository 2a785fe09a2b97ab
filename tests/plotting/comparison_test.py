import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from geans import plotting

PAIR = SimpleNamespace(modes=2, centers=np.array([[-1.0, 0.0], [1.0, 0.0]]), stddev=0.1)
CURVE = {"samples_seen": [50, 100], "modes": [1, 2], "high_quality_fraction": [0.25, 0.75]}
ROW = plotting.ComparisonRow(
    name="gan_pair",
    summary="2 of 2 modes",
    mixture=PAIR,
    moments={50: np.tile([[-1.0, 0.5]], (30, 1)), 100: np.zeros((30, 2))},
    curves=[CURVE, CURVE],
)


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_row_has_its_moments_and_its_curves():
    other = dataclasses.replace(ROW, name="gean_pair", moments={1_020_000: np.zeros((3, 2))})
    axes = plotting.comparison([ROW, other]).axes
    assert [each.get_xlabel() for each in axes] == [
        "50 samples",
        "100 samples",
        "",
        "1.02 M samples",
        "samples seen",
    ]
    assert texts(axes[0]) == ["2 of 2 modes", "gan_pair"] and texts(axes[3])[1] == "gean_pair"
    assert texts(axes[1]) == [] and texts(axes[2]) == ["modes found", "high-quality samples"]


def test_curves_are_shares_of_modes_and_samples_for_every_run():
    other = dataclasses.replace(ROW, curves=[{**CURVE, "samples_seen": [100, 200]}])
    first, second = plotting.comparison([ROW, other]).axes[2::3]
    curves = [
        line for line in first.lines if line.get_color() in (plotting.BLUE, plotting.VERMILION)
    ]
    assert len(curves) == 4
    assert curves[0].get_xydata().tolist() == [[50, 0.5], [100, 1]]
    assert curves[1].get_xydata().tolist() == [[50, 0.25], [100, 0.75]]
    assert first.get_xlim() == second.get_xlim() == (0, 206)


def test_points_lie_over_modes_in_their_colors():
    figure = plotting.comparison([ROW])
    picture = rendered(figure)

    def color_at(x, y):
        column, row = figure.axes[0].transData.transform((x, y))
        return picture[len(picture) - 1 - int(row), int(column)].astype(int)

    red, _, blue = color_at(-1, 0.5)
    assert red > 200 and blue < 60
    red, _, blue = color_at(1, 0)
    assert blue > red + 50
    assert color_at(0, -0.5).min() > 240


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("moments", [1, 5])
def test_nothing_overlaps_and_nothing_is_cut_off(rows, moments):
    long = "samples of seed 0; median of 10 seeds: 25 of 25 modes, 100.0% high quality, "
    long += "reverse KL 0.0000"
    kept = {1_000 * (i + 1): np.zeros((3, 2)) for i in range(moments)}
    row = dataclasses.replace(ROW, summary=long, moments=kept)
    figure = plotting.comparison([row] * rows)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for axes in figure.axes for text in axes.texts]
    boxes += [axes.get_tightbbox(for_layout_only=False) for axes in figure.axes if not axes.texts]
    for i, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_images_are_tiled():
    """Sixteen 8x8 images, black but for the second, which is red."""
    images = np.full((16, 8, 8, 3), -1.0)
    images[1, ..., 0] = 1
    stacked = SimpleNamespace(modes=1_000)
    curve = {"samples_seen": [50, 100], "modes": [250, 1_000]}
    row = dataclasses.replace(ROW, mixture=stacked, moments={50: images}, curves=[curve])
    figure = plotting.comparison([row])
    picture = rendered(figure)
    left, bottom, width, height = figure.axes[0].get_window_extent().bounds
    top = len(picture) - bottom - height
    for index in range(16):
        y, x = top + (index // 4 + 0.5) / 4 * height, left + (index % 4 + 0.5) / 4 * width
        assert picture[int(y), int(x)].tolist() == ([255, 0, 0] if index == 1 else [0, 0, 0])
    assert texts(figure.axes[1]) == ["modes found"]
    assert figure.axes[1].lines[-1].get_xydata().tolist() == [[50, 0.25], [100, 1]]


@pytest.mark.parametrize("shape", [(5, 2), (5, 8, 8, 3)])
def test_a_diverged_run_says_so(shape):
    nan = np.full(shape, np.nan)
    axes = plotting.comparison([dataclasses.replace(ROW, moments={50: nan})]).axes[0]
    assert "diverged" in texts(axes)


def test_a_row_needs_moments_and_curves():
    empty = (dataclasses.replace(ROW, moments={}), dataclasses.replace(ROW, curves=[]))
    for rows in ([], [empty[0]], [ROW, empty[1]]):
        with pytest.raises(ValueError, match="each with a moment and a curve"):
            plotting.comparison(rows)
