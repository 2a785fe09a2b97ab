"""geans sample: draw pictures or arrays from a run directory.

geans sample --run_dir=runs/gean_fashion --count=100 --seed=1 --output=garments.png
geans sample --run_dir=runs/gan_ring --count=2500 --output=points.npy
"""

import pathlib

from absl import flags


def define_flags(values):
    """Adds the command's flags to `values`."""
    flags.DEFINE_string("run_dir", None, "Directory of a run of geans train.", flag_values=values)
    flags.DEFINE_integer("count", 64, "Number of samples.", flag_values=values)
    flags.DEFINE_integer("seed", 0, "The same seed gives the same samples.", flag_values=values)
    flags.DEFINE_bool(
        "averaged", True, "Whether from the averaged generator or the live one.", flag_values=values
    )
    flags.DEFINE_string(
        "output",
        "samples.png",
        "A .png file for a picture, a .npy file for the float32 array.",
        flag_values=values,
    )


def run(values):
    """Draws, writes, and says where."""
    output = pathlib.Path(values.output)
    if values.run_dir is None:
        raise ValueError("Pass --run_dir, the directory of a run of geans train.")
    if output.suffix not in (".png", ".npy"):
        raise ValueError(f"--output must end in .png or .npy. Received: {output}.")

    import numpy as np

    from geans import experiment, plotting, presets

    model = experiment.load(values.run_dir)
    samples = model.sample(values.count, seed=values.seed, averaged=values.averaged)
    if output.suffix == ".npy":
        output.parent.mkdir(parents=True, exist_ok=True)
        np.save(output, samples)
    else:
        mixture = experiment.make_mixture(
            presets.read(pathlib.Path(values.run_dir) / "preset.json")
        )
        plotting.save(experiment.picture(samples, mixture), output)
    print(f"{values.count} samples: {output}")
