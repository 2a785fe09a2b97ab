"""Colours and sizes of all pictures, and the figure that they are drawn on."""

import io

import matplotlib.figure

# Okabe and Ito's palette, which colour-blind readers can tell apart. Blue is the real data and
# the discriminator, vermilion the fakes and the generator that makes them.
BLUE, VERMILION = "#0072B2", "#D55E00"
ROLES = {"real": BLUE, "discriminator": BLUE, "fake": VERMILION, "generator": VERMILION}
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, PALE, MAGENTA = "#333333", "#C8C8C8", (255, 0, 255)

DPI = 128  # A power of two: a whole number of pixels is an exact number of inches.


class Figure(matplotlib.figure.Figure):
    """A figure that a notebook shows without `%matplotlib inline`, as a cell's last line."""

    def __init__(self, figsize, **options):
        super().__init__(figsize, DPI, **options)

    def _repr_png_(self):
        file = io.BytesIO()
        self.savefig(file, format="png", dpi="figure")
        return file.getvalue()


def axes_at(figure, place):
    """Adds axes at `place`: left, top, width and height in inches, from the upper left corner."""
    left, top, width, height = place
    across, down = figure.get_size_inches()
    bottom = down - top - height
    return figure.add_axes((left / across, bottom / down, width / across, height / down))


def write_above(axes, text, *, after=None, over=None, **style):
    """Writes a text above the left end of `axes`, or beside another text, and returns it.

    Args:
        axes: Matplotlib axes.
        text: The words.
        after: A result of this function, which the text follows.
        over: A result of this function, which the text is above.
        **style: Options of `axes.annotate`, such as `color` and `size`.
    """
    place = {"xycoords": "axes fraction", "xy": (0, 1), "xytext": (0, 6)}
    if after is not None:
        place = {"xycoords": after, "xy": (1, 0), "xytext": (12, 0)}
    elif over is not None:
        place = {"xycoords": over, "xy": (0, 1), "xytext": (0, 2)}
    offset = {"textcoords": "offset points", "annotation_clip": False, "va": "bottom"}
    return axes.annotate(text, **place, **offset, **style)


def soften(axes):
    """Draws two pale spines instead of a black box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=INK)
