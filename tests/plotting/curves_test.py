import io

import numpy as np
import pytest
from PIL import Image

from geans import plotting

CURVES = {
    "generator_loss": [0.7, 0.9, 1.1],
    "discriminator_loss": [1.4, 1.2, 1.0],
    "real_logits": [0.1, 0.5, 0.9],
    "fake_logits": [-0.1, -0.5, -0.9],
}


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return np.asarray(Image.open(file).convert("RGB"))


def legend(figure_or_axes):
    return [text.get_text() for text in figure_or_axes.get_texts()]


class TestTrainingCurves:
    def test_two_panels_share_the_epochs(self):
        losses, logits = plotting.training_curves(CURVES).axes
        assert (losses.get_ylabel(), logits.get_ylabel()) == ("loss", "logits")
        assert legend(losses.get_legend()) == ["generator loss", "discriminator loss"]
        assert losses.get_xlim() == logits.get_xlim() == (0.5, 3.5)

    def test_every_other_kind_gets_a_panel_after_them(self):
        history = {"fid": [3, 2, 1], "real_accuracy": [1, 1, 1], "fake_accuracy": [1, 1, 1]}
        axes = plotting.training_curves(history | CURVES).axes
        assert [each.get_ylabel() for each in axes] == ["loss", "logits", "fid", "accuracy"]

    def test_players_keep_their_colors_and_share_none(self):
        keys = ["discriminator_loss", "generator_loss", "generator_cycle_loss", "loss"]
        lines = plotting.training_curves({key: [1.0] for key in keys}).axes[0].lines
        colors = {line.get_label(): line.get_color() for line in lines[1::2]}
        assert colors["discriminator loss"] == plotting.BLUE
        assert colors["generator loss"] == plotting.VERMILION
        assert len(set(colors.values())) == 4

    def test_one_epoch_is_visible_and_has_one_tick(self):
        figure = plotting.training_curves({key: values[:1] for key, values in CURVES.items()})
        picture = rendered(figure)
        assert (picture == np.array([0x00, 0x72, 0xB2])).all(axis=-1).sum() > 20
        assert [tick for tick in figure.axes[-1].get_xticks() if 0.5 < tick < 1.5] == [1]

    def test_holes_where_values_are_not_finite(self):
        history = {"fid": [3.0, float("nan"), float("inf"), 1.0], "modes": [float("nan")] * 4}
        figure = plotting.training_curves(history)
        bridge, curve = figure.axes[0].lines
        assert bridge.get_xydata().tolist() == [[1, 3], [4, 1]]
        np.testing.assert_array_equal(curve.get_ydata(), [3, np.nan, np.nan, 1])
        assert rendered(figure).shape == (int(128 * 5.4), 8 * 128, 3)

    @pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": [1, 2], "fid": [1]}])
    def test_needs_one_value_per_epoch(self, history):
        with pytest.raises(ValueError, match="one value per epoch for every key"):
            plotting.training_curves(history)


def test_shares_have_one_panel_and_every_distance_its_own():
    keys = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")
    figure = plotting.training_curves({key: [1.0, 0.5] for key in keys})
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["frechet distance", "kernel distance", "share"]
    assert len(figure.axes[2].get_legend().get_texts()) == 4
