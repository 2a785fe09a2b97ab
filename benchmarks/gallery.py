"""Draws what the presets make, as strips and on one page.

    python benchmarks/presets.py --run_dir=runs/zoo --output=...
    python benchmarks/gallery.py --run_dir=runs/zoo    # the strips of the runs there, and the page
    python benchmarks/gallery.py                       # the page alone, of the strips in gallery/

A strip is what the run with seed 0 makes of the first latents of seed 0, or, where there are
classes or codes, one image for each; nothing is chosen. Of clips it is the frames of the first. Of
a translation it is five images, from everywhere in its test data, and what became of each; these
data are looked up in `--data_dir`.
"""

import argparse
import pathlib

import matplotlib.figure
import numpy as np
from PIL import Image

from geans import experiment, plotting, presets
from geans.experiment import families, translating
from geans.plotting.images import tile, to_rgb
from geans.plotting.style import DPI, INK

HERE = pathlib.Path(__file__).parent
STRIPS = HERE / "gallery"
PICTURE = HERE.parent / "docs" / "gallery.png"
IMAGES = 10
STRIP_PIXELS, TITLE_PIXELS, MARGIN_PIXELS = 640, 26, 10


def strip(model):
    """uint8 images (n, height, width, 3 or 1) of a trained model."""
    if len(model.generator.output_shape) == 5:
        return to_pixels(model.sample(1, seed=0)[0])
    _, codes = families.balanced_conditions(model, IMAGES)
    return to_pixels(model.sample(IMAGES, seed=0, **codes))


def translated(model, preset, data_dir):
    """Images and what a model makes of them, in turn: uint8 (n, height, width, 3)."""
    examples = experiment.Source.of(preset, data_dir).examples
    images = translating.spread(examples.first, IMAGES // 2)
    pairs = [(each + np.zeros(3)) for each in (images, model.translate(images))]
    return to_pixels(np.stack(pairs, axis=1).reshape((-1, *pairs[0].shape[1:])))


def to_pixels(images):
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype("uint8")


def write_strips(run_dir, data_dir):
    STRIPS.mkdir(exist_ok=True)
    for name in presets.names():
        folder = run_dir / f"{name}_0"
        if not (folder / "model.keras").is_file():
            continue
        model = experiment.load(folder)
        if experiment.Source.of(presets.get(name)).translates:
            images = translated(model, presets.get(name), data_dir)
        elif len(model.generator.output_shape) >= 4:
            images = strip(model)
        else:
            continue
        canvas = np.concatenate(list(images), axis=1).squeeze()
        Image.fromarray(canvas).save(STRIPS / f"{name}.png", optimize=True)


def read_strips():
    """Dict from a preset's name to the images in its strip, squares side by side."""
    strips = {}
    for path in sorted(STRIPS.glob("*.png")):
        canvas = np.asarray(Image.open(path).convert("RGB"))
        side = canvas.shape[0]
        strips[path.stem] = np.stack(np.split(canvas, canvas.shape[1] // side, axis=1))
    return strips


def gallery(strips, columns=2):
    """Returns a figure with a titled strip of images for each of several models.

    Args:
        strips: Dict from titles to images as in `plotting.image_grid`, each shown in one row of
            640 pixels.
        columns: Strips side by side.

    Raises:
        ValueError: If `strips` or one of them is empty, or `columns` is below 1.
    """
    if not strips or columns < 1:
        raise ValueError(
            "A gallery needs at least one strip and one column. "
            f"Received: {len(strips)} strips, columns={columns}."
        )
    canvases = {title: displayed(to_rgb(images)) for title, images in strips.items()}
    lines = [list(canvases.items())[i : i + columns] for i in range(0, len(canvases), columns)]
    heights = [max(height_of(canvas) for _, canvas in line) for line in lines]
    columns = min(columns, len(strips))
    width = columns * (STRIP_PIXELS + MARGIN_PIXELS) + MARGIN_PIXELS
    total = sum(height + TITLE_PIXELS + MARGIN_PIXELS for height in heights) + MARGIN_PIXELS
    figure = matplotlib.figure.Figure(figsize=(width / DPI, total / DPI), dpi=DPI)
    top = MARGIN_PIXELS
    for line, height in zip(lines, heights, strict=True):
        for column, (title, canvas) in enumerate(line):
            left = MARGIN_PIXELS + column * (STRIP_PIXELS + MARGIN_PIXELS)
            bottom = total - top - TITLE_PIXELS - height_of(canvas)
            box = (left / width, bottom / total, STRIP_PIXELS / width, height_of(canvas) / total)
            axes = figure.add_axes(box)
            axes.imshow(canvas, interpolation="antialiased", aspect="auto")
            axes.set_axis_off()
            axes.set_title(title, loc="left", fontsize=9, color=INK, pad=3)
        top += TITLE_PIXELS + height + MARGIN_PIXELS
    return figure


def displayed(pixels):
    # At display size, so that gaps have the same width in all strips.
    scale = max(1, STRIP_PIXELS // (len(pixels) * pixels.shape[2]))
    return tile(pixels.repeat(scale, axis=1).repeat(scale, axis=2), len(pixels))


def height_of(canvas):
    return int(np.ceil(canvas.shape[0] / canvas.shape[1] * STRIP_PIXELS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--run_dir", type=pathlib.Path, help="where benchmarks/presets.py left runs"
    )
    parser.add_argument("--data_dir", help="where the data of translations lie")
    arguments = parser.parse_args()
    if arguments.run_dir:
        write_strips(arguments.run_dir, arguments.data_dir)
    plotting.save(gallery(read_strips()), PICTURE)
    Image.open(PICTURE).convert("RGB").quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
