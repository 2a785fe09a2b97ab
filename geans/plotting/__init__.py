"""Pictures: image grids, clips, scatters, training curves, comparisons, animations.

Drawing functions return a `matplotlib.figure.Figure`, which a notebook shows as a cell's last line,
and do not use pyplot's state. `save`, `animation` and `clip_animation` write files.
"""

# Functions deliberately hide modules of the same name: `plotting.comparison(rows)`.
from geans.plotting.clips import clip_animation, clip_rows
from geans.plotting.comparison import ComparisonRow, comparison
from geans.plotting.curves import training_curves
from geans.plotting.files import animation, save
from geans.plotting.images import image_grid
from geans.plotting.neighbours import neighbours
from geans.plotting.points import scatter
from geans.plotting.style import BLUE, VERMILION

__all__ = [
    "BLUE",
    "VERMILION",
    "ComparisonRow",
    "animation",
    "clip_animation",
    "clip_rows",
    "comparison",
    "image_grid",
    "neighbours",
    "save",
    "scatter",
    "training_curves",
]
