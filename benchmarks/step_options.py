"""Do reused fakes, or activations in bfloat16, change what a training gives?

    python benchmarks/step_options.py --data_dir=DIR --output=benchmarks/step_options.jsonl

Runs `geans compare` with each choice in turn, at equal seeds, and joins its rows. The points train
in alternating order, in which alone there is something to reuse. About 90 minutes on one core.
"""

import argparse
import json
import pathlib
import subprocess

from geans import report

SEEDS = "10,11,12"
STUDIES = {
    "reuse_fakes": (
        (("gan_ring", "10,11,12,13,14"), ("gan_grid", "10,11,12,13,14")),
        ("--order=alternating",),
        ("False", "True"),
    ),
    "reuse_fakes of images": (
        (("gan_fashion", SEEDS), ("dcgan", SEEDS)),
        (),
        ("False", "True"),
    ),
    "precision": (
        (("gan_fashion", SEEDS), ("dcgan", SEEDS), ("cgan", SEEDS)),
        (),
        ("float32", "bfloat16"),
    ),
}
"""Name of the flag, with presets and seeds, further flags, and the flag's values."""


def command(study, preset, seeds, value, run_dir, data_dir):
    """The `geans compare` of a preset."""
    option = f"--{study.partition(' ')[0]}={value}"
    flags = [f"--presets={preset}", f"--seeds={seeds}", option, *STUDIES[study][1]]
    return ["geans", "compare", *flags, f"--run_dir={run_dir}", f"--data_dir={data_dir}"]


def rows_of(run_dir, study, value):
    """The rows of a `geans compare`, with the option."""
    lines = (run_dir / "results.jsonl").read_text().splitlines()
    return [{"option": study.partition(" ")[0], "value": value} | json.loads(x) for x in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", help="prepared datasets of tensorflow-datasets")
    parser.add_argument("--runs", default="step_options", help="directory of the runs")
    parser.add_argument("--output", help="JSONL file to write")
    arguments = parser.parse_args()
    rows = []
    for study, (chosen, _, choices) in STUDIES.items():
        for preset, seeds in chosen:
            for value in choices:
                run_dir = pathlib.Path(arguments.runs, study.replace(" ", "_"), preset, value)
                given = (study, preset, seeds, value, run_dir, arguments.data_dir)
                subprocess.run(command(*given), check=True)
                rows += rows_of(run_dir, study, value)
                if arguments.output:
                    report.write_lines(rows, arguments.output)


if __name__ == "__main__":
    main()
