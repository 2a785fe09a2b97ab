"""Colours and sizes of all pictures."""

# Okabe and Ito's palette, which colour-blind readers can tell apart. Blue is the real data and
# the discriminator, vermilion the fakes and the generator that makes them.
BLUE, VERMILION = "#0072B2", "#D55E00"
ROLES = {"real": BLUE, "discriminator": BLUE, "fake": VERMILION, "generator": VERMILION}
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, PALE, MAGENTA = "#333333", "#C8C8C8", (255, 0, 255)

DPI = 128  # A power of two: a whole number of pixels is an exact number of inches.


def soften(axes):
    """Draws two pale spines instead of a black box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(PALE)
    axes.tick_params(color=PALE, labelcolor=INK)
