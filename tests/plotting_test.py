import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from geans import plotting

MIXTURE = SimpleNamespace(centers=np.array([[-1.0, 0.0], [1.0, 0.0]]), stddev=0.1)
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


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def legend(figure_or_axes):
    return [text.get_text() for text in figure_or_axes.get_texts()]


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


class TestScatter:
    def test_legend_and_title(self):
        coverage = SimpleNamespace(modes=1, good_fraction=0.5, reverse_kl=0.6931)
        figure = plotting.scatter(
            noise(5, 2), noise(5, 2), MIXTURE, title="epoch 1", coverage=coverage
        )
        assert legend(figure.legends[0]) == ["real", "fake", "modes (3 std. dev.)"]
        title = "epoch 1\n1 of 2 modes, 50.0 % good, reverse KL 0.693"
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


class TestSave:
    def test_makes_folders_and_leaves_nothing_else(self, tmp_path):
        path = tmp_path / "run" / "pictures" / "grid.png"
        plotting.save(plotting.image_grid(np.ones((1, 8, 8, 1))), path)
        assert [file.name for file in path.parent.iterdir()] == ["grid.png"]
        assert Image.open(path).size == (36, 36)

    def test_failure_keeps_the_old_picture(self, tmp_path):
        class Broken:
            def savefig(self, file, **options):
                file.write_bytes(b"half a picture")
                raise OSError("disk full")

        (tmp_path / "a.png").write_bytes(b"old")
        with pytest.raises(OSError, match="disk full"):
            plotting.save(Broken(), tmp_path / "a.png")
        assert os.listdir(tmp_path) == ["a.png"]
        assert (tmp_path / "a.png").read_bytes() == b"old"

    def test_who_reads_the_old_picture_is_not_disturbed(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_bytes(b"old")
        with open(path, "rb") as reader:
            plotting.save(plotting.image_grid(np.ones((1, 8, 8, 1))), path)
            assert reader.read() == b"old"
        assert Image.open(path).size == (36, 36)

    def test_wrong_suffix(self, tmp_path):
        with pytest.raises(ValueError, match="end in .png"):
            plotting.save(plotting.training_curves(CURVES), tmp_path / "curves.pdf")


class TestAnimation:
    def frames(self, folder, sides=(8, 8, 8)):
        paths = [folder / f"{index}.png" for index in range(len(sides))]
        for index, (path, side) in enumerate(zip(paths, sides, strict=True)):
            Image.new("RGB", (side, side), (50 * index, 0, 0)).save(path)
        return paths

    def test_frames_durations_and_loop(self, tmp_path):
        path = tmp_path / "new" / "all.gif"
        plotting.animation(self.frames(tmp_path), path, seconds_per_frame=0.1, seconds_at_end=3)
        with Image.open(path) as gif:
            assert (gif.n_frames, gif.info["loop"]) == (3, 0)
            durations, reds = [], []
            for index in range(3):
                gif.seek(index)
                durations.append(gif.info["duration"])
                reds.append(gif.convert("RGB").getpixel((4, 4))[0])
        assert durations == [100, 100, 3000]
        assert reds == [0, 50, 100]
        assert os.listdir(path.parent) == ["all.gif"]

    def test_one_frame(self, tmp_path):
        plotting.animation(self.frames(tmp_path, sides=(8,)), tmp_path / "one.gif")
        assert Image.open(tmp_path / "one.gif").n_frames == 1

    def test_smaller_frames_are_centred_on_white(self, tmp_path):
        plotting.animation(self.frames(tmp_path, sides=(4, 8)), tmp_path / "both.gif")
        with Image.open(tmp_path / "both.gif") as gif:
            first = np.asarray(gif.convert("RGB"))
        assert first.shape == (8, 8, 3)
        assert first[1, 1].tolist() == [255, 255, 255]
        assert first[2, 2].tolist() == first[5, 5].tolist() == [0, 0, 0]

    def test_errors(self, tmp_path):
        frames = self.frames(tmp_path)
        with pytest.raises(ValueError, match="at least one frame"):
            plotting.animation([], tmp_path / "a.gif")
        with pytest.raises(ValueError, match="seconds_per_frame=0.01"):
            plotting.animation(frames, tmp_path / "a.gif", seconds_per_frame=0.01)
        with pytest.raises(ValueError, match="end in .gif"):
            plotting.animation(frames, tmp_path / "a.mp4")
