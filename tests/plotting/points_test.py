import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from geans import plotting

MIXTURE = SimpleNamespace(centers=np.array([[-1.0, 0.0], [1.0, 0.0]]), stddev=0.1)


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def legend(figure_or_axes):
    return [text.get_text() for text in figure_or_axes.get_texts()]


class TestScatter:
    def test_legend_and_title(self):
        coverage = SimpleNamespace(modes=1, high_quality_fraction=0.5, reverse_kl=0.6931)
        figure = plotting.scatter(
            noise(5, 2), noise(5, 2), MIXTURE, title="epoch 1", coverage=coverage
        )
        assert legend(figure.legends[0]) == ["real", "fake", "modes (3 std. dev.)"]
        title = "epoch 1\n1 of 2 modes, 50.0 % high quality, reverse KL 0.693"
        assert figure.axes[0].get_title() == title

    def test_frame_ignores_the_fakes_and_counts_those_outside(self):
        near, far = np.zeros((4, 2)), np.array([[0, 0], [9, 0], [0, -9], [np.nan, 0]])
        still, wild = (plotting.scatter(None, fake, MIXTURE) for fake in (near, far))
        assert still.axes[0].get_xlim() == wild.axes[0].get_xlim()
        # Modes at -1 and 1, three standard deviations of .1, and 30 % of air.
        assert still.axes[0].get_xlim() == pytest.approx((-1.69, 1.69))
        assert legend(wild.legends[0])[0] == "fake (3 outside)"

    def test_frame_of_fakes_alone(self):
        figure = plotting.scatter(None, np.array([[0.0, 0.0], [2.0, 1.0], [np.nan, np.inf]]))
        assert figure.axes[0].get_xlim() == pytest.approx((-0.3, 2.3))
        assert figure.axes[0].get_ylim() == pytest.approx((-0.8, 1.8))

    @pytest.mark.parametrize("value", [0.0, np.nan])
    def test_frame_of_degenerate_fakes(self, value):
        axes = plotting.scatter(None, np.full((3, 2), value)).axes[0]
        assert axes.get_xlim() == axes.get_ylim() == (-1, 1)

    def test_colors_rings_and_equal_axes(self):
        # Real points at one mode, fakes at the other.
        figure = plotting.scatter(
            np.tile([[-1.0, 0]], (50, 1)), np.tile([[1.0, 0]], (50, 1)), MIXTURE
        )
        picture = rendered(figure)
        axes = figure.axes[0]

        def color_at(x, y):
            column, row = axes.transData.transform((x, y))
            return picture[len(picture) - 1 - int(row), int(column)].tolist()

        assert color_at(-1, 0) == [0x00, 0x72, 0xB2]
        assert color_at(1, 0) == [0xD5, 0x5E, 0x00]
        assert color_at(0, 0) == [255, 255, 255]
        # The ring lies 3 standard deviations from the centre, both across and up.
        assert max(color_at(1.3, 0)) < 100 and max(color_at(1, 0.3)) < 100

    def test_legend_does_not_cover_the_data(self):
        figure = plotting.scatter(noise(5, 2), noise(5, 2), MIXTURE)
        rendered(figure)
        assert not figure.legends[0].get_window_extent().overlaps(figure.axes[0].bbox)

    @pytest.mark.parametrize("shape", [(4, 3), (4,), (2, 2, 2)])
    def test_wrong_shapes(self, shape):
        with pytest.raises(ValueError, match="fake must have shape"):
            plotting.scatter(noise(4, 2), np.zeros(shape))
        with pytest.raises(ValueError, match="real must have shape"):
            plotting.scatter(np.zeros(shape), noise(4, 2))
