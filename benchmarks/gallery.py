"""Draws what the presets make, as strips and on one page.

    python benchmarks/presets.py --run_dir=runs/zoo --output=...
    python benchmarks/gallery.py --run_dir=runs/zoo    # the strips of the runs there, and the page
    python benchmarks/gallery.py                       # the page alone, of the strips in gallery/

A strip is what the run with seed 0 makes of the first latents of seed 0, or, where there are
classes or codes, one image for each; nothing is chosen.
"""

import argparse
import pathlib

import numpy as np
from PIL import Image

from geans import experiment, plotting, presets
from geans.experiment import families

HERE = pathlib.Path(__file__).parent
STRIPS = HERE / "gallery"
PICTURE = HERE.parent / "docs" / "gallery.png"
IMAGES = 10


def strip(model):
    """uint8 images (n, height, width, 3 or 1) of a trained model."""
    _, codes = families.codes_in_turn(model, IMAGES)
    samples = model.sample(IMAGES, seed=0, **codes)
    return np.rint((np.clip(samples, -1, 1) + 1) * 127.5).astype("uint8")


def write_strips(run_dir):
    STRIPS.mkdir(exist_ok=True)
    for name in presets.names():
        folder = run_dir / f"{name}_0"
        if not (folder / "model.keras").is_file():
            continue
        model = experiment.load(folder)
        if len(model.generator.output_shape) == 4:
            canvas = np.concatenate(list(strip(model)), axis=1).squeeze()
            Image.fromarray(canvas).save(STRIPS / f"{name}.png", optimize=True)


def read_strips():
    """Dict from a preset's name to the images in its strip, squares side by side."""
    strips = {}
    for path in sorted(STRIPS.glob("*.png")):
        canvas = np.asarray(Image.open(path).convert("RGB"))
        side = canvas.shape[0]
        strips[path.stem] = np.stack(np.split(canvas, canvas.shape[1] // side, axis=1))
    return strips


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--run_dir", type=pathlib.Path, help="where benchmarks/presets.py left runs"
    )
    arguments = parser.parse_args()
    if arguments.run_dir:
        write_strips(arguments.run_dir)
    plotting.save(plotting.gallery(read_strips()), PICTURE)
    Image.open(PICTURE).convert("RGB").quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
