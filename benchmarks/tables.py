"""Puts the benchmark files' tables into the README, between its `<!-- table: NAME -->` marks.

python benchmarks/tables.py            # rewrites README.md
python benchmarks/tables.py --check    # exits with 1 if it would change anything
"""

import argparse
import json
import pathlib
import re
import sys

from geans.cli import presets

HERE = pathlib.Path(__file__).parent
README = HERE.parent / "README.md"


def read(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def step_time():
    rows = read("step_time.jsonl")
    lines = ["| networks | rule | ms per step | ratio to GAN |", "|---|---|---|---|"]
    for row in rows:
        cells = (row["networks"], row["rule"], row["milliseconds_per_step"], row["ratio_to_gan"])
        lines.append("| {} | {} | {:.1f} | {:.2f} |".format(*cells))
    first = rows[0]
    lines.append(
        f"\nBatches of {first['batch_size']}, {first['rounds']} rounds; TensorFlow "
        f"{first['tensorflow']}, Keras {first['keras']}, Python {first['python']}, "
        f"{first['machine']}; shared machine."
    )
    return "\n".join(lines)


def preset_runs():
    lines = [
        "| preset | seed | result | updates | samples | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for row in sorted(read("presets.jsonl"), key=lambda row: (row["preset"], row["seed"])):
        lines.append(
            f"| `{row['preset']}` | {row['seed']} | {result(row)} | {row['updates']:,} | "
            f"{row['samples']:,} | {row['seconds']:.0f} |"
        )
    return "\n".join(lines)


def result(row):
    if "modes" not in row:
        return f"samples {row['distance_ratio']:.2f} times as far apart as real images"
    return (
        f"{row['modes']} modes, {row['good_fraction']:.1%} good, reverse KL {row['reverse_kl']:.4f}"
    )


TABLES = {"presets": presets.markdown, "preset_runs": preset_runs, "step_time": step_time}


def fill(text):
    for name, table in TABLES.items():
        pattern = rf"(<!-- table: {name} -->\n).*?(<!-- end -->)"
        text, found = re.subn(pattern, rf"\g<1>\n{table()}\n\n\g<2>", text, flags=re.DOTALL)
        if found != 1:
            sys.exit(f"README.md has {found} places for the table {name!r}; it needs one.")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before = README.read_text()
    after = fill(before)
    if arguments.check:
        sys.exit(int(after != before))
    README.write_text(after)


if __name__ == "__main__":
    main()
