import matplotlib.figure
import numpy as np

from geans.plotting import style


def test_two_spines_are_left_and_pale():
    axes = matplotlib.figure.Figure().add_subplot()
    style.soften(axes)
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == [
        "left",
        "bottom",
    ]
    assert matplotlib.colors.to_hex(axes.spines["left"].get_edgecolor()) == style.PALE.lower()


def test_players_have_the_colors_of_their_samples():
    assert style.ROLES["generator"] == style.ROLES["fake"] == style.VERMILION
    assert style.ROLES["discriminator"] == style.ROLES["real"] == style.BLUE
    assert not {style.BLUE, style.VERMILION} & set(style.OTHERS)


def test_texts_stand_above_the_axes_one_behind_the_other():
    figure = matplotlib.figure.Figure(figsize=(4, 2))
    axes = style.axes_at(figure, (1, 0.5, 2, 1))
    np.testing.assert_allclose(axes.get_position().bounds, (0.25, 0.25, 0.5, 0.5))
    first = style.write_above(axes, "first")
    second = style.write_above(axes, "second", after=first)
    above = style.write_above(axes, "above", over=first)
    figure.draw_without_rendering()
    assert axes.bbox.y1 < first.get_window_extent().y0
    assert first.get_window_extent().x1 < second.get_window_extent().x0
    assert first.get_window_extent().y1 < above.get_window_extent().y0
