"""Draws faces of another style than those of the pretrained model `faces`, to train further on.

    npm install --prefix=DIR @dicebear/core@9.4.3 @dicebear/personas@9.4.3
    pip install resvg-py
    python benchmarks/personas.py --packages=DIR --output=DATA/personas_64.npz

2,500 faces of 64x64 pixels on white: `train` (1,000) and `test` (1,500) have no seed in common.
The design is "Personas by Draftbit" (CC BY 4.0), drawn by DiceBear (MIT).
"""

import argparse
import io
import json
import pathlib
import subprocess

import numpy as np
from PIL import Image

SIDE = 64
COUNTS = {"train": 1_000, "test": 1_500}
SCRIPT = """
import { createAvatar } from "@dicebear/core";
import * as personas from "@dicebear/personas";
const seeds = Array.from({ length: %d }, (_, i) => String(i));
const drawn = seeds.map((seed) => createAvatar(personas, { seed, size: %d }).toString());
process.stdout.write(JSON.stringify(drawn));
"""


def drawings(packages, count):
    """SVG texts of the faces."""
    command = ["node", "--input-type=module", "--eval", SCRIPT % (count, SIDE)]
    return json.loads(subprocess.run(command, cwd=packages, check=True, stdout=-1).stdout)


def pixels(drawing):
    """An SVG on white, uint8 (64, 64, 3)."""
    import resvg_py

    image = resvg_py.svg_to_bytes(svg_string=drawing, width=SIDE, height=SIDE)
    image = Image.open(io.BytesIO(bytes(image))).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image))[..., :3]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=pathlib.Path, required=True, help="npm's --prefix")
    parser.add_argument("--output", type=pathlib.Path, default="personas_64.npz")
    arguments = parser.parse_args()
    found = np.stack([pixels(each) for each in drawings(arguments.packages, sum(COUNTS.values()))])
    found, first = np.unique(found, axis=0, return_index=True)
    found = found[np.argsort(first)]
    train, test = COUNTS["train"], len(found) - COUNTS["train"]
    print(f"{train} and {test} faces, all different")
    np.savez_compressed(arguments.output, train=found[:train], test=found[train:])


if __name__ == "__main__":
    main()
