import matplotlib.figure

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
